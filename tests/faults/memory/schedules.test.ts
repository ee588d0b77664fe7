import type { KafkaClient } from '@sluice/kafka'
import { describe, expect, test } from 'vitest'
import { closeBooks } from '../books/close-books.ts'
import type { History } from '../books/history.ts'
import { runSchedule, type Step } from './run-schedule.ts'
import { playSchedules } from './schedules.ts'

describe('on the memory broker', () => {
  test('no schedule of faults loses, doubles or swaps an event', { timeout: 120_000 }, async () => {
    const { failed, totals } = await playSchedules({ seed: 20_261_124, count: 150 })
    expect(failed?.verdict.violations ?? [], JSON.stringify(failed?.schedule)).toEqual([])
    expect(totals.handled).toBeGreaterThan(1000)
    expect(totals.repeats.outputs).toBeGreaterThan(0)
  })

  test('K1: a partition that the answer leaves out is sent again', async () => {
    const history = await play([
      { do: 'fail', partition: 3, count: 2, fault: 'unknown-not-stored' },
      { do: 'fail', partition: 4, count: 1, fault: 'leader-moved' },
      { do: 'send', count: 40 },
    ])
    expect(closeBooks(history).totals.repeats.inputs).toBe(0)
  })

  test('K2: a write that lands after its timeout is doubled, never lost and never swapped', async () => {
    const history = await play([
      { do: 'hold', partition: 3, ms: 60 },
      { do: 'hold', partition: 4, ms: 60 },
      { do: 'hold', partition: 5, ms: 60 },
      { do: 'send', count: 20 },
      { do: 'send', count: 20 },
    ])
    expect(history.answers.some(({ status }) => status === 'unknown')).toBe(true)
    expect(closeBooks(history).totals.repeats.inputs).toBeGreaterThan(0)
  })

  test('K9: what a crashed consumer had in hand is handled by the next one', async () => {
    await play([
      { do: 'send', count: 30 },
      { do: 'wait', turns: 4 },
      { do: 'crash' },
      { do: 'wait', turns: 4 },
      { do: 'crash' },
    ])
  })

  test('K16: outputs of a partition that wait hold up no other partition', async () => {
    const history = await play([
      { do: 'hold', partition: 6, ms: 150 },
      { do: 'send', count: 60 },
    ])
    const waiting = history.records.filter(
      ({ topic, partition }) => topic === 'events.stock-reserved.normal' && partition === 0,
    )
    const others = history.records.filter(
      ({ topic, partition }) => topic === 'events.stock-reserved.normal' && partition !== 0,
    )
    const released = Math.min(...waiting.map(({ timestamp }) => timestamp))
    expect(others.filter(({ timestamp }) => timestamp < released).length).toBeGreaterThan(20)
  })

  test('K18: what is too large for one record batch is stored in several', async () => {
    const history = await runSchedule(
      { seed: 1, window: 0, steps: [{ do: 'send', count: 60 }] },
      { maxBatchBytes: 2000 },
    )
    expect(closeBooks(history).violations).toEqual([])
    expect(closeBooks(history).totals.accepted).toBeGreaterThan(40)
  })
})

describe('the schedules find', () => {
  test('a client that calls stored what it left out (K1)', { timeout: 60_000 }, async () => {
    const { failed } = await playSchedules({ seed: 1, count: 200, spoil: believeEverything })
    // An accepted event that is not there, or an output of one: whichever the schedule leaves out first.
    const found = failed?.verdict.violations.map(({ invariant }) => invariant)
    expect(found?.some((invariant) => invariant === 'I1' || invariant === 'I4')).toBe(true)
  })

  test('a consumer that commits what it was handed before it is handled', { timeout: 60_000 }, async () => {
    const { failed } = await playSchedules({ seed: 1, count: 200, spoil: commitAtOnce })
    expect(failed?.verdict.violations.map(({ invariant }) => invariant)).toContain('I10')
  })
})

async function play(steps: readonly Step[]): Promise<History> {
  const history = await runSchedule({ seed: 7, window: 20_000, steps })
  expect(closeBooks(history).violations).toEqual([])
  return history
}

function believeEverything(client: KafkaClient): KafkaClient {
  return {
    ...client,
    producer(options) {
      const producer = client.producer(options)
      return {
        ...producer,
        produce: async (batches) => {
          const outcomes = await producer.produce(batches)
          return outcomes.map((outcome) => (outcome.status === 'unknown' ? { status: 'stored' } : outcome))
        },
      }
    },
  }
}

function commitAtOnce(client: KafkaClient): KafkaClient {
  return {
    ...client,
    consumer(options) {
      const consumer = client.consumer(options)
      return {
        ...consumer,
        start: (listener) =>
          consumer.start({
            ...listener,
            records(at, records, end, highWatermark) {
              listener.records(at, records, end, highWatermark)
              consumer.commit([{ ...at, offset: end }]).catch(() => {})
            },
          }),
      }
    },
  }
}
