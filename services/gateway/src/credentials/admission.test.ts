import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAdmission, UNLIMITED } from './admission.ts'

function setup(limits: Parameters<typeof createAdmission>[0]) {
  let at = 5000
  const admission = createAdmission(limits, () => at)
  return { ...admission, wait: (ms: number) => (at += ms) }
}

test('a burst is taken at once, then as many as there is time for', () => {
  const { takeEvents, wait } = setup({ eventsPerSecond: 10, burst: 20 })
  expect(takeEvents(25)).toBe(20)
  expect(takeEvents(1)).toBe(0)
  wait(100)
  expect(takeEvents(5)).toBe(1)
  wait(60_000)
  expect(takeEvents(100)).toBe(20)
})

test('without a burst it is what one second brings', () => {
  expect(setup({ eventsPerSecond: 7 }).takeEvents(100)).toBe(7)
})

test('how long to wait is known, and enough', () => {
  const { takeEvents, secondsUntil, wait } = setup({ eventsPerSecond: 4, burst: 8 })
  takeEvents(8)
  expect(secondsUntil(2)).toBe(0.5)
  expect(secondsUntil(1000)).toBe(2)
  wait(500)
  expect(takeEvents(2)).toBe(2)
})

test('never more than the burst and the rate together', () => {
  const step = fc.record({ ask: fc.nat(50), wait: fc.nat(2000) })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(step),
      (rate, burst, steps) => {
        const { takeEvents, wait } = setup({ eventsPerSecond: rate, burst })
        let taken = 0
        let waited = 0
        for (const { ask, wait: ms } of steps) {
          wait(ms)
          waited += ms
          const now = takeEvents(ask)
          expect(now).toBeLessThanOrEqual(ask)
          taken += now
          expect(taken).toBeLessThanOrEqual(burst + (waited / 1000) * rate + 1e-6)
        }
      },
    ),
  )
})

test('requests are counted until they are over', () => {
  const { beginRequest, endRequest, limitsRequests } = setup({ concurrentRequests: 2 })
  expect([limitsRequests, beginRequest(), beginRequest(), beginRequest()]).toEqual([true, true, true, false])
  endRequest()
  expect([beginRequest(), beginRequest()]).toEqual([true, false])
})

test('who has no limits is not counted', () => {
  expect(UNLIMITED.takeEvents(1e9)).toBe(1e9)
  expect(UNLIMITED.limitsRequests).toBe(false)
})

test('limits and what is left of them are said as RateLimit fields', () => {
  const limits = { eventsPerSecond: 4, burst: 10, concurrentRequests: 2 }
  const { policy, remaining, takeEvents, beginRequest, wait } = setup(limits)
  expect(policy).toBe('"events";q=10;qu="events";w=3, "requests";q=2;qu="concurrent-requests"')
  expect(remaining()).toBe('"events";r=10, "requests";r=2')
  takeEvents(7)
  beginRequest()
  expect(remaining()).toBe('"events";r=3;t=1, "requests";r=1')
  takeEvents(100)
  beginRequest()
  beginRequest()
  expect(remaining()).toBe('"events";r=0;t=1, "requests";r=0')
  wait(1000)
  expect(remaining()).toBe('"events";r=4;t=1, "requests";r=0')
})

test('only the limits that there are are said', () => {
  expect(setup({ eventsPerSecond: 100 }).policy).toBe('"events";q=100;qu="events";w=1')
  expect(setup({ concurrentRequests: 3 }).remaining()).toBe('"requests";r=3')
  expect(UNLIMITED.policy).toBeUndefined()
})
