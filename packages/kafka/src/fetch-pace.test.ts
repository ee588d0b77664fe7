import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFetchPace } from './fetch-pace.ts'

describe('the pace of fetching', () => {
  test('is short while timers are on time', () => {
    const pace = createFetchPace()
    for (let n = 0; n < 100; n++) pace.ended(n % 2)
    expect(pace.next()).toBe(4)
  })

  test('slows down on a busy machine, and recovers', () => {
    const pace = createFetchPace()
    for (let n = 0; n < 30; n++) pace.ended(4)
    expect(pace.next()).toBeGreaterThan(12)
    for (let n = 0; n < 30; n++) pace.ended(0.5)
    expect(pace.next()).toBe(4)
  })

  test('hardly minds one late timer', () => {
    const pace = createFetchPace()
    pace.ended(10)
    expect(pace.next()).toBeLessThan(6)
  })

  test('stays within its bounds, whatever the clock says', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true })), (lateness) => {
        const pace = createFetchPace()
        for (const late of lateness) {
          pace.ended(late)
          expect(pace.next()).toBeGreaterThanOrEqual(4)
          expect(pace.next()).toBeLessThanOrEqual(20)
        }
      }),
    )
  })
})
