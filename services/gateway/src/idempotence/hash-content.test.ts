import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashContent } from './hash-content.ts'

function hashOf(value: unknown): string {
  const hash = { a: 0, b: 0 }
  hashContent(value, hash)
  return `${hash.a} ${hash.b}`
}

/** The same JSON, the members of each object in another order. */
function reverseMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverseMembers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reverseMembers(member)]),
  )
}

const json = fc.json({ maxDepth: 4 }).map((text) => JSON.parse(text) as unknown)

test('the order of members does not count, and nothing else of how it was written', () => {
  fc.assert(fc.property(json, (value) => hashOf(reverseMembers(value)) === hashOf(value)))
  expect(hashOf(JSON.parse('[-0, 1e2, "\\u0061"]'))).toBe(hashOf([0, 100, 'a']))
})

test('other JSON has another hash', () => {
  fc.assert(
    fc.property(json, json, (one, other) => {
      fc.pre(!isDeepStrictEqual(one, other))
      // JSON.parse tells -0 from 0, JSON does not.
      fc.pre(JSON.stringify(one) !== JSON.stringify(other))
      return hashOf(one) !== hashOf(other)
    }),
  )
})

test.each([
  [1, '1'],
  [null, false],
  [[], {}],
  [
    [[1], 2],
    [1, [2]],
  ],
  [{ a: null }, {}],
  [
    { a: { b: 1 }, c: { d: 2 } },
    { a: { d: 2 }, c: { b: 1 } },
  ],
  [
    { a: 1, b: 2 },
    { a: 2, b: 1 },
  ],
  [
    ['ab', 'c'],
    ['a', 'bc'],
  ],
  [0.1, 0.2],
])('%j is not %j', (one, other) => expect(hashOf(one)).not.toBe(hashOf(other)))

test('many small contents have as many hashes, in either half nearly so', () => {
  const whole = new Set<string>()
  const halves = [new Set<number>(), new Set<number>()]
  const hash = { a: 0, b: 0 }
  for (let i = 0; i < 200_000; i++) {
    hashContent({ type: 't', data: { n: i, m: i % 7 } }, hash)
    whole.add(`${hash.a} ${hash.b}`)
    halves[0]!.add(hash.a)
    halves[1]!.add(hash.b)
  }
  expect(whole.size).toBe(200_000)
  // By chance 5 share one of 2^32.
  for (const half of halves) expect(half.size).toBeGreaterThan(199_950)
})
