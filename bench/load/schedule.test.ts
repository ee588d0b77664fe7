import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dueTimes } from './schedule.ts'

test('the first is due at the start, all before the end, at equal distances', () => {
  expect([...dueTimes(5_000_000, 6_000_000, 4)]).toEqual([5_000_000, 5_250_000, 5_500_000, 5_750_000])
})

test('any rate: as many as fit, and no distance differs from another by more than a microsecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 4 }), (perSecond, seconds) => {
      const due = dueTimes(0, seconds * 1_000_000, perSecond)
      expect(due.length).toBe(perSecond * seconds)
      for (let n = 1; n < due.length; n++) {
        expect(Math.abs(due[n]! - due[n - 1]! - 1_000_000 / perSecond)).toBeLessThanOrEqual(1)
      }
      expect(due.at(-1)).toBeLessThan(seconds * 1_000_000)
    }),
    { numRuns: 20 },
  )
})
