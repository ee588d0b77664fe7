import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createDueQueue } from './due-queue.ts'

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

function setup(delayMs: number) {
  const released: { item: string; time: number }[] = []
  const queue = createDueQueue<string>({
    delayMs,
    now: Date.now,
    release: (item) => released.push({ item, time: Date.now() }),
  })
  return { queue, released }
}

test('releases a record when its delay is over, never early, and not long after', async () => {
  const { queue, released } = setup(5000)
  queue.push('a', Date.now() - 2000)
  await vi.advanceTimersByTimeAsync(2999)
  expect(released).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(released).toEqual([{ item: 'a', time: 1_003_000 }])
  expect(queue.length).toBe(0)
})

test('releases at once what is due when it comes', () => {
  const { queue, released } = setup(5000)
  queue.push('a', Date.now() - 5000)
  queue.push('b', Date.now() - 9000)
  expect(released.map(({ item }) => item)).toEqual(['a', 'b'])
  expect(vi.getTimerCount()).toBe(0)
})

test('a timestamp in the future waits no longer than the delay', async () => {
  const { queue, released } = setup(5000)
  queue.push('a', Date.now() + 3_600_000)
  await vi.advanceTimersByTimeAsync(5000)
  expect(released).toHaveLength(1)
})

test('a clock that is set back does not release early', async () => {
  const { queue, released } = setup(5000)
  queue.push('a', Date.now())
  vi.setSystemTime(Date.now() - 10_000)
  await vi.advanceTimersByTimeAsync(14_999)
  expect(released).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(released).toHaveLength(1)
})

test('what was forgotten is not released, and leaves no timer', async () => {
  const { queue, released } = setup(5000)
  queue.push('a', Date.now())
  queue.clear()
  expect(vi.getTimerCount()).toBe(0)
  queue.push('b', Date.now())
  await vi.advanceTimersByTimeAsync(5000)
  expect(released.map(({ item }) => item)).toEqual(['b'])
})

test('keeps the order, with one timer, and releases each when the last before it is due and it is itself', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 1000 }),
      fc.array(fc.record({ wait: fc.nat(400), age: fc.nat(1500) }), { minLength: 1, maxLength: 20 }),
      async (delayMs, arrivals) => {
        vi.setSystemTime(1_000_000)
        const { queue, released } = setup(delayMs)
        const due: number[] = []
        for (const { wait, age } of arrivals) {
          await vi.advanceTimersByTimeAsync(wait)
          const own = Date.now() - age + delayMs
          due.push(Math.max(Date.now(), own, due.at(-1) ?? 0))
          queue.push(`${due.length - 1}`, Date.now() - age)
          expect(vi.getTimerCount()).toBeLessThanOrEqual(1)
        }
        await vi.advanceTimersByTimeAsync(delayMs)
        expect(released).toEqual(due.map((time, index) => ({ item: `${index}`, time })))
      },
    ),
    { numRuns: 50 },
  )
})
