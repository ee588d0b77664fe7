import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createKeyGate, type Keyed } from './key-gate.ts'

type Item = Keyed & { readonly id: string }

/** What an owner does: a queue per lane, items that come out of `leave` go to the front of theirs. */
function createOwner(lanes: number) {
  const gate = createKeyGate<Item>()
  const queues: Item[][] = Array.from({ length: lanes }, () => [])
  const running: Item[] = []
  const started: Item[] = []
  let sequence = 0

  function leave(item: Item): void {
    const next = gate.leave(item)
    if (next) queues[next.lane]!.unshift(next)
  }

  return {
    gate,
    running,
    started,
    queued: () => queues.flat().length,
    arrive(key: string, lane: number) {
      const item = { key, lane, sequence, id: `${key}${sequence}` }
      sequence++
      queues[lane]!.push(item)
    },
    pick(lane: number, slow: boolean) {
      const item = queues[lane]!.shift()
      if (!item || !gate.enter(item)) return
      if (running.some(({ key }) => key === item.key)) throw new Error(`Two of ${item.key} run at a time.`)
      started.push(item)
      if (slow) {
        gate.hold(item)
        running.push(item)
      } else leave(item)
    },
    finish(which: number) {
      const [item] = running.splice(which % Math.max(1, running.length), 1)
      if (item) leave(item)
    },
    abandon() {
      for (const queue of queues) queue.length = 0
      gate.clearParked()
    },
  }
}

describe('createKeyGate', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('arrive' as const),
      key: fc.constantFrom('a', 'a', 'a', 'b'),
      lane: fc.nat(1),
    }),
    fc.record({ kind: fc.constant('pick' as const), lane: fc.nat(1), slow: fc.boolean() }),
    fc.record({ kind: fc.constant('finish' as const), which: fc.nat(5) }),
  )

  test('runs one of a key at a time, in order of arrival in each lane, and forgets nobody', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
        const owner = createOwner(3)
        let arrived = 0
        for (const step of steps) {
          if (step.kind === 'arrive') {
            owner.arrive(step.key, step.lane)
            arrived++
          } else if (step.kind === 'pick') owner.pick(step.lane, step.slow)
          else owner.finish(step.which)
          expect(owner.started.length + owner.queued() + owner.gate.parked).toBe(arrived)
        }
        while (owner.queued() > 0 || owner.running.length > 0) {
          for (const lane of [0, 1, 2]) owner.pick(lane, false)
          owner.finish(0)
        }
        expect(owner.gate.parked).toBe(0)
        expect(owner.started.length).toBe(arrived)
        const ways = Object.values(Object.groupBy(owner.started, ({ key, lane }) => `${key} ${lane}`))
        for (const way of ways) expect(way).toEqual(way?.toSorted((a, b) => a.sequence - b.sequence))
      }),
      { numRuns: 3000 },
    )
  })

  test('keeps the order when one of the key enters while another is on its way back', () => {
    const owner = createOwner(2)
    for (let i = 0; i < 3; i++) owner.arrive('k', 1)
    owner.pick(1, true)
    owner.pick(1, true)
    owner.pick(1, true)
    owner.finish(0)
    owner.arrive('k', 0)
    owner.pick(0, false)
    owner.pick(1, false)
    owner.pick(1, false)
    expect(owner.started.map(({ id }) => id)).toEqual(['k0', 'k3', 'k1', 'k2'])
  })

  test('lets the more urgent lane of a key go first, however many of it wait in another', () => {
    const owner = createOwner(2)
    for (let i = 0; i < 50; i++) owner.arrive('k', 1)
    for (let i = 0; i < 50; i++) owner.pick(1, true)
    owner.arrive('k', 0)
    owner.pick(0, true)
    owner.finish(0)
    owner.pick(0, true)
    expect(owner.started.at(-1)!.id).toBe('k50')
  })

  test('lets other keys pass by', () => {
    const owner = createOwner(1)
    for (const key of ['a', 'a', 'b']) owner.arrive(key, 0)
    for (let i = 0; i < 3; i++) owner.pick(0, true)
    expect(owner.running.map(({ id }) => id)).toEqual(['a0', 'b2'])
  })

  test('forgets what is parked when told to, but not who is running', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.array(step, { maxLength: 40 }), (before, after) => {
        const owner = createOwner(3)
        const take = (step: (typeof before)[number]) => {
          if (step.kind === 'arrive') owner.arrive(step.key, step.lane)
          else if (step.kind === 'pick') owner.pick(step.lane, step.slow)
          else owner.finish(step.which)
        }
        before.forEach(take)
        owner.abandon()
        expect(owner.gate.parked).toBe(0)
        const done = owner.started.length
        after.forEach(take)
        while (owner.queued() > 0 || owner.running.length > 0) {
          for (const lane of [0, 1, 2]) owner.pick(lane, false)
          owner.finish(0)
        }
        expect(owner.started.length - done).toBe(after.filter(({ kind }) => kind === 'arrive').length)
      }),
    )
  })
})
