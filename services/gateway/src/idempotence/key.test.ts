import fc from 'fast-check'
import { expect, test } from 'vitest'
import { idsFromKey, parseIdempotencyKey } from './key.ts'

test.each([
  ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['"a \\"b\\" \\\\"', 'a "b" \\'],
  ['x'.repeat(256), 'x'.repeat(256)],
  ['x'.repeat(257), undefined],
  ['""', undefined],
  ['', undefined],
  ['"open', undefined],
  ['a b', undefined],
  // What Node makes of a header that came twice.
  ['a, b', undefined],
  ['"a", "b"', undefined],
  ['"ä"', undefined],
])('the header %j holds the key %j', (header, key) => expect(parseIdempotencyKey(header)).toBe(key))

test('ids are those of key and index, and of nothing else', () => {
  const key = fc.string({ minLength: 1 })
  fc.assert(
    fc.property(key, key, fc.nat(), fc.nat(), (one, other, i, j) => {
      expect(idsFromKey(one)(i) === idsFromKey(other)(j)).toBe(one === other && i === j)
    }),
  )
})
