import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findExcess } from './find-excess.ts'

const bytes = (text: string) => Buffer.from(text)

test('nesting up to the limit passes, one more does not', () => {
  expect(findExcess(bytes('[[[]]]'), 3, 10)).toBeUndefined()
  expect(findExcess(bytes('[[[[]]]]'), 3, 10)).toBe('depth')
  expect(findExcess(bytes('{"a":[{"b":{}}]}'), 3, 10)).toBe('depth')
})

test('siblings do not add up to depth, but to values', () => {
  expect(findExcess(bytes('[[],[],[],{},{}]'), 2, 10)).toBeUndefined()
  expect(findExcess(bytes('[[],[],[],{},{}]'), 2, 9)).toBe('values')
  expect(findExcess(bytes('{"a":1,"b":2,"c":3}'), 2, 3)).toBeUndefined()
  expect(findExcess(bytes('{"a":1,"b":2,"c":3}'), 2, 2)).toBe('values')
})

test('what is inside strings does not count, whatever is escaped before it', () => {
  expect(findExcess(bytes(String.raw`["[[[", "\"[[[", "\\\"{{{", "ü[[["]`), 1, 4)).toBeUndefined()
  expect(findExcess(bytes(String.raw`["\\",[]]`), 1, 10)).toBe('depth')
  expect(findExcess(bytes(String.raw`["\",,,,,"]`), 1, 1)).toBeUndefined()
})

test('agrees with the depth and the number of values of what is parsed, for any JSON', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 8 }),
      fc.integer({ min: 0, max: 8 }),
      fc.nat({ max: 20 }),
      (value, maxDepth, maxValues) => {
        const excess = findExcess(bytes(JSON.stringify(value)), maxDepth, maxValues)
        if (depthOf(value) > maxDepth) expect(excess).toBe('depth')
        else if (excess === 'values') expect(2 * countOf(value)).toBeGreaterThan(maxValues)
        else expect(countOf(value)).toBeLessThanOrEqual(2 * maxValues + 1)
      },
    ),
  )
})

test('a string may have two mebibytes', () => {
  const string = (length: number) => bytes(`[1,"${'x'.repeat(length)}"]`)
  expect(findExcess(string(2 ** 21 - 1), 1, 10)).toBeUndefined()
  expect(findExcess(string(2 ** 21), 1, 10)).toBe('text')
})

test('text that ends inside a string is read without a fault', () => {
  expect(findExcess(bytes('["abc\\'), 1, 10)).toBeUndefined()
})

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

/** Everything inside, and itself. */
function countOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return 1 + Object.values(value).reduce((sum: number, member) => sum + countOf(member), 0)
}
