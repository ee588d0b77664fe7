import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byteLength, encodeEvent } from './encode-event.ts'

test('an event is written with what was said of it, and nothing else', () => {
  const text = encodeEvent(
    'order-placed',
    'i',
    '2026-11-24T12:30:00Z',
    { a: 1 },
    { subject: 's', source: '/x' },
  )
  expect(JSON.parse(text)).toEqual({
    type: 'order-placed',
    id: 'i',
    source: '/x',
    time: '2026-11-24T12:30:00Z',
    subject: 's',
    data: { a: 1 },
  })
})

test.each([
  ['undefined', undefined],
  ['a function', () => {}],
  ['a bigint', { a: 1n }],
])('data that JSON does not know is refused: %s', (_, data) => {
  expect(() => encodeEvent('t', 'i', 'now', data, {})).toThrow(expect.objectContaining({ code: 'not-json' }))
})

test('bytes are counted as UTF-8 has them', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '"', '\u0001', 'é', '€', '😀', '\ud800') }),
      (text) => {
        const json = JSON.stringify(text)
        expect(byteLength(json)).toBe(Buffer.byteLength(json))
      },
    ),
  )
})
