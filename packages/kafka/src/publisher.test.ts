import { createLogger, createMetrics } from '@sluice/telemetry'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { KafkaClient, ProduceBatch, ProduceOutcome, Producer } from './port.ts'
import {
  createPublisher,
  type PublisherOptions,
  type PublishOutcome,
  type PublishRecord,
} from './publisher.ts'

const metrics = createMetrics('publisher-test')
const log = createLogger({ service: 'publisher-test', level: 'silent' })

const STORED: ProduceOutcome = { status: 'stored' }
const UNKNOWN: ProduceOutcome = { status: 'unknown', detail: 'no answer' }
const AWAY: ProduceOutcome = { status: 'failed', reason: 'unavailable', retriable: true, detail: 'no leader' }
const GONE: ProduceOutcome = { ...AWAY, detail: 'connection refused', unreached: true }
const CUT_OFF: ProduceOutcome = { ...UNKNOWN, detail: 'connection closed', unreached: true }
const DENIED: ProduceOutcome = {
  status: 'failed',
  reason: 'not-authorised',
  retriable: false,
  detail: 'denied',
}
const TOO_LARGE: ProduceOutcome = {
  status: 'failed',
  reason: 'too-large',
  retriable: false,
  detail: 'too large',
}

// Time is faked whole: the sweep, the backoff and the publisher's clock move only when a test says so.
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Lets everything happen that needs no time. */
const turn = () => vi.advanceTimersByTimeAsync(0)

type Request = {
  readonly producer: string
  readonly batches: readonly ProduceBatch[]
  /** One outcome for all, or one per batch. */
  answer(...outcomes: ProduceOutcome[]): Promise<unknown>
}

function start(options: Partial<PublisherOptions> = {}) {
  const open: Request[] = []
  const closed: string[] = []
  const client = {
    producer: ({ name }: { name: string }): Producer => ({
      produce(batches) {
        const { promise, resolve } = Promise.withResolvers<readonly ProduceOutcome[]>()
        const request: Request = {
          producer: name,
          batches,
          answer(...outcomes) {
            open.splice(open.indexOf(request), 1)
            resolve(outcomes.length === 1 ? batches.map(() => outcomes[0]!) : outcomes)
            return turn()
          },
        }
        open.push(request)
        return promise
      },
      async close() {
        closed.push(name)
      },
    }),
  } as Partial<KafkaClient> as KafkaClient
  const publisher = createPublisher({
    client,
    lanes: ['high', 'normal', 'low'],
    deliveryTimeoutMs: Number.POSITIVE_INFINITY,
    maxBufferBytes: Number.POSITIVE_INFINITY,
    metrics,
    log,
    backoff: { baseMs: 100, maxMs: 100 },
    now: () => Date.now(),
    random: () => 0.5,
    ...options,
  })
  const outcomes = new Map<string, PublishOutcome>()
  const receipts = new Map<string, { settled(index: number, outcome: PublishOutcome): void }>()
  let count = 0

  /** Publishes under a name, which is also the value. */
  function publish(name: string, fields: Partial<PublishRecord> & { receipt?: string } = {}) {
    const { receipt: receiptName = 'only', ...rest } = fields
    const receipt = receipts.get(receiptName) ?? {
      settled: (index: number, outcome: PublishOutcome) => tell(index, outcome),
    }
    receipts.set(receiptName, receipt)
    names[count] = name
    publisher.publish(
      { lane: 'high', topic: 't', partition: 0, key: name, value: name, ...rest },
      receipt,
      count++,
    )
  }
  const names: string[] = []
  function tell(index: number, outcome: PublishOutcome) {
    const name = names[index]!
    if (outcomes.has(name)) throw new Error(`${name} was settled twice.`)
    outcomes.set(name, outcome)
  }

  return { publisher, open, closed, publish, status: (name: string) => outcomes.get(name)?.status, outcomes }
}

/** The values of a request, by batch. */
const values = (request: Request | undefined) =>
  request?.batches.map(({ records }) => records.map(({ value }) => String(value)))

describe('createPublisher: group commit', () => {
  test('what comes soon after a request of a lane waits for more, unless the lane is the most urgent', async () => {
    const { open, publish } = start()
    for (const lane of ['high', 'normal']) publish(`${lane} 1`, { lane })
    await turn()
    await open[0]!.answer(STORED)
    await open[0]!.answer(STORED)
    for (const lane of ['high', 'normal']) publish(`${lane} 2`, { lane })
    await turn()
    expect(open.map(({ batches }) => batches[0]!.records[0]!.value)).toEqual(['high 2'])
    await vi.advanceTimersByTimeAsync(3)
    publish('normal 3', { lane: 'normal' })
    await vi.advanceTimersByTimeAsync(3)
    expect(open[1]!.batches[0]!.records.map(({ value }) => value)).toEqual(['normal 2', 'normal 3'])
    // Alone again, it leaves at once.
    await open[1]!.answer(STORED)
    await vi.advanceTimersByTimeAsync(10)
    publish('normal 4', { lane: 'normal' })
    await turn()
    expect(open[1]!.batches[0]!.records.map(({ value }) => value)).toEqual(['normal 4'])
  })

  test('sends one event alone at once, and what arrives meanwhile together as the next request', async () => {
    const { publish, open, status } = start()
    publish('a')
    await turn()
    expect(open.map(values)).toEqual([[['a']]])
    publish('b')
    await turn()
    publish('c', { partition: 1 })
    publish('d')
    await turn()
    expect(open.length).toBe(1)
    expect(status('a')).toBeUndefined()
    await open[0]!.answer(STORED)
    expect(status('a')).toBe('stored')
    expect(open.map(values)).toEqual([[['b', 'd'], ['c']]])
    await open[0]!.answer(STORED)
    expect([status('b'), status('c'), status('d')]).toEqual(['stored', 'stored', 'stored'])
    expect(open).toEqual([])
  })

  test('sends together what was published in one turn of the event loop', async () => {
    const { publish, open } = start()
    for (const name of ['a', 'b', 'c']) publish(name)
    await turn()
    expect(open.map(values)).toEqual([[['a', 'b', 'c']]])
  })

  test('lets no lane wait for another, and gives the first a producer of its own', async () => {
    const { publish, open } = start()
    for (const lane of ['low', 'normal', 'high']) publish(lane, { lane })
    await turn()
    expect(open.map(({ producer, batches }) => [producer, batches[0]!.records[0]!.value])).toEqual([
      ['others', 'low'],
      ['others', 'normal'],
      ['urgent', 'high'],
    ])
    publish('high 2')
    await open[2]!.answer(STORED)
    expect(open.map(values)).toEqual([[['low']], [['normal']], [['high 2']]])
  })

  test('refuses a lane that it does not have', () => {
    const { publish } = start()
    expect(() => publish('a', { lane: 'none' })).toThrow(TypeError)
  })

  test('keeps batches under 900 KiB, headers included, unless one record alone is larger (K18)', async () => {
    const kib = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 300, max: 1000 }))
    const record = fc.record({ value: kib, header: fc.oneof(fc.constant(0), kib), partition: fc.nat(2) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 60 }),
        fc.constantFrom(STORED, AWAY),
        async (records, first) => {
          const { publish, open, publisher } = start()
          records.forEach(({ value, header, partition }, index) => {
            const headers = header > 0 ? { headers: { h: [Buffer.alloc(header * 1024), 'x'] } } : {}
            publish(String(index), { value: Buffer.alloc(value * 1024), partition, ...headers })
          })
          let answer = first
          while (publisher.pending > 0) {
            await vi.advanceTimersByTimeAsync(100)
            for (const request of [...open]) {
              for (const { records } of request.batches) {
                const bytes = records.reduce((sum, { value, headers }) => {
                  const held = headers?.['h'] as [Buffer, string] | undefined
                  return sum + value!.length + (held ? held[0].length : 0)
                }, 0)
                if (records.length > 1) expect(bytes).toBeLessThanOrEqual(900 * 1024)
              }
              await request.answer(answer)
            }
            answer = STORED
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('createPublisher: failures', () => {
  test('sends a failed partition again alone, with what follows it behind, while the others go on', async () => {
    const { publish, open, status } = start()
    publish('a0')
    publish('b0', { partition: 1 })
    await turn()
    await open[0]!.answer(AWAY, STORED)
    expect(status('b0')).toBe('stored')
    expect(open.map(values)).toEqual([[['a0']]])
    publish('a1')
    publish('b1', { partition: 1 })
    await turn()
    expect(open.map(values)).toEqual([[['a0']], [['b1']]])
    await open[1]!.answer(STORED)
    await open[0]!.answer(AWAY)
    expect(open).toEqual([])
    await vi.advanceTimersByTimeAsync(49)
    expect(open).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(open.map(values)).toEqual([[['a0']]])
    publish('b2', { partition: 1 })
    await turn()
    expect(open.map(values)).toEqual([[['a0']], [['b2']]])
    await open[0]!.answer(STORED)
    expect([status('a0'), status('a1')]).toEqual(['stored', undefined])
    expect(open.map(values)).toEqual([[['b2']], [['a1']]])
    await open[1]!.answer(STORED)
    expect(status('a1')).toBe('stored')
  })

  test('goes back to the common way when the partition is well again', async () => {
    const { publish, open } = start()
    publish('a0')
    await turn()
    await open[0]!.answer(AWAY)
    await vi.advanceTimersByTimeAsync(50)
    await open[0]!.answer(STORED)
    publish('a1')
    publish('b1', { partition: 1 })
    await turn()
    expect(open.map(values)).toEqual([[['a1'], ['b1']]])
  })

  test('tries a batch once by itself before a failure in company counts', async () => {
    const { publish, open, status } = start()
    publish('a')
    publish('b', { topic: 'missing' })
    await turn()
    await open[0]!.answer(DENIED, DENIED)
    expect(open.map(values)).toEqual([[['a']], [['b']]])
    await open[0]!.answer(STORED)
    await open[0]!.answer(DENIED)
    expect([status('a'), status('b')]).toEqual(['stored', 'failed'])
  })

  test('fails only the one of a batch that is too large', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.nat(), async (count, place) => {
        const { publish, open, status, publisher } = start()
        const large = place % count
        for (let index = 0; index < count; index++) publish(String(index))
        let requests = 0
        while (publisher.pending > 0) {
          await turn()
          for (const request of [...open]) {
            requests++
            const tooLarge = values(request)!.flat().includes(String(large))
            await request.answer(tooLarge ? TOO_LARGE : STORED)
          }
        }
        const wanted = Array.from({ length: count }, (_, index) => (index === large ? 'failed' : 'stored'))
        expect(wanted.map((_, index) => status(String(index)))).toEqual(wanted)
        // Halving, where what was cut off joins what waits behind it.
        expect(requests).toBeLessThanOrEqual((Math.ceil(Math.log2(count)) + 2) ** 2)
      }),
      { numRuns: 60 },
    )
  })

  test('does not send what follows a failed event of its key and receipt, and of no other', async () => {
    const { publish, open, outcomes, status } = start()
    publish('a', { key: 'k', receipt: 'one' })
    await turn()
    publish('same', { key: 'k', receipt: 'one' })
    publish('other key', { key: 'l', receipt: 'one' })
    publish('other receipt', { key: 'k', receipt: 'two' })
    publish('other topic', { key: 'k', receipt: 'one', topic: 'u' })
    await open[0]!.answer(DENIED)
    expect(outcomes.get('a')).toMatchObject({ status: 'failed', reason: 'not-authorised' })
    expect(outcomes.get('same')).toMatchObject({ status: 'failed', reason: 'after-failed' })
    expect(open.map(values)).toEqual([[['other key', 'other receipt'], ['other topic']]])
    await open[0]!.answer(STORED)
    expect(['other key', 'other receipt', 'other topic'].map(status)).toEqual(['stored', 'stored', 'stored'])
  })
})

describe('createPublisher: the deadline', () => {
  const timed = (options: Partial<PublisherOptions> = {}) => start({ deliveryTimeoutMs: 1000, ...options })

  test('says unknown of what was on its way and failed of what was never sent', async () => {
    const { publish, open, outcomes, status } = timed()
    publish('sent', { key: 'a' })
    await turn()
    publish('waiting', { key: 'b' })
    await vi.advanceTimersByTimeAsync(900)
    expect(status('sent')).toBeUndefined()
    await vi.advanceTimersByTimeAsync(200)
    expect(status('sent')).toBe('unknown')
    expect(outcomes.get('waiting')).toMatchObject({ status: 'failed', reason: 'unavailable' })
    await open[0]!.answer(STORED)
    expect(status('sent')).toBe('unknown')
    expect(open).toEqual([])
  })

  test('says failed where every attempt was certainly refused, unknown where one was not', async () => {
    const { publish, open, status } = timed()
    publish('refused')
    publish('doubtful', { partition: 1 })
    await turn()
    await open[0]!.answer(AWAY, UNKNOWN)
    for (let waited = 0; waited < 1500; waited += 50) {
      for (const request of [...open]) await request.answer(AWAY)
      await vi.advanceTimersByTimeAsync(50)
    }
    expect([status('refused'), status('doubtful')]).toEqual(['failed', 'unknown'])
    expect(open).toEqual([])
  })

  test('goes on sending what is not late, after what is', async () => {
    const { publish, open, status } = timed()
    publish('a')
    await turn()
    await open[0]!.answer(AWAY)
    await vi.advanceTimersByTimeAsync(800)
    publish('b')
    while (status('a') === undefined) {
      for (const request of [...open]) await request.answer(AWAY)
      await vi.advanceTimersByTimeAsync(50)
    }
    for (const request of [...open]) await request.answer(AWAY)
    await vi.advanceTimersByTimeAsync(50)
    expect(status('a')).toBe('failed')
    expect(open.map(values)).toEqual([[['b']]])
    await open[0]!.answer(STORED)
    expect(status('b')).toBe('stored')
  })

  test('does not send again what follows a late one of its key and receipt in the same batch', async () => {
    const { publish, open, status, outcomes } = timed({
      backoff: { baseMs: 4000, maxMs: 4000 },
      random: () => 0.05,
    })
    publish('first', { partition: 1 })
    await turn()
    publish('a', { key: 'k', receipt: 'one' })
    await vi.advanceTimersByTimeAsync(300)
    publish('b', { key: 'k', receipt: 'one' })
    publish('c', { key: 'k', receipt: 'two' })
    await open[0]!.answer(STORED)
    expect(open.map(values)).toEqual([[['a', 'b', 'c']]])
    await vi.advanceTimersByTimeAsync(600)
    await open[0]!.answer(AWAY)
    await vi.advanceTimersByTimeAsync(250)
    expect(status('a')).toBe('failed')
    expect(outcomes.get('b')).toMatchObject({ status: 'failed', reason: 'after-failed' })
    expect(open.map(values)).toEqual([[['c']]])
  })

  test('blames nobody for a large one that ran out of time beside it', async () => {
    const { publish, open, status } = timed()
    publish('first', { partition: 1 })
    await turn()
    publish('large')
    await vi.advanceTimersByTimeAsync(600)
    publish('small')
    await open[0]!.answer(STORED)
    await vi.advanceTimersByTimeAsync(500)
    expect([status('large'), status('small')]).toEqual(['unknown', undefined])
    await open[0]!.answer(TOO_LARGE)
    expect(open.map(values)).toEqual([[['small']]])
    await open[0]!.answer(STORED)
    expect(status('small')).toBe('stored')
  })

  test('forgets late events while Kafka does not answer: the memory they held is free', async () => {
    const { publish, open, publisher } = timed({ maxBufferBytes: 10_000 })
    publish('stuck')
    await turn()
    const ref = (() => {
      const value = Buffer.alloc(100)
      publish('late', { value })
      return new WeakRef(value)
    })()
    await vi.advanceTimersByTimeAsync(1100)
    expect(publisher.pending).toBe(0)
    await collectGarbage()
    expect(ref.deref()).toBeUndefined()
    expect(open.length).toBe(1)
  })

  test('waits for ever where there is no limit', async () => {
    const { publish, open, status } = start()
    publish('a')
    await turn()
    for (let attempt = 0; attempt < 3000; attempt++) {
      await open[0]!.answer(AWAY)
      await vi.advanceTimersByTimeAsync(50)
    }
    expect(status('a')).toBeUndefined()
    await open[0]!.answer(STORED)
    expect(status('a')).toBe('stored')
  })
})

describe('createPublisher: while Kafka cannot be reached', () => {
  const timed = (options: Partial<PublisherOptions> = {}) =>
    start({ deliveryTimeoutMs: 5000, unreachableTimeoutMs: 800, ...options })

  test('answers within a second, truthfully, and refuses more for the partition at once', async () => {
    const { publish, open, outcomes, status } = timed()
    publish('sent')
    publish('never sent', { partition: 1 })
    await turn()
    await open[0]!.answer(CUT_OFF, GONE)
    publish('more')
    expect(outcomes.get('more')).toMatchObject({ status: 'failed', reason: 'unavailable' })
    for (let waited = 0; waited < 1000; waited += 50) {
      for (const request of [...open]) await request.answer(GONE)
      await vi.advanceTimersByTimeAsync(50)
    }
    expect([status('sent'), status('never sent')]).toEqual(['unknown', 'failed'])
  })

  test('tries the next record when the one before has run out of time, and goes on when Kafka is back', async () => {
    const { publish, open, status } = timed()
    publish('first')
    await turn()
    while (status('first') === undefined) {
      for (const request of [...open]) await request.answer(GONE)
      await vi.advanceTimersByTimeAsync(50)
    }
    for (const request of [...open]) await request.answer(GONE)
    publish('second')
    await turn()
    await open[0]!.answer(STORED)
    publish('third')
    await turn()
    await open[0]!.answer(STORED)
    expect([status('second'), status('third')]).toEqual(['stored', 'stored'])
  })

  test('keeps nobody waiting behind a connection that is not made', async () => {
    const { publish, open, status } = timed()
    publish('first')
    await turn()
    await open[0]!.answer(GONE)
    publish('of another partition', { partition: 1 })
    await turn()
    publish('behind it', { partition: 1 })
    await vi.advanceTimersByTimeAsync(1000)
    expect([status('of another partition'), status('behind it')]).toEqual(['unknown', 'failed'])
  })

  test('waits an outage out, up to the delivery timeout, where nothing else is asked for', async () => {
    const { publish, open, status } = start({ deliveryTimeoutMs: 5000 })
    publish('a')
    await turn()
    await open[0]!.answer(GONE)
    publish('b')
    for (let waited = 0; waited < 4500; waited += 50) {
      for (const request of [...open]) await request.answer(GONE)
      await vi.advanceTimersByTimeAsync(50)
    }
    expect([status('a'), status('b')]).toEqual([undefined, undefined])
    for (const request of [...open]) await request.answer(STORED)
    await turn()
    for (const request of [...open]) await request.answer(STORED)
    expect([status('a'), status('b')]).toEqual(['stored', 'stored'])
  })

  test('a partition without a leader is waited for as before', async () => {
    const { publish, open, status } = timed()
    publish('a')
    await turn()
    await open[0]!.answer(AWAY)
    publish('b')
    for (let waited = 0; waited < 2000; waited += 50) {
      for (const request of [...open]) await request.answer(AWAY)
      await vi.advanceTimersByTimeAsync(50)
    }
    expect([status('a'), status('b')]).toEqual([undefined, undefined])
  })

  test('waits for ever where there is no limit', async () => {
    const { publish, open, status } = start()
    publish('a')
    await turn()
    publish('b')
    for (let waited = 0; waited < 10_000; waited += 50) {
      for (const request of [...open]) await request.answer(GONE)
      await vi.advanceTimersByTimeAsync(50)
    }
    expect([status('a'), status('b')]).toEqual([undefined, undefined])
  })
})

describe('createPublisher: overload', () => {
  test('refuses the last lane first and the first lane last, and takes again what has room', async () => {
    const { publish, open, status, publisher } = start({ maxBufferBytes: 10_000 })
    const fill = (name: string, lane: string) =>
      publish(name, { lane, key: null, value: Buffer.alloc(1000 - 100) })
    for (let i = 1; i <= 6; i++) fill(`low ${i}`, 'low')
    expect([status('low 5'), status('low 6')]).toEqual([undefined, 'overloaded'])
    for (let i = 1; i <= 3; i++) fill(`normal ${i}`, 'normal')
    expect([status('normal 2'), status('normal 3')]).toEqual([undefined, 'overloaded'])
    for (let i = 1; i <= 4; i++) fill(`high ${i}`, 'high')
    expect([status('high 3'), status('high 4')]).toEqual([undefined, 'overloaded'])
    expect(publisher.pending).toBe(10)
    await turn()
    for (const request of [...open]) await request.answer(STORED)
    expect(publisher.pending).toBe(0)
    fill('low 7', 'low')
    expect(status('low 7')).toBeUndefined()
  })

  test('counts headers', () => {
    const { publish, status } = start({ maxBufferBytes: 10_000 })
    publish('a', { headers: { stack: 'x'.repeat(9000) } })
    publish('b', { value: Buffer.alloc(1000) })
    expect(status('b')).toBe('overloaded')
  })

  test('refuses nothing where there is no limit', async () => {
    const { publish, publisher } = start()
    for (let i = 0; i < 2000; i++) publish(String(i), { lane: 'low', value: Buffer.alloc(100_000) })
    expect(publisher.pending).toBe(2000)
  })
})

describe('createPublisher: close', () => {
  test('waits for what is pending, then closes the producers, each time that it is called', async () => {
    const { publish, open, publisher, closed } = start()
    publish('a')
    publish('b', { lane: 'low' })
    await turn()
    let done = 0
    const closing = [publisher.close(), publisher.close()].map((closing) => closing.then(() => done++))
    await open[0]!.answer(STORED)
    await turn()
    expect([done, closed]).toEqual([0, []])
    await open[0]!.answer(STORED)
    await Promise.all(closing)
    expect(new Set(closed)).toEqual(new Set(['urgent', 'others']))
    expect(vi.getTimerCount()).toBe(0)
  })

  test('ends at the deadline when Kafka does not answer', async () => {
    const { publish, publisher, status, closed } = start({ deliveryTimeoutMs: 500 })
    publish('a')
    await turn()
    const closing = publisher.close()
    await vi.advanceTimersByTimeAsync(700)
    await closing
    expect([status('a'), closed.length]).toEqual(['unknown', 2])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('createPublisher under random failures', () => {
  const attempt = fc.record({
    outcome: fc.oneof(
      { weight: 4, arbitrary: fc.constant('stored' as const) },
      { weight: 2, arbitrary: fc.constant('away' as const) },
      { weight: 2, arbitrary: fc.constant('unknown-stored' as const) },
      { weight: 2, arbitrary: fc.constant('unknown-not-stored' as const) },
      { weight: 1, arbitrary: fc.constant('denied' as const) },
      { weight: 2, arbitrary: fc.constant('gone' as const) },
      { weight: 1, arbitrary: fc.constant('cut-off' as const) },
    ),
    latencyMs: fc.oneof(fc.nat(20), fc.nat(400)),
  })
  const event = fc.record({
    waitMs: fc.oneof(fc.constant(0), fc.nat(5), fc.nat(150)),
    lane: fc.constantFrom('high', 'low'),
    key: fc.nat(3),
    receipt: fc.nat(1),
    large: fc.nat(9).map((dice) => dice === 0),
  })

  test('never inverts the order of a partition, settles each event once and tells the truth', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 1, maxLength: 50, size: 'max' }),
        fc.array(attempt, { minLength: 1, maxLength: 60, size: 'max' }),
        fc.constantFrom(Number.POSITIVE_INFINITY, 300),
        async (events, attempts, deliveryTimeoutMs) => {
          const logs = new Map<string, number[]>()
          const inFlight = new Set<string>()
          let next = 0
          /** Stores what it stores when it answers; the lane is told by the topic. */
          async function produce(batches: readonly ProduceBatch[]): Promise<readonly ProduceOutcome[]> {
            const plans = batches.map(() => attempts[next++ % attempts.length]!)
            for (const { topic, partition } of batches) {
              const place = `${topic}/${partition}`
              if (inFlight.has(place)) throw new Error(`Two requests of ${place} at a time.`)
              inFlight.add(place)
            }
            await new Promise((resolve) => setTimeout(resolve, plans[0]!.latencyMs))
            return batches.map(({ topic, partition, records }, index) => {
              const place = `${topic}/${partition}`
              inFlight.delete(place)
              const { outcome } = plans[index]!
              if (outcome === 'away') return AWAY
              if (outcome === 'unknown-not-stored') return UNKNOWN
              if (outcome === 'denied') return DENIED
              if (outcome === 'gone') return GONE
              if (outcome === 'cut-off') return CUT_OFF
              const numbers = records.map(({ value }) => Number.parseInt(String(value), 10))
              if (numbers.some((number) => events[number]!.large) || numbers.length > 8) return TOO_LARGE
              logs.set(place, [...(logs.get(place) ?? []), ...numbers])
              return outcome === 'stored' ? STORED : UNKNOWN
            })
          }
          const client = { producer: () => ({ produce, close: async () => {} }) } as never
          const publisher = createPublisher({
            client,
            lanes: ['high', 'low'],
            deliveryTimeoutMs,
            ...(Number.isFinite(deliveryTimeoutMs) && { unreachableTimeoutMs: 150 }),
            maxBufferBytes: Number.POSITIVE_INFINITY,
            metrics,
            log,
            backoff: { baseMs: 20, maxMs: 80 },
            now: () => Date.now(),
            random: () => 0.5,
          })
          const settled = new Map<number, { outcome: PublishOutcome; published: number }>()
          let published = 0
          const inLog = (number: number) => [...logs.values()].some((list) => list.includes(number))
          const receipts = [0, 1].map(() => ({
            settled(index: number, outcome: PublishOutcome) {
              if (settled.has(index)) throw new Error(`${index} was settled twice.`)
              settled.set(index, { outcome, published })
              if (outcome.status === 'stored') expect(inLog(index)).toBe(true)
            },
          }))
          for (const [number, { waitMs, lane, key, receipt }] of events.entries()) {
            if (waitMs > 0) await vi.advanceTimersByTimeAsync(waitMs)
            published++
            publisher.publish(
              { lane, topic: lane, partition: key % 2, key: `k${key}`, value: String(number) },
              receipts[receipt]!,
              number,
            )
          }
          // 'denied' or 'stored' must come in the end, else an unlimited one goes on for ever.
          const ends = attempts.some(({ outcome }) => outcome === 'stored' || outcome === 'denied')
          if (!ends) attempts.push({ outcome: 'stored', latencyMs: 1 })
          for (let rounds = 0; publisher.pending > 0; rounds++) {
            if (rounds > 20_000) throw new Error('It does not come to an end.')
            await vi.advanceTimersByTimeAsync(50)
          }
          const closing = publisher.close()
          await vi.advanceTimersByTimeAsync(1000)
          await closing
          expect(vi.getTimerCount()).toBe(0)

          expect(settled.size).toBe(events.length)
          for (const list of logs.values()) {
            const first = [...new Set(list)]
            expect(first).toEqual(first.toSorted((a, b) => a - b))
          }
          const ways = new Map<string, number[]>()
          for (const [number, { lane, key, receipt }] of events.entries()) {
            const { outcome } = settled.get(number)!
            if (outcome.status === 'failed') {
              expect(inLog(number)).toBe(false)
              if (outcome.reason === 'too-large') expect(events[number]!.large).toBe(true)
            }
            const way = `${lane} ${key} ${receipt}`
            ways.set(way, [...(ways.get(way) ?? []), number])
          }
          // What was published while an earlier one of its key and receipt was pending is not stored without it.
          for (const way of ways.values()) {
            way.forEach((earlier, place) => {
              if (inLog(earlier)) return
              for (const later of way.slice(place + 1)) {
                if (later < settled.get(earlier)!.published) expect(inLog(later)).toBe(false)
              }
            })
          }
        },
      ),
      { numRuns: 250 },
    )
  })
})

async function collectGarbage(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  const { setImmediate: afterIo } = await import('node:timers/promises')
  setFlagsFromString('--expose-gc')
  // A weak reference that was made in this turn holds until its end.
  vi.useRealTimers()
  await afterIo()
  const collect = runInNewContext('gc')
  collect()
  // A collection that had begun before keeps what it had marked; the next one does not.
  collect()
}
