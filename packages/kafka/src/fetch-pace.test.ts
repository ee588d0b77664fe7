import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFetchPace } from './fetch-pace.ts'

const start = (idle = 1) => createFetchPace({ longestMs: 20, idle: () => idle })

describe('the pace of fetching', () => {
  test('is short while timers are on time', () => {
    const pace = start()
    for (let n = 0; n < 100; n++) pace.ended(n % 2)
    expect(pace.next()).toBe(4)
  })

  test('slows down on a busy machine, and recovers', () => {
    const pace = start()
    for (let n = 0; n < 30; n++) pace.ended(4)
    expect(pace.next()).toBeGreaterThan(12)
    for (let n = 0; n < 30; n++) pace.ended(0.5)
    expect(pace.next()).toBe(4)
  })

  test('is as long as it may be where no processor is idle, and short where some are', () => {
    expect([1, 0.15, 0.09, 0.03, 0].map((idle) => Math.round(start(idle).next()))).toEqual([4, 4, 12, 20, 20])
  })

  test('looks at the machine by itself', () => {
    const { next } = createFetchPace({ longestMs: 8 })
    expect(next()).toBeGreaterThanOrEqual(4)
    expect(next()).toBeLessThanOrEqual(8)
  })

  test('hardly minds one late timer', () => {
    const pace = start()
    pace.ended(10)
    expect(pace.next()).toBeLessThan(6)
  })

  test('stays within its bounds, whatever the clock says', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true })), (lateness) => {
        const pace = start()
        for (const late of lateness) {
          pace.ended(late)
          expect(pace.next()).toBeGreaterThanOrEqual(4)
          expect(pace.next()).toBeLessThanOrEqual(20)
        }
      }),
    )
  })
})
