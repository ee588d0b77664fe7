import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createOffsetTracker, type Tracked } from './offset-tracker.ts'

describe('createOffsetTracker', () => {
  test('agrees with a set of unfinished offsets, whatever the holes and the order of finishing', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), gap: fc.nat(3), times: fc.nat(60), bytes: fc.nat(99) }),
      fc.record({ kind: fc.constant('finish' as const), which: fc.nat(), times: fc.nat(80) }),
      fc.record({ kind: fc.constant('finishOldest' as const), times: fc.nat(80) }),
      fc.record({ kind: fc.constant('advance' as const), gap: fc.nat(5), back: fc.nat(4) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.nat(1000), (steps, start) => {
        const tracker = createOffsetTracker<Tracked>()
        const unfinished = new Map<number, Tracked>()
        const added: Tracked[] = []
        let end = -1
        for (const step of steps) {
          if (step.kind === 'add') {
            for (let time = 0; time < step.times; time++) {
              const item = { offset: Math.max(end, start) + step.gap, bytes: step.bytes, finished: false }
              tracker.add(item)
              added.push(item)
              unfinished.set(item.offset, item)
              end = item.offset + 1
            }
          } else if (step.kind === 'advance') {
            tracker.advance(Math.max(end, start) + step.gap - step.back)
            end = Math.max(end, Math.max(end, start) + step.gap - step.back)
          } else {
            for (let time = 0; time < step.times && added.length > 0; time++) {
              const oldest = unfinished.values().next().value
              const item =
                step.kind === 'finishOldest' ? oldest : added[(step.which + time * 7) % added.length]
              if (!item) break
              tracker.finish(item)
              unfinished.delete(item.offset)
            }
          }
          const lowest = unfinished.values().next().value
          expect(tracker.committable()).toBe(lowest?.offset ?? end)
          expect(tracker.oldest()).toBe(lowest)
          expect(tracker.end).toBe(end)
          expect(tracker.unfinished).toBe(unfinished.size)
          let bytes = 0
          for (const item of unfinished.values()) bytes += item.bytes
          expect(tracker.unfinishedBytes).toBe(bytes)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('knows nothing to commit before the first record', () => {
    const tracker = createOffsetTracker<Tracked>()
    expect(tracker.committable()).toBe(-1)
    tracker.advance(7)
    expect(tracker.committable()).toBe(7)
  })

  test('lets go of what is finished, also behind a record that takes long', async () => {
    const tracker = createOffsetTracker<Tracked>()
    const slow = { offset: 0, bytes: 1, finished: false }
    tracker.add(slow)
    const kept: WeakRef<Tracked>[] = []
    for (let offset = 1; offset <= 2000; offset++) {
      const item = { offset, bytes: 1, finished: false }
      tracker.add(item)
      tracker.finish(item)
      kept.push(new WeakRef(item))
    }
    await collectGarbage()
    expect(kept.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(200)
    expect(tracker.committable()).toBe(0)
    tracker.finish(slow)
    expect(tracker.committable()).toBe(2001)
  })
})

async function collectGarbage(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  // A weak reference that was made in this turn holds until its end.
  await new Promise((resolve) => setImmediate(resolve))
  runInNewContext('gc')()
}
