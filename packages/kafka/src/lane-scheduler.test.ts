import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLaneScheduler, type LaneShare } from './lane-scheduler.ts'

const NEVER = Number.POSITIVE_INFINITY
const shares: LaneShare[] = [
  { weight: 16, maxWaitMs: 100 },
  { weight: 4, maxWaitMs: 500 },
  { weight: 1, maxWaitMs: 1000 },
]
const full = { length: 1 }
const empty = { length: 0 }
const weights = fc.array(fc.integer({ min: 1, max: 32 }), { minLength: 2, maxLength: 5 })

describe('createLaneScheduler', () => {
  test('serves full lanes by their weights: within one pick over a round, within 5 % over ten', () => {
    fc.assert(
      fc.property(weights, fc.nat(200), (list, skip) => {
        const scheduler = createLaneScheduler(list.map((weight) => ({ weight, maxWaitMs: NEVER })))
        const waiting = list.map(() => full)
        const round = list.reduce((sum, weight) => sum + weight, 0)
        for (let pick = 0; pick < skip; pick++) scheduler.pick(waiting, 0)
        for (const rounds of [1, 10]) {
          const served = list.map(() => 0)
          for (let pick = 0; pick < round * rounds; pick++) served[scheduler.pick(waiting, 0)]!++
          list.forEach((weight, lane) => {
            const due = weight * rounds
            expect(Math.abs(served[lane]! - due)).toBeLessThanOrEqual(
              rounds === 1 ? 1 : Math.max(1, 0.05 * due),
            )
          })
        }
      }),
    )
  })

  test('spreads the picks of a heavy lane: nobody waits for a bunch of them', () => {
    const scheduler = createLaneScheduler(shares)
    const picks = Array.from({ length: 21 * 20 }, () => scheduler.pick([full, full, full], 0))
    const longest = (lane: number) =>
      Math.max(
        ...picks
          .join('')
          .split(String(lane))
          .slice(1, -1)
          .map((gap) => gap.length),
      )
    expect(longest(0)).toBeLessThanOrEqual(2)
    expect(longest(1)).toBeLessThanOrEqual(6)
    expect(longest(2)).toBeLessThanOrEqual(21)
  })

  test('leaves no lane with work unserved beyond its bound and one pick for each other lane', () => {
    const step = fc.record({
      ms: fc.integer({ min: 0, max: 60 }),
      work: fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }),
    })
    const lane = fc.record({
      weight: fc.integer({ min: 1, max: 1000 }),
      maxWaitMs: fc.integer({ min: 1, max: 400 }),
    })
    fc.assert(
      fc.property(
        fc.array(lane, { minLength: 4, maxLength: 4 }),
        fc.array(step, { minLength: 50, maxLength: 400 }),
        (lanes, steps) => {
          const scheduler = createLaneScheduler(lanes)
          const backlog = lanes.map(() => ({ length: 0 }))
          const since = lanes.map(() => Number.NaN)
          const picksOverdue = lanes.map(() => 0)
          let time = 0
          for (const { ms, work } of steps) {
            time += ms
            backlog.forEach((queue, at) => {
              queue.length += work[at]!
              if (queue.length === 0) since[at] = Number.NaN
              else if (Number.isNaN(since[at])) since[at] = time
            })
            const picked = scheduler.pick(backlog, time)
            if (picked === -1) {
              expect(backlog.every((queue) => queue.length === 0)).toBe(true)
              continue
            }
            expect(backlog[picked]!.length).toBeGreaterThan(0)
            lanes.forEach(({ maxWaitMs }, at) => {
              const overdue = time - since[at]! >= maxWaitMs
              picksOverdue[at] = overdue && at !== picked ? picksOverdue[at]! + 1 : 0
              expect(picksOverdue[at]).toBeLessThan(lanes.length)
            })
            backlog[picked]!.length--
            since[picked] = time
          }
        },
      ),
    )
  })

  test('gives an overdue lane one pick, then the shares again', () => {
    const scheduler = createLaneScheduler([
      { weight: 1000, maxWaitMs: NEVER },
      { weight: 1, maxWaitMs: 100 },
    ])
    const lanes = [full, full]
    expect(scheduler.pick(lanes, 0)).toBe(0)
    expect(scheduler.pick(lanes, 99)).toBe(0)
    expect([100, 100, 100, 199].map((time) => scheduler.pick(lanes, time))).toEqual([1, 0, 0, 0])
    expect(scheduler.pick(lanes, 200)).toBe(1)
  })

  test('goes back to the shares at once after a time when every pick was overdue', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 3000 }), fc.integer({ min: 1, max: 3000 }), (ms, slowPicks) => {
        const scheduler = createLaneScheduler(shares)
        const lanes = [full, full, full]
        for (let pick = 0; pick < slowPicks; pick++) scheduler.pick(lanes, pick * ms)
        const served = [0, 0, 0]
        for (let pick = 0; pick < 2100; pick++) served[scheduler.pick(lanes, slowPicks * ms)]!++
        for (const [lane, due] of [1600, 400, 100].entries()) {
          expect(Math.abs(served[lane]! - due)).toBeLessThanOrEqual(0.05 * due)
        }
      }),
    )
  })

  test('lets an idle lane save nothing: it comes back as if it had never been there', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 9 }), (idlePicks, weight) => {
        const fresh = () =>
          createLaneScheduler([
            { weight: 10, maxWaitMs: NEVER },
            { weight, maxWaitMs: NEVER },
          ])
        const scheduler = fresh()
        const served = Array.from({ length: idlePicks }, (_, pick) => scheduler.pick([full, empty], pick))
        expect(served).toEqual(served.map(() => 0))
        const newcomer = fresh()
        const picks = (of: typeof scheduler) =>
          Array.from({ length: 40 }, () => of.pick([full, full], idlePicks))
        expect(picks(scheduler)).toEqual(picks(newcomer))
      }),
    )
  })

  test('serves high as if low were not there, however long the backlog of low and however old', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 100_000 }), (age, length) => {
        const scheduler = createLaneScheduler(shares)
        // One pick every 10 ms; low alone for a while, then high arrives.
        let time = 0
        for (; time < Math.min(age, 5000); time += 10) scheduler.pick([empty, empty, { length }], time)
        time += age
        let before = 0
        while (scheduler.pick([full, empty, { length }], time) !== 0) before++
        expect(before).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('picks nothing when no lane has work', () => {
    const scheduler = createLaneScheduler(shares)
    expect(scheduler.pick([full, empty, full], 10)).toBe(0)
    expect(scheduler.pick([empty, empty, empty], 20)).toBe(-1)
  })
})
