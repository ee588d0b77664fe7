import { expect, it } from 'vitest'
import { instantText, parseInstant } from './instant.ts'

const NOW = Date.UTC(2026, 10, 24, 12)

it.each([
  ['90s', NOW - 90_000],
  ['2h', NOW - 7_200_000],
  ['7d', NOW - 604_800_000],
  ['2026-11-24', Date.UTC(2026, 10, 24)],
  ['2026-11-24T10:30', Date.UTC(2026, 10, 24, 10, 30)],
  ['2026-11-24 10:30:01.5Z', Date.UTC(2026, 10, 24, 10, 30, 1, 500)],
  ['2026-11-24T10:30+02:00', Date.UTC(2026, 10, 24, 8, 30)],
  ['', undefined],
  ['2', undefined],
  ['2w', undefined],
  ['-2h', undefined],
  ['2026-13-01', undefined],
  ['2026', undefined],
  ['now', undefined],
  ['999999999d', undefined],
])('"%s" is a time, or none', (text, instant) => {
  expect(parseInstant(text, NOW)).toBe(instant)
})

it('a time is written as it is read, also where it is longer ago than years have four digits', () => {
  expect(parseInstant(instantText(NOW + 1), NOW)).toBe(NOW + 1)
  expect(parseInstant(instantText(parseInstant('9999999d', NOW)!), NOW)).toBe(0)
})
