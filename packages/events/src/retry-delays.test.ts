import { expect, test } from 'vitest'
import { RETRY_DELAYS, retryDelayMs } from './retry-delays.ts'

test.each([
  ['1ms', 1],
  ['500ms', 500],
  ['5s', 5000],
  ['1m', 60_000],
  ['10m', 600_000],
  ['168h', 604_800_000],
])('%s is %d ms', (delay, ms) => {
  expect(retryDelayMs(delay)).toBe(ms)
})

test.each(['', '5', 's', '0s', '-1s', '1.5s', '5 s', '05s', '5S', '5d', '169h', '1000000ms'])(
  '"%s" is no delay',
  (delay) => {
    expect(retryDelayMs(delay)).toBeNaN()
  },
)

test('the default ones are delays', () => {
  expect(RETRY_DELAYS.map(retryDelayMs)).toEqual([5000, 60_000, 600_000])
})
