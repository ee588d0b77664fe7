import { LANES, type Lane } from '@sluice/events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createEstimateDrain, lateOf } from './estimate-drain.ts'

/** A lane with one partition that is looked at every 5 s. */
function setup() {
  const estimate = createEstimateDrain()
  let at = 1000
  return (committed: number, end: number) => {
    at += 5000
    return estimate({ at, committed: [committed], ends: [end] })
  }
}

test('nothing is known at first, unless nothing waits', () => {
  expect(setup()(0, 500)).toBeUndefined()
  expect(setup()(500, 500)).toBe(0)
})

test('a service that is behind needs its lag by its rate', () => {
  const see = setup()
  see(0, 10_000)
  expect(see(500, 11_000)).toBe((11_000 - 500) / 100)
  expect(see(1500, 12_000)).toBe((12_000 - 1500) / 150)
})

test('a rate is that of the last minute', () => {
  const see = setup()
  for (let sighting = 0; sighting < 40; sighting++) see(sighting, 1e6)
  for (let sighting = 1; sighting < 12; sighting++) see(39 + sighting * 100, 1e6)
  expect(see(39 + 1200, 1e6)).toBe((1e6 - 1239) / 20)
})

test('a service that keeps up is never late, however few events there are', () => {
  const see = setup()
  let done = 0
  for (let sighting = 0; sighting < 100; sighting++) {
    // One is always just under way.
    const estimate = see(done, done + 1)
    if (sighting > 0) expect(estimate).toBe(0)
    if (sighting % 3 === 0) done++
    else done += 2
  }
})

test('a service that stands is expected to stand as long again, and then to be as fast as before', () => {
  const see = setup()
  see(0, 10_000)
  expect(see(500, 10_000)).toBe(95)
  expect(see(500, 10_000)).toBe(5 + 95)
  for (let more = 0; more < 20; more++) see(500, 10_000)
  expect(see(500, 10_000)).toBe(22 * 5 + 95)
})

test('one that was never seen to move is late by how long it stands', () => {
  const see = setup()
  see(0, 10)
  for (let sighting = 1; sighting <= 20; sighting++) expect(see(0, 10)).toBe(sighting * 5)
  expect(see(10, 10)).toBe(0)
})

test('one partition that stands does not pass for one that is idle', () => {
  const estimate = createEstimateDrain()
  estimate({ at: 0, committed: [0, 0], ends: [100, 100] })
  expect(estimate({ at: 5000, committed: [100, 0], ends: [100, 100] })).toBe(5)
})

test('what makes no sense is known anew: a topic that was made again, offsets that were put back', () => {
  const see = setup()
  see(0, 100)
  see(50, 100)
  expect(see(0, 80)).toBeUndefined()
  expect(see(40, 80)).toBe(5)
  const estimate = createEstimateDrain()
  estimate({ at: 0, committed: [0], ends: [9] })
  expect(estimate({ at: 5000, committed: [0, 0], ends: [9, 9] })).toBeUndefined()
})

test('an estimate is never negative, and 0 when nothing waits', () => {
  const step = fc.record({ arrived: fc.nat(1000), done: fc.nat(1000) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const see = setup()
      let [committed, end] = [0, 0]
      for (const { arrived, done } of steps) {
        end += arrived
        committed = Math.min(end, committed + done)
        const estimate = see(committed, end)
        if (estimate !== undefined) expect(estimate).toBeGreaterThanOrEqual(0)
        if (committed === end) expect(estimate).toBe(0)
      }
    }),
  )
})

test('low is late first and high last', () => {
  const late = (lane: Lane, drain: number) => lateOf(lane, [drain], 100, 5) !== undefined
  expect(LANES.map((lane) => late(lane, 51))).toEqual([false, false, true])
  expect(LANES.map((lane) => late(lane, 76))).toEqual([false, true, true])
  expect(LANES.map((lane) => late(lane, 101))).toEqual([true, true, true])
})

test('no lane is late before the less urgent ones, whatever the estimates', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { minLength: 3, maxLength: 3 }), fc.nat(1000), (estimates, budget) => {
      const late = LANES.map(
        (lane, rank) => lateOf(lane, estimates.slice(0, rank + 1), budget, 5) !== undefined,
      )
      expect(late).toEqual(late.toSorted())
    }),
  )
})

test('what is late says for how long at least, and at most a minute', () => {
  expect(lateOf('high', [100.2], 100, 5)).toEqual({ drainSeconds: 101, budgetSeconds: 100, retryAfter: 5 })
  expect(lateOf('high', [130], 100, 5)).toMatchObject({ retryAfter: 30 })
  expect(lateOf('low', [9000], 100, 5)).toEqual({ drainSeconds: 9000, budgetSeconds: 50, retryAfter: 60 })
  expect(lateOf('high', [], 100, 5)).toBeUndefined()
})
