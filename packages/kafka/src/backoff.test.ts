import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs } from './backoff.ts'

describe('backoffMs', () => {
  const options = fc.record({
    baseMs: fc.integer({ min: 0, max: 10_000 }),
    maxMs: fc.integer({ min: 0, max: 100_000 }),
  })
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

  test('stays between zero and the doubled base, and never above the maximum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), options, random, (attempt, { baseMs, maxMs }, share) => {
        const wait = backoffMs(attempt, { baseMs, maxMs }, () => share)
        let bound = baseMs
        for (let doubled = 1; doubled < attempt && bound > 0 && bound < maxMs; doubled++) bound *= 2
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(Math.min(bound, maxMs))
        expect(wait).toBeCloseTo(share * Math.min(bound, maxMs), 6)
      }),
    )
  })

  test('waits up to the base after the first attempt and twice as long after each one that follows', () => {
    const longest = [1, 2, 3, 4, 5].map((attempt) =>
      backoffMs(attempt, { baseMs: 100, maxMs: 1000 }, () => 1),
    )
    expect(longest).toEqual([100, 200, 400, 800, 1000])
  })
})
