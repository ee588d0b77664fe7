import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { PublishOutcome, PublishRecord, Receipt } from './publisher.ts'
import { createRefusedOutputs } from './refused-outputs.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const STORED: PublishOutcome = { status: 'stored' }
const DENIED: PublishOutcome = { status: 'failed', reason: 'not-authorised', detail: 'no right to write' }
const TOO_LARGE: PublishOutcome = { status: 'failed', reason: 'too-large', detail: 'too large' }

/** A line in front of a Kafka that answers each record as `answer` says. */
function setup(answer: (value: string) => PublishOutcome) {
  const stored: string[] = []
  const tried: string[] = []
  const told: string[] = []
  const left: string[] = []
  const refusals: { tries: number; detail: string }[] = []
  const owners = new Map<string, Receipt>()
  const refused = createRefusedOutputs<Receipt>({
    publisher: {
      publish({ value }: PublishRecord, receipt: Receipt, index: number) {
        tried.push(String(value))
        setTimeout(() => {
          const outcome = answer(String(value))
          if (outcome.status === 'stored') stored.push(String(value))
          receipt.settled(index, outcome)
        }, 5)
      },
    },
    refused: (_output, tries, detail) => void refusals.push({ tries, detail }),
    left: (owner) => void left.push([...owners].find(([, one]) => one === owner)![0]),
    random: () => 1,
  })
  const outputOf = (value: string, partition = 0) => ({
    lane: 'low',
    topic: 'dlq',
    partition,
    key: null,
    value,
  })
  return {
    refused,
    stored,
    tried,
    told,
    left,
    refusals,
    outputOf,
    add(value: string, outcome?: PublishOutcome, partition = 0) {
      const owner: Receipt = { settled: () => void told.push(value) }
      owners.set(value, owner)
      refused.add(owner, 0, outputOf(value, partition), outcome)
    },
  }
}

test('the first goes alone after a wait, the others follow when it was stored, each owner is told once', async () => {
  const { refused, add, stored, tried, told, outputOf } = setup(() => STORED)
  add('a', DENIED)
  add('b')
  add('c')
  expect(refused.holds(outputOf('x'))).toBe(true)
  expect(refused.holds(outputOf('x', 1))).toBe(false)
  await vi.advanceTimersByTimeAsync(500)
  expect(tried).toEqual(['a'])
  await vi.advanceTimersByTimeAsync(10)
  expect(stored).toEqual(['a', 'b', 'c'])
  expect(told).toEqual(['a', 'b', 'c'])
  expect(refused.length).toBe(0)
  expect(refused.holds(outputOf('x'))).toBe(false)
})

test('while it is refused, only the first is tried, with growing waits that have a bound', async () => {
  const { refused, add, tried, refusals } = setup(() => DENIED)
  add('a', DENIED)
  add('b', DENIED)
  await vi.advanceTimersByTimeAsync(500 + 1000 + 2000 + 4000 + 20)
  expect(tried).toEqual(['a', 'a', 'a', 'a'])
  await vi.advanceTimersByTimeAsync(10 * 60_000)
  expect(tried.length).toBe(4 + 2 + 19)
  expect(refusals.slice(0, 3).map(({ tries }) => tries)).toEqual([1, 2, 3])
  expect(refused.length).toBe(2)
})

test('one that is too large keeps nobody waiting', async () => {
  const { add, stored, refused } = setup((value) => (value === 'huge' ? TOO_LARGE : STORED))
  add('huge', TOO_LARGE)
  add('a', DENIED)
  add('b')
  await vi.advanceTimersByTimeAsync(510)
  expect(stored).toEqual(['a', 'b'])
  expect(refused.length).toBe(1)
})

test('each partition has a line of its own', async () => {
  const { add, stored } = setup((value) => (value === 'a' ? DENIED : STORED))
  add('a', DENIED, 0)
  add('b', DENIED, 1)
  await vi.advanceTimersByTimeAsync(510)
  expect(stored).toEqual(['b'])
})

test('at the stop, whoever waits is told, whoever is on the way is told when it fails, and no timer is left', async () => {
  const { refused, add, left, told } = setup((value) => (value === 'a' ? DENIED : STORED))
  add('a', DENIED, 0)
  add('b', DENIED, 0)
  add('c', DENIED, 1)
  await vi.advanceTimersByTimeAsync(500)
  refused.stop()
  expect(left).toEqual(['b'])
  add('d', DENIED, 1)
  await vi.advanceTimersByTimeAsync(10)
  expect(left).toEqual(['b', 'd', 'a'])
  expect(told).toEqual(['c'])
  expect(vi.getTimerCount()).toBe(0)
})

test('whatever Kafka answers, what it takes in the end is stored once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 4000 }), { maxLength: 20 }),
      async (arrivals, turns) => {
        vi.clearAllTimers()
        // The right to write comes and goes.
        let allowed = false
        let turn = 0
        function turnTo(right: boolean): () => void {
          return () => {
            allowed = right
          }
        }
        for (const [index, after] of turns.entries()) {
          turn += after
          setTimeout(turnTo(index % 2 === 0), turn)
        }
        setTimeout(turnTo(true), turn + 1)
        const { refused, add, stored, outputOf } = setup(() => (allowed ? STORED : DENIED))
        const expected: string[] = []
        arrivals
          .toSorted((one, other) => one - other)
          .forEach((at, index) => {
            setTimeout(() => {
              // As the lane consumer does: only what has no line before it is tried at once.
              const value = String(index)
              expected.push(value)
              add(value, refused.holds(outputOf(value)) ? undefined : DENIED)
            }, at)
          })
        await vi.advanceTimersByTimeAsync(60 * 60_000)
        expect(stored).toEqual(expected)
        expect(refused.length).toBe(0)
      },
    ),
    { numRuns: 50 },
  )
})
