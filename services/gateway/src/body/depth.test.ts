import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isDeeperThan } from './depth.ts'

const bytes = (text: string) => Buffer.from(text)

test('nesting up to the limit passes, one more does not', () => {
  expect(isDeeperThan(3, bytes('[[[]]]'))).toBe(false)
  expect(isDeeperThan(3, bytes('[[[[]]]]'))).toBe(true)
  expect(isDeeperThan(3, bytes('{"a":[{"b":{}}]}'))).toBe(true)
})

test('siblings do not add up', () => {
  expect(isDeeperThan(2, bytes('[[],[],[],{},{}]'))).toBe(false)
})

test('brackets inside strings do not count, whatever is escaped before them', () => {
  expect(isDeeperThan(1, bytes(String.raw`["[[[", "\"[[[", "\\\"{{{", "ü[[["]`))).toBe(false)
  expect(isDeeperThan(1, bytes(String.raw`["\\",[]]`))).toBe(true)
})

test('agrees with the depth of the parsed value, for any JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.integer({ min: 0, max: 8 }), (value, limit) => {
      expect(isDeeperThan(limit, bytes(JSON.stringify(value)))).toBe(depthOf(value) > limit)
    }),
  )
})

test('text that ends inside a string is read without a fault', () => {
  expect(isDeeperThan(1, bytes('["abc\\'))).toBe(false)
})

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}
