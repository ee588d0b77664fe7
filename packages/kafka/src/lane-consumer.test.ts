import {
  createLogger,
  createMetrics,
  HELD_OFFSETS,
  LAG_RECORDS,
  LAG_SECONDS,
  LOST_BY_RETENTION,
} from '@sluice/telemetry'
import { createMemoryBroker, waitFor } from '@sluice/testing'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLaneConsumer, type Handled, type LaneConsumerOptions } from './lane-consumer.ts'
import type { Consumer, ConsumerListener, IncomingRecord, KafkaClient, PartitionOffset } from './port.ts'
import { createPublisher, type PublishOutcome, type PublishRecord, type Receipt } from './publisher.ts'

const metrics = createMetrics('lane-consumer-test')
const log = createLogger({ service: 'lane-consumer-test', level: 'silent' })

// Only what the consumer's intervals and deadlines use; the event loop's turns stay real.
beforeEach(
  () => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] }),
)
afterEach(() => void vi.useRealTimers())

/** Long enough for a pump and the promises that it resolves. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}

const COMMIT_MS = 250
const LANES = [
  { lane: 'high', topic: 'high', weight: 16, maxWaitMs: 100 },
  { lane: 'normal', topic: 'normal', weight: 4, maxWaitMs: 500 },
  { lane: 'low', topic: 'low', weight: 1, maxWaitMs: 1000 },
]
const NOTHING: Handled = { outputs: [] }
const REPEAT: Handled = { outputs: [] }

const output = (name: string): PublishRecord => ({
  lane: 'high',
  topic: 'out',
  partition: 0,
  key: name,
  value: name,
})

type Call = {
  readonly name: string
  readonly lane: string
  /** Ends the handler; its result's outputs are the names. */
  done(...outputs: string[]): Promise<void>
  giveBack(): Promise<void>
  fail(error: Error): Promise<void>
}

/** A lane consumer between a consumer, handlers and a publisher that all do what the test says. */
async function start(options: Partial<LaneConsumerOptions<Handled>> & { claiming?: boolean } = {}) {
  let listener!: ConsumerListener
  const commits: PartitionOffset[][] = []
  const events: string[] = []
  const state = { refuseCommits: false, crashes: [] as Error[], finished: 0, repeats: 0 }
  const fake: Consumer = {
    async start(to) {
      listener = to
    },
    pause: (list) => void events.push(...list.map(({ topic, partition }) => `pause ${topic} ${partition}`)),
    resume: (list) => void events.push(...list.map(({ topic, partition }) => `resume ${topic} ${partition}`)),
    seek: ({ topic, partition, offset }) => void events.push(`seek ${topic} ${partition} ${offset}`),
    async commit(offsets) {
      if (state.refuseCommits) throw new Error('refused')
      commits.push(offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset })))
    },
    async close() {
      events.push('close')
    },
  }
  const calls: Call[] = []
  const handled: string[] = []
  const published: { name: string; settle(outcome: PublishOutcome): void }[] = []
  const consumer = createLaneConsumer<Handled>({
    client: { consumer: () => fake } as Partial<KafkaClient> as KafkaClient,
    publisher: {
      publish(record: PublishRecord, receipt: Receipt, index: number) {
        published.push({ name: String(record.value), settle: (outcome) => receipt.settled(index, outcome) })
      },
      pending: 0,
      refused: () => [],
      async close() {},
    },
    group: 'group',
    type: 'type',
    lanes: LANES,
    concurrency: 8,
    sessionTimeoutMs: 10_000,
    commitIntervalMs: COMMIT_MS,
    retries: [],
    laneOf: () => 'low',
    admission: { closed: true, admit: () => true, withdraw() {} },
    windowSize: 100,
    identify: (record) => `id of ${record.key}`,
    handle(record, lane, claim) {
      const known = options.claiming ? claim.claim(`id of ${record.key}`) : false
      if (known === true) return REPEAT
      if (known !== false) return known.then((handled) => (handled ? REPEAT : undefined)) as Promise<Handled>
      handled.push(String(record.value))
      const { promise, resolve, reject } = Promise.withResolvers<Handled | undefined>()
      const call: Call = {
        name: String(record.value),
        lane,
        done: (...outputs) => end(() => resolve({ outputs: outputs.map(output) })),
        giveBack: () => end(() => resolve(undefined)),
        fail: (error) => end(() => reject(error)),
      }
      function end(answer: () => void): Promise<void> {
        calls.splice(calls.indexOf(call), 1)
        answer()
        return turn()
      }
      calls.push(call)
      return promise as Promise<Handled>
    },
    undeliverable: (_record, _lane, [first]) => ({ outputs: [output(`dead: ${first!.detail}`)] }),
    finished(_lane, result) {
      state.finished++
      if (result === REPEAT) state.repeats++
    },
    crashed: (error) => void state.crashes.push(error),
    metrics,
    log,
    now: () => 0,
    ...options,
  })
  await consumer.start()

  const record = (topic: string, partition: number, offset: number, key: string | null): IncomingRecord => ({
    topic,
    partition,
    offset,
    timestamp: 0,
    key: key === null ? null : Buffer.from(key),
    value: Buffer.from(`${topic}${partition}-${offset}`),
    headers: {},
    bytes: 0,
  })

  return {
    consumer,
    calls,
    handled,
    published,
    commits,
    events,
    state,
    record,
    listener,
    assign(epoch: number, ...topics: string[]) {
      listener.assigned(
        topics.map((topic) => ({ topic, partition: 0, committed: -1, low: 0, high: 0 })),
        epoch,
      )
    },
    /** Brings records to partition 0, with these keys, from this offset on. */
    bring(topic: string, from: number, ...keys: (string | null)[]) {
      const records = keys.map((key, index) => record(topic, 0, from + index, key))
      const end = from + keys.length
      listener.records({ topic, partition: 0 }, records, end, end)
      return turn()
    },
    names: () => calls.map(({ name }) => name),
    call: (name: string) => calls.find((call) => call.name === name)!,
    async commitDue() {
      await vi.advanceTimersByTimeAsync(COMMIT_MS)
      await turn()
      return commits.at(-1)
    },
  }
}

describe('createLaneConsumer: offsets', () => {
  test('a partition of which nothing was fetched lags by what it has behind its start', async () => {
    const { listener } = await start()
    const lag = metrics.gauge(LAG_RECORDS, { type: 'type', lane: 'high' }) as unknown as { value: number }
    const at = { topic: 'high', partition: 0 }
    for (const [stood, expected] of [
      [{ committed: -1, low: 0, high: 0 }, 0],
      [{ committed: -1, low: 3, high: 5 }, 2],
      [{ committed: 50, low: 0, high: 50 }, 0],
      [{ committed: 50, low: 0, high: 57 }, 7],
    ] as const) {
      listener.assigned([{ ...at, ...stood }], 1)
      await metrics.text()
      expect(lag.value).toBe(expected)
    }
  })

  test('commits the lowest unfinished offset, and nothing again that is committed', async () => {
    const { assign, bring, call, commitDue, commits } = await start()
    assign(1, 'high')
    await bring('high', 10, 'a', 'b', 'c')
    await call('high0-11').done()
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 10 }])
    await call('high0-10').done()
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 12 }])
    await commitDue()
    expect(commits.length).toBe(2)
    await call('high0-12').done()
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 13 }])
  })

  test('commits the fetch position when the last records were none of ours', async () => {
    const { listener, assign, record, call, commitDue } = await start()
    assign(1, 'high')
    listener.records({ topic: 'high', partition: 0 }, [record('high', 0, 3, 'a')], 9, 9)
    await turn()
    await call('high0-3').done()
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 9 }])
  })

  test('commits only when all outputs are stored', async () => {
    const { assign, bring, call, published, state, commitDue } = await start()
    assign(1, 'high')
    await bring('high', 0, 'a')
    await call('high0-0').done('x', 'y')
    published[1]!.settle({ status: 'stored' })
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 0 }])
    expect(state.finished).toBe(0)
    published[0]!.settle({ status: 'stored' })
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 1 }])
    expect(state.finished).toBe(1)
  })

  test('tries a refused commit again', async () => {
    const { assign, bring, call, state, commitDue, commits } = await start()
    assign(1, 'high')
    await bring('high', 0, 'a')
    await call('high0-0').done()
    state.refuseCommits = true
    await commitDue()
    expect(commits).toEqual([])
    state.refuseCommits = false
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 1 }])
  })

  test('handles records once that are brought twice', async () => {
    const handled: string[] = []
    const { assign, bring, commitDue } = await start({
      handle(record) {
        handled.push(String(record.value))
        return NOTHING
      },
    })
    assign(1, 'high')
    await bring('high', 0, 'a', 'b', 'c')
    await bring('high', 1, 'b', 'c', 'd')
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 4 }])
    expect(handled).toEqual(['high0-0', 'high0-1', 'high0-2', 'high0-3'])
  })

  test('counts what the log lost before it was read', async () => {
    const { assign, bring } = await start()
    const lost = metrics.counter(LOST_BY_RETENTION, { topic: 'high' }) as unknown as { value: number }
    const before = lost.value
    assign(1, 'high')
    await bring('high', 0, 'a')
    await bring('high', 5, 'b')
    expect(lost.value - before).toBe(4)
  })
})

describe('createLaneConsumer: handling', () => {
  test('runs one of a key at a time across lanes, each lane in order, and finishes everything', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('bring' as const),
        topic: fc.constantFrom('high', 'normal', 'low'),
        keys: fc.array(fc.constantFrom('a', 'b', 'c', null), { minLength: 1, maxLength: 5 }),
      }),
      fc.record({ kind: fc.constant('done' as const), which: fc.nat(7) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 40 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, atOnce, concurrency) => {
          const ends = new Map(LANES.map(({ topic }) => [topic, 0]))
          const running: { key: string; end: () => void }[] = []
          const started = new Map<string, number[]>()
          let count = 0
          const it = await start({
            concurrency,
            handle(record, lane) {
              const key = String(record.key)
              if (running.some((other) => other.key === key)) throw new Error(`Two of ${key} at a time.`)
              const way = `${lane} ${key}`
              started.set(way, [...(started.get(way) ?? []), record.offset])
              if (atOnce[count++ % atOnce.length]) return NOTHING
              const { promise, resolve } = Promise.withResolvers<Handled>()
              running.push({ key, end: () => resolve(NOTHING) })
              if (running.length > concurrency) throw new Error('More run than may.')
              return promise
            },
          })
          it.assign(1, 'high', 'normal', 'low')
          for (const step of steps) {
            if (step.kind === 'bring') {
              const from = ends.get(step.topic)!
              ends.set(step.topic, from + step.keys.length)
              await it.bring(step.topic, from, ...step.keys)
            } else if (running.length > 0) {
              running.splice(step.which % running.length, 1)[0]!.end()
              await turn()
            }
          }
          while (running.length > 0) {
            running.shift()!.end()
            await turn()
          }
          for (const offsets of started.values()) expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
          const last = new Map((await it.commitDue())?.map(({ topic, offset }) => [topic, offset]))
          const all = [...ends].filter(([, end]) => end > 0)
          expect(it.state.crashes).toEqual([])
          expect(it.state.finished).toBe(all.reduce((sum, [, end]) => sum + end, 0))
          expect([...last].toSorted()).toEqual(all.toSorted())
          await it.consumer.stop(0)
        },
      ),
      { numRuns: 150 },
    )
  })

  test('runs no more handlers at a time than it may; one that answers at once does not count', async () => {
    const { assign, bring, names, call } = await start({ concurrency: 2 })
    assign(1, 'high')
    await bring('high', 0, 'a', 'b', 'c')
    expect(names()).toEqual(['high0-0', 'high0-1'])
    await call('high0-1').done()
    expect(names()).toEqual(['high0-0', 'high0-2'])

    let count = 0
    const quick = await start({
      concurrency: 2,
      handle() {
        count++
        return { outputs: [output('waits')] }
      },
    })
    quick.assign(1, 'high')
    await quick.bring('high', 0, 'a', 'b', 'c', 'd')
    expect(count).toBe(4)
  })

  test('keeps slots for the urgent lanes: slow handlers of low do not delay high', async () => {
    const { assign, bring, calls } = await start({ concurrency: 8 })
    assign(1, 'high', 'normal', 'low')
    await bring('low', 0, ...Array.from({ length: 20 }, (_, index) => `l${index}`))
    await bring('normal', 0, ...Array.from({ length: 20 }, (_, index) => `n${index}`))
    expect(calls.filter(({ lane }) => lane === 'low').length).toBe(6)
    expect(calls.filter(({ lane }) => lane === 'normal').length).toBe(1)
    await bring('high', 0, 'h')
    expect(calls.map(({ name }) => name)).toContain('high0-0')
  })

  test('serves low by its share although high never runs dry', async () => {
    const { assign, bring, calls, handled } = await start({ concurrency: 4 })
    assign(1, 'high', 'low')
    const keys = Array.from({ length: 400 }, (_, index) => `k${index}`)
    await bring('high', 0, ...keys)
    await bring('low', 0, ...keys.map((key) => `l${key}`))
    while (handled.length < 340) await calls[0]!.done()
    const low = handled.filter((name) => name.startsWith('low')).length
    expect(low).toBeGreaterThanOrEqual(19)
    expect(low).toBeLessThanOrEqual(21)
  })

  test('says how often each lane was served, its share, and how long one with work has not been', async () => {
    let time = 0
    const own = createMetrics('lanes')
    const { assign, bring, calls } = await start({ concurrency: 1, now: () => time, metrics: own })
    assign(1, 'high', 'low')
    await bring('high', 0, 'a')
    await bring('low', 0, 'b')
    time = 3000
    const sample = async (name: string, lane: string) => {
      const lines = (await own.text()).split('\n')
      return Number(
        lines
          .find((line) => line.startsWith(`${name}{`) && line.includes(`"${lane}"`))
          ?.split(' ')
          .at(-1),
      )
    }
    expect(await sample('sluice_lane_unserved_seconds', 'low')).toBe(3)
    expect(await sample('sluice_lane_unserved_seconds', 'high')).toBe(0)
    await calls[0]!.done()
    expect(await sample('sluice_lane_unserved_seconds', 'low')).toBe(0)
    expect(await sample('sluice_lane_served_records_total', 'low')).toBe(1)
    expect(await sample('sluice_lane_share_ratio', 'high')).toBeCloseTo(16 / 21)
  })

  test('lets a record of high pass everything of its key that waits in low', async () => {
    const { assign, bring, names, call } = await start()
    assign(1, 'high', 'low')
    await bring('low', 0, ...Array.from({ length: 30 }, () => 'k'))
    await bring('high', 0, 'k')
    expect(names()).toEqual(['low0-0'])
    await call('low0-0').done()
    expect(names()).toEqual(['high0-0'])
    await call('high0-0').done()
    expect(names()).toEqual(['low0-1'])
  })

  test('pauses a partition at its high mark and resumes it at half', async () => {
    const { assign, bring, calls, events } = await start({ concurrency: 10_000 })
    assign(1, 'high', 'low')
    const keys = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => `${from + index}`)
    await bring('high', 0, ...keys(0, 1999))
    expect(events).toEqual([])
    await bring('high', 1999, ...keys(1999, 500))
    await bring('high', 2499, 'more')
    expect(events).toEqual(['pause high 0'])
    const done = (count: number) => Promise.all(calls.slice(0, count).map((call) => call.done()))
    await done(1499)
    expect(events).toEqual(['pause high 0'])
    await done(1)
    expect(events).toEqual(['pause high 0', 'resume high 0'])
  })

  test('counts bytes as well as records', async () => {
    const { listener, assign, record, calls, events } = await start()
    assign(1, 'high')
    const large = [0, 1, 2, 3, 4].map((offset) => ({
      ...record('high', 0, offset, String(offset)),
      bytes: 1024 * 1024,
    }))
    listener.records({ topic: 'high', partition: 0 }, large, 5, 5)
    await turn()
    expect(events).toEqual(['pause high 0'])
    for (let left = 3; left > 0; left--) await calls[0]!.done()
    expect(events).toEqual(['pause high 0'])
    await calls[0]!.done()
    expect(events).toEqual(['pause high 0', 'resume high 0'])
  })

  test('ends the process when a handler rejects or throws', async () => {
    const rejecting = await start()
    rejecting.assign(1, 'high')
    await rejecting.bring('high', 0, 'a')
    await rejecting.calls[0]!.fail(new Error('bug'))
    expect(rejecting.state.crashes.map(({ message }) => message)).toEqual(['bug'])
    expect(await rejecting.commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 0 }])

    const throwing = await start({
      handle() {
        throw new Error('bug')
      },
    })
    throwing.assign(1, 'high')
    await throwing.bring('high', 0, 'a')
    expect(throwing.state.crashes.map(({ message }) => message)).toEqual(['bug'])
    // What crashed is not waited for.
    await throwing.consumer.stop(60_000)
    expect(throwing.events).toContain('close')
  })
})

describe('createLaneConsumer: outputs that cannot be stored', () => {
  const tooLarge: PublishOutcome = { status: 'failed', reason: 'too-large', detail: 'too large' }
  const denied: PublishOutcome = { status: 'failed', reason: 'not-authorised', detail: 'no right to write' }

  test('publishes what stands for them instead, then commits', async () => {
    const { assign, bring, call, published, state, commitDue } = await start()
    assign(1, 'high')
    await bring('high', 0, 'a')
    await call('high0-0').done('x', 'y')
    published[0]!.settle(tooLarge)
    expect(published.length).toBe(2)
    published[1]!.settle({ status: 'stored' })
    expect(published.map(({ name }) => name)).toEqual(['x', 'y', 'dead: too large'])
    expect(state.finished).toBe(0)
    published[2]!.settle({ status: 'stored' })
    expect(state.finished).toBe(1)
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 1 }])
  })

  test('tries it again with growing waits when that cannot be stored either; the offset stays, others go on', async () => {
    const { assign, bring, call, consumer, published, state, commitDue, commits } = await start()
    assign(1, 'high')
    await bring('high', 0, 'a', 'b')
    await call('high0-0').done('x')
    await call('high0-1').done()
    published[0]!.settle(tooLarge)
    for (let tries = 1; tries <= 5; tries++) {
      published[tries]!.settle(tooLarge)
      expect(consumer.stuck()).toEqual({ records: 1, detail: 'too large' })
      await vi.advanceTimersByTimeAsync(500 * 2 ** (tries - 1))
      expect(published.length).toBe(tries + 2)
    }
    await bring('high', 2, 'c')
    await call('high0-2').done()
    expect(state.finished).toBe(2)
    await commitDue()
    expect(commits.flat()).toEqual([{ topic: 'high', partition: 0, offset: 0 }])
    published[6]!.settle({ status: 'stored' })
    expect(published[6]!.name).toBe('dead: too large')
    expect(consumer.stuck().records).toBe(0)
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 3 }])
    expect(state.crashes).toEqual([])
  })

  test('where nothing can stand for it, what is missing is tried again, and what is stored is not', async () => {
    const { assign, bring, call, published, state } = await start({
      undeliverable: (_record, _lane, _undelivered, result) => result,
    })
    assign(1, 'high')
    await bring('high', 0, 'a')
    await call('high0-0').done('x', 'y', 'z')
    published[0]!.settle({ status: 'stored' })
    published[2]!.settle(tooLarge)
    published[1]!.settle(tooLarge)
    expect(published.length).toBe(3)
    await vi.advanceTimersByTimeAsync(500)
    expect(published.slice(3).map(({ name }) => name)).toEqual(['y', 'z'])
    published[4]!.settle(tooLarge)
    published[3]!.settle({ status: 'stored' })
    await vi.advanceTimersByTimeAsync(1000)
    expect(published.slice(5).map(({ name }) => name)).toEqual(['z'])
    published[5]!.settle({ status: 'stored' })
    expect(state.finished).toBe(1)
  })

  test('stands in line behind what waits for the same partition, so that it is stored in order', async () => {
    const { assign, bring, call, published, state } = await start({
      undeliverable: (_record, _lane, _undelivered, result) => result,
    })
    assign(1, 'high')
    await bring('high', 0, 'a', 'b')
    await call('high0-0').done('first')
    published[0]!.settle(denied)
    await call('high0-1').done('second')
    expect(published.length).toBe(1)
    await vi.advanceTimersByTimeAsync(500)
    published[1]!.settle({ status: 'stored' })
    published[2]!.settle({ status: 'stored' })
    expect(published.map(({ name }) => name)).toEqual(['first', 'first', 'second'])
    expect(state.finished).toBe(2)
  })

  test('an account follows when the outputs are stored, and that of what stands for them instead', async () => {
    const { assign, bring, published, state } = await start({
      handle: ({ value }) => ({ outputs: [output('x')], account: output(`handled ${value}`) }),
      undeliverable: () => ({ outputs: [output('dead')], account: output('given up') }),
    })
    assign(1, 'high')
    await bring('high', 0, 'a', 'b')
    expect(published.map(({ name }) => name)).toEqual(['x', 'x'])
    published[0]!.settle({ status: 'stored' })
    published[1]!.settle(tooLarge)
    expect(published.slice(2).map(({ name }) => name)).toEqual(['handled high0-0', 'dead'])
    published[3]!.settle({ status: 'stored' })
    expect(published.slice(4).map(({ name }) => name)).toEqual(['given up'])
    expect(state.finished).toBe(0)
    published[2]!.settle({ status: 'stored' })
    published[4]!.settle({ status: 'stored' })
    expect(state.finished).toBe(2)
  })

  test('an account that Kafka refuses is tried again, and makes nothing a dead letter', async () => {
    const { assign, bring, published, state } = await start({
      handle: () => ({ outputs: [output('x')], account: output('handled') }),
    })
    assign(1, 'high')
    await bring('high', 0, 'a')
    published[0]!.settle({ status: 'stored' })
    published[1]!.settle(denied)
    await vi.advanceTimersByTimeAsync(500)
    expect(published.map(({ name }) => name)).toEqual(['x', 'handled', 'handled'])
    published[2]!.settle({ status: 'stored' })
    expect(state.finished).toBe(1)
  })

  test('what waits like that is given back when the process stops', async () => {
    const { assign, bring, call, consumer, published, commits } = await start()
    assign(1, 'high')
    await bring('high', 0, 'a')
    await call('high0-0').done('x')
    published[0]!.settle(tooLarge)
    published[1]!.settle(tooLarge)
    expect(await consumer.stop(10_000)).toBe(0)
    expect(commits.flat().every(({ offset }) => offset === 0)).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('createLaneConsumer: a rebalance', () => {
  test('drops what it had not begun, and lets late results count for no offset', async () => {
    const { assign, bring, call, names, handled, listener, commitDue, commits } = await start({
      concurrency: 1,
    })
    assign(1, 'high')
    await bring('high', 0, 'a', 'b')
    listener.revoked()
    assign(2, 'high')
    await call('high0-0').done()
    expect(names()).toEqual([])
    await commitDue()
    expect(commits).toEqual([])
    await bring('high', 0, 'a', 'b')
    expect(handled).toEqual(['high0-0', 'high0-0'])
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 0 }])
  })

  test('does not run a key again while its handler of the old epoch still runs', async () => {
    const { assign, bring, calls, names, listener } = await start()
    assign(1, 'high')
    await bring('high', 0, 'a', 'a')
    listener.revoked()
    assign(2, 'high')
    await bring('high', 0, 'a', 'a', 'b')
    expect(names()).toEqual(['high0-0', 'high0-2'])
    await calls[0]!.done()
    expect(names()).toEqual(['high0-2', 'high0-0'])
    await calls[1]!.done()
    expect(names()).toEqual(['high0-2', 'high0-1'])
  })

  test('begins with nothing paused, and resumes nothing for late results', async () => {
    const { assign, bring, calls, events, listener } = await start({ concurrency: 10_000 })
    const keys = Array.from({ length: 2000 }, (_, index) => `${index}`)
    assign(1, 'high')
    await bring('high', 0, ...keys)
    listener.revoked()
    assign(2, 'high')
    await Promise.all([...calls].map((call) => call.done()))
    expect(events).toEqual(['pause high 0'])
    await bring('high', 0, ...keys)
    expect(events).toEqual(['pause high 0', 'pause high 0'])
    await Promise.all([...calls].map((call) => call.done()))
    expect(events).toEqual(['pause high 0', 'pause high 0', 'resume high 0'])
  })

  test('says what it owns, and how long it has waited for the group', async () => {
    let time = 1000
    const { assign, listener, consumer } = await start({ now: () => time })
    expect(consumer.assignment()).toEqual({ partitions: 0, waitingMs: Number.POSITIVE_INFINITY })
    assign(1, 'high', 'low')
    time += 5000
    expect(consumer.assignment()).toEqual({ partitions: 2, waitingMs: 0 })
    listener.revoked()
    time += 300
    listener.revoked()
    time += 400
    expect(consumer.assignment()).toEqual({ partitions: 0, waitingMs: 700 })
    assign(2)
    time += 5000
    expect(consumer.assignment()).toEqual({ partitions: 0, waitingMs: 0 })
  })

  test('ignores records of partitions that it does not own', async () => {
    const { assign, bring, handled, listener } = await start()
    assign(1, 'high', 'low')
    listener.revoked()
    await bring('high', 0, 'a')
    assign(2, 'low')
    await bring('high', 0, 'a')
    expect(handled).toEqual([])
  })
})

describe('createLaneConsumer: what was handled before', () => {
  const standing = (topic: string, committed: number, low: number, high: number) => ({
    topic,
    partition: 0,
    committed,
    low,
    high,
  })
  const at = (topic: string) => ({ topic, partition: 0 })

  test('handles a repeat once, in whatever lane it comes', async () => {
    const { assign, bring, call, handled, state, commitDue } = await start({ claiming: true })
    assign(1, 'high', 'low')
    await bring('low', 0, 'a', 'b')
    await call('low0-0').done()
    await bring('high', 0, 'a')
    await bring('low', 2, 'a')
    expect(handled).toEqual(['low0-0', 'low0-1'])
    expect(state.repeats).toBe(2)
    await call('low0-1').done()
    expect(await commitDue()).toEqual([
      { topic: 'high', partition: 0, offset: 1 },
      { topic: 'low', partition: 0, offset: 3 },
    ])
  })

  test('a repeat of what is not stored yet waits, and moves no offset before', async () => {
    const { assign, bring, call, published, handled, state, commitDue } = await start({ claiming: true })
    assign(1, 'high')
    await bring('high', 0, 'a', 'a')
    await call('high0-0').done('x')
    expect([handled, state.repeats]).toEqual([['high0-0'], 0])
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 0 }])
    published[0]!.settle({ status: 'stored' })
    await turn()
    expect([handled, state.repeats]).toEqual([['high0-0'], 1])
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 2 }])
  })

  test('a repeat of what is given back is given back too', async () => {
    const { assign, bring, call, consumer, commits } = await start({ claiming: true })
    assign(1, 'high')
    const other = { key: null }
    await bring('high', 0, 'a', other.key)
    const stopped = consumer.stop(10_000)
    await call('high0-0').giveBack()
    await call('high0-1').done()
    await stopped
    expect(commits.flat().every(({ offset }) => offset === 0)).toBe(true)
  })

  test('forgets what lies farther back than the window reaches', async () => {
    const { assign, bring, calls, handled } = await start({ claiming: true, windowSize: 2 })
    assign(1, 'high')
    await bring('high', 0, 'a', 'b', 'c')
    while (calls.length > 0) await calls[0]!.done()
    await bring('high', 3, 'b', 'c', 'a')
    expect(handled).toEqual(['high0-0', 'high0-1', 'high0-2', 'high0-5'])
  })

  test('reads what was handled before the first new record of any lane runs', async () => {
    const { listener, bring, record, handled, events, state, commitDue, commits } = await start({
      claiming: true,
      windowSize: 3,
    })
    listener.assigned([standing('high', 5, 0, 7), standing('low', 4, 2, 6)], 1)
    expect(events).toEqual(['seek high 0 2', 'seek low 0 2'])
    // New ones of low are there first, but high could hold the same events.
    await bring('low', 2, 'a', 'b', 'c', 'early')
    expect(handled).toEqual([])
    listener.records(at('high'), [record('high', 0, 2, 'c'), record('high', 0, 3, 'c')], 4, 7)
    await turn()
    expect(handled).toEqual([])
    await commitDue()
    expect(commits.flat().every(({ topic, offset }) => offset === (topic === 'high' ? 5 : 4))).toBe(true)
    listener.records(at('high'), [record('high', 0, 4, 'd'), record('high', 0, 5, 'new')], 6, 7)
    await turn()
    expect(handled).toEqual(['high0-5', 'low0-5'])
    expect(state.repeats).toBe(1)
    await bring('low', 6, 'd')
    expect(state.repeats).toBe(2)
  })

  test('a partition that comes back is not handled again, though nothing of it was committed', async () => {
    const { listener, bring, call, handled, events, state, commitDue } = await start({ claiming: true })
    listener.assigned([standing('high', 3, 3, 6)], 1)
    await bring('high', 3, 'a', 'b', 'c')
    await call('high0-3').done()
    await call('high0-5').done()
    state.refuseCommits = true
    await commitDue()
    listener.revoked()
    listener.assigned([standing('high', 3, 3, 6)], 2)
    // Nobody else has committed anything: there is nothing to read.
    expect(events).toEqual([])
    await bring('high', 3, 'a', 'b', 'c')
    expect(handled).toEqual(['high0-3', 'high0-4', 'high0-5'])
    expect(state.repeats).toBe(2)
    state.refuseCommits = false
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 4 }])
    // Its handler of the old epoch: a late result counts for the window, and ends the record that waits for it.
    await call('high0-4').done()
    expect(state.repeats).toBe(3)
    expect(await commitDue()).toEqual([{ topic: 'high', partition: 0, offset: 6 }])
  })

  test('of a partition that comes back it reads only what others have handled meanwhile', async () => {
    const { listener, record, bring, call, handled, events, commitDue } = await start({ claiming: true })
    listener.assigned([standing('high', 3, 0, 4)], 1)
    listener.records(at('high'), [record('high', 0, 0, 'x')], 3, 4)
    await bring('high', 3, 'a')
    await call('high0-3').done()
    await commitDue()
    listener.revoked()
    listener.assigned([standing('high', 6, 0, 9)], 2)
    expect(events).toEqual(['seek high 0 0', 'seek high 0 4'])
    listener.records(
      at('high'),
      ['y', 'z', 'x', 'a', 'y', 'new'].map((key, i) => record('high', 0, 4 + i, key)),
      10,
      10,
    )
    await turn()
    expect(handled).toEqual(['high0-3', 'high0-9'])
  })

  test('counts what retention took before it was assigned, and goes on where the log begins', async () => {
    const { listener, bring, handled, events, state } = await start()
    const lost = metrics.counter(LOST_BY_RETENTION, { topic: 'normal' }) as unknown as { value: number }
    const before = lost.value
    listener.assigned([standing('normal', 4, 10, 12), standing('low', -1, 10, 12)], 1)
    expect(lost.value - before).toBe(6)
    expect(events).toEqual(['seek normal 0 10'])
    await bring('normal', 10, 'a')
    expect(handled).toEqual(['normal0-10'])
    expect(state.crashes).toEqual([])
  })

  test('with a window of nothing it reads nothing and handles repeats', async () => {
    const { listener, bring, handled, events, calls } = await start({ claiming: true, windowSize: 0 })
    listener.assigned([standing('high', 5, 0, 7)], 1)
    expect(events).toEqual([])
    await bring('high', 5, 'a', 'a')
    await calls[0]!.done()
    expect(handled).toEqual(['high0-5', 'high0-6'])
  })
})

describe('createLaneConsumer: retry topics', () => {
  const retries = [{ topic: 'retry', name: 'retry-5s', delayMs: 5000 }]
  const at = { topic: 'retry', partition: 0 }

  async function startRetrying(options: Partial<LaneConsumerOptions<Handled>> = {}) {
    let time = 1_000_000
    const it = await start({
      retries,
      laneOf: (record) => String(record.headers['lane']),
      wallClock: () => time,
      ...options,
    })
    it.assign(1, 'high', 'normal', 'low', 'retry')
    return {
      ...it,
      /** Brings copies, each written so many ms ago, for these lanes. */
      async copies(from: number, ...list: { age: number; lane: string; key?: string }[]) {
        const records = list.map(({ age, lane, key = `${from}` }, index) => ({
          ...it.record('retry', 0, from + index, key),
          timestamp: time - age,
          headers: { lane },
        }))
        it.listener.records(at, records, from + list.length, from + list.length)
        await turn()
      },
      async pass(ms: number) {
        time += ms
        await vi.advanceTimersByTimeAsync(ms)
        await turn()
      },
    }
  }

  test('hands a copy to its lane when it is due, not before; lanes go on meanwhile', async () => {
    const { copies, bring, pass, calls, names } = await startRetrying()
    await copies(0, { age: 1000, lane: 'high' })
    await bring('high', 0, 'a')
    await bring('low', 0, 'b')
    expect(names()).toEqual(['high0-0', 'low0-0'])
    await pass(3999)
    expect(names()).not.toContain('retry0-0')
    await pass(1)
    expect(calls.find(({ name }) => name === 'retry0-0')?.lane).toBe('high')
  })

  test('commits the offset of a copy like any other', async () => {
    const { copies, pass, call, commitDue, commits } = await startRetrying()
    await copies(0, { age: 0, lane: 'low' }, { age: 0, lane: 'low' })
    await commitDue()
    expect(commits.flat()).toEqual([{ ...at, offset: 0 }])
    await pass(5000)
    await call('retry0-0').done()
    expect(await commitDue()).toEqual([{ ...at, offset: 1 }])
    await call('retry0-1').done()
    expect(await commitDue()).toEqual([{ ...at, offset: 2 }])
  })

  test('of one key a copy that is due runs alone', async () => {
    const { copies, bring, pass, call, names } = await startRetrying()
    await copies(0, { age: 0, lane: 'low', key: 'k' })
    await bring('high', 0, 'k', 'k')
    await pass(5000)
    expect(names()).toEqual(['high0-0'])
    await call('high0-0').done()
    await call('high0-1').done()
    expect(names()).toEqual(['retry0-0'])
  })

  test('is late only since it was due', async () => {
    const { copies, pass } = await startRetrying()
    const late = metrics.gauge(LAG_SECONDS, { type: 'type', lane: 'retry-5s' }) as unknown as {
      value: number
    }
    await copies(0, { age: 1000, lane: 'low' })
    await metrics.text()
    expect(late.value).toBe(0)
    await pass(6000)
    await metrics.text()
    expect(late.value).toBe(2)
  })

  test('is not fetched far ahead of what is due', async () => {
    const { copies, events } = await startRetrying()
    await copies(0, ...Array.from({ length: 499 }, () => ({ age: 0, lane: 'low' })))
    expect(events).toEqual([])
    await copies(499, { age: 0, lane: 'low' })
    expect(events).toEqual(['pause retry 0'])
  })

  test('forgets what waits when its epoch ends, and when it stops', async () => {
    const { copies, pass, listener, assign, handled, consumer } = await startRetrying()
    await copies(0, { age: 0, lane: 'low' })
    listener.revoked()
    await pass(5000)
    expect(handled).toEqual([])
    assign(2, 'retry')
    await copies(0, { age: 0, lane: 'low' })
    await consumer.stop(1000)
    await pass(5000)
    expect(handled).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('createLaneConsumer: the brake', () => {
  test('stops a partition when too much is finished behind one record, and lets it go on when that is done', async () => {
    const { assign, bring, calls, call, events, commitDue } = await start({ concurrency: 100 })
    assign(1, 'high', 'low')
    await bring('high', 0, 'slow')
    const held = metrics.gauge(HELD_OFFSETS, { topic: 'high', partition: '0' }) as unknown as {
      value: number
    }
    let next = 1
    while (next < 10_000) {
      await bring('high', next, ...Array.from({ length: 50 }, (_, i) => `${next + i}`))
      next += 50
      for (const other of calls.filter(({ name }) => name !== 'high0-0')) void other.done()
      await turn()
    }
    expect(events).toEqual([])
    await bring('high', next, 'a', 'b')
    for (const other of calls.filter(({ name }) => name !== 'high0-0')) void other.done()
    await turn()
    await bring('high', next + 2, 'c')
    expect(events).toEqual(['pause high 0'])
    await metrics.text()
    expect(held.value).toBeGreaterThanOrEqual(10_000)
    // Others go on.
    await bring('low', 0, 'd')
    expect(call('low0-0')).toBeDefined()
    await call('high0-0').done()
    await calls.find(({ lane }) => lane === 'high')!.done()
    expect(events).toEqual(['pause high 0', 'resume high 0'])
    await metrics.text()
    expect(held.value).toBe(0)
    expect(await commitDue()).toContainEqual({ topic: 'high', partition: 0, offset: next + 3 })
  })

  test('says once a minute which record it is', async () => {
    const lines: Record<string, unknown>[] = []
    const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
    let time = 0
    const { assign, bring, record, listener, commitDue } = await start({
      claiming: true,
      now: () => time,
      log: createLogger({ service: 'test', level: 'warn', destination }),
    })
    assign(1, 'high')
    await bring('high', 7, 'slow')
    // Compaction took all that lay between.
    listener.records({ topic: 'high', partition: 0 }, [record('high', 0, 20_000, 'b')], 20_001, 20_001)
    await turn()
    const told = () => lines.filter(({ msg }) => String(msg).startsWith('one record holds back'))
    await commitDue()
    expect(told()).toMatchObject([{ topic: 'high', partition: 0, offset: 7, event: ['id of slow'] }])
    time += 59_999
    await commitDue()
    expect(told()).toHaveLength(1)
    time += 1
    await commitDue()
    expect(told()).toHaveLength(2)
  })
})

describe('createLaneConsumer: admission', () => {
  test('takes nothing that is not admitted, and asks again when it is woken', async () => {
    const admission = { closed: false, admit: () => false, withdraw() {} }
    const { assign, bring, consumer, handled, commitDue, commits } = await start({ admission })
    assign(1, 'high')
    await bring('high', 0, 'a', 'b')
    expect(handled).toEqual([])
    let admitted = 1
    admission.admit = () => admitted-- > 0
    consumer.wake()
    await turn()
    expect(handled).toEqual(['high0-0'])
    admission.closed = true
    consumer.wake()
    await turn()
    expect(handled).toEqual(['high0-0', 'high0-1'])
    await commitDue()
    expect(commits.flat().every(({ offset }) => offset === 0)).toBe(true)
  })

  test('is not asked for a record that is not there, and told of one whose key is busy', async () => {
    const told: string[] = []
    const admission = {
      closed: true,
      admit() {
        told.push('asked')
        return true
      },
      withdraw: () => void told.push('withdrawn'),
    }
    const { assign, bring, consumer } = await start({ admission })
    assign(1, 'high')
    await bring('high', 0, 'a')
    admission.closed = false
    consumer.wake()
    await turn()
    expect(told).toEqual([])
    await bring('high', 1, 'a')
    expect(told).toEqual(['asked', 'withdrawn'])
  })
})

describe('createLaneConsumer: stop', () => {
  test('takes nothing new, waits for what is in hand, commits it and leaves', async () => {
    const { assign, bring, call, published, consumer, commits, events, handled } = await start({
      concurrency: 1,
    })
    assign(1, 'high')
    await bring('high', 0, 'a', 'b')
    const stopped = consumer.stop(10_000).then(() => events.push('stopped'))
    await call('high0-0').done('x')
    expect(events).toEqual(['pause high 0'])
    published[0]!.settle({ status: 'stored' })
    await stopped
    expect(commits).toEqual([[{ topic: 'high', partition: 0, offset: 1 }]])
    expect(events).toEqual(['pause high 0', 'close', 'stopped'])
    await bring('high', 2, 'c')
    expect(handled).toEqual(['high0-0'])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('begins nothing that it had only fetched', async () => {
    const { assign, bring, consumer, handled } = await start()
    assign(1, 'high')
    const brought = bring('high', 0, 'a')
    const stopped = consumer.stop(10_000)
    await brought
    await stopped
    expect(handled).toEqual([])
  })

  test('still takes what waits for its key before a record that was taken, so that nothing is handled again', async () => {
    const { assign, bring, call, consumer, commits, handled } = await start()
    assign(1, 'high')
    await bring('high', 0, 'a', 'a', 'b', 'b')
    await call('high0-2').done()
    expect(handled).toEqual(['high0-0', 'high0-2', 'high0-3'])
    const stopped = consumer.stop(10_000)
    await call('high0-3').done()
    await call('high0-0').done()
    await call('high0-1').done()
    await stopped
    expect(commits.flat().at(-1)).toEqual({ topic: 'high', partition: 0, offset: 4 })
  })

  test('takes nothing of a key whose record was given back', async () => {
    const { assign, bring, call, consumer, commits, handled } = await start()
    assign(1, 'high')
    await bring('high', 0, 'a', 'a', 'b')
    const stopped = consumer.stop(10_000)
    await call('high0-2').done()
    await call('high0-0').giveBack()
    await stopped
    expect(handled).toEqual(['high0-0', 'high0-2'])
    expect(commits.flat().every(({ offset }) => offset === 0)).toBe(true)
  })

  test('waits for no key that the admission does not let in', async () => {
    const admission = { closed: true, admit: () => false, withdraw() {} }
    const { assign, bring, call, consumer, handled } = await start({ admission })
    assign(1, 'high')
    await bring('high', 0, 'a', 'a', 'b')
    admission.closed = false
    const stopped = consumer.stop(10_000)
    await call('high0-2').done()
    await call('high0-0').done()
    await stopped
    expect(handled).toEqual(['high0-0', 'high0-2'])
  })

  test('does not commit what was given back', async () => {
    const { assign, bring, call, consumer, commits } = await start()
    assign(1, 'high')
    await bring('high', 0, 'a', 'b')
    const stopped = consumer.stop(10_000)
    await call('high0-0').giveBack()
    await call('high0-1').done()
    await stopped
    expect(commits.flat().every(({ offset }) => offset === 0)).toBe(true)
  })

  test('leaves when its grace is over, though a handler hangs', async () => {
    const { assign, bring, consumer, events } = await start()
    assign(1, 'high')
    await bring('high', 0, 'a')
    const stopped = consumer.stop(10_000)
    await vi.advanceTimersByTimeAsync(9999)
    expect(events).not.toContain('close')
    await vi.advanceTimersByTimeAsync(1)
    await stopped
    expect(events).toContain('close')
  })
})

describe('createLaneConsumer with a broker', () => {
  test('hands every record on, in the order of its key, through rebalances, outages and lost sessions', async () => {
    vi.useRealTimers()
    const keys = ['a', 'b', 'c', 'd']
    const broker = createMemoryBroker({ topics: { high: 2, low: 2, out: 1 }, fetchRecords: 7 })
    const starting = async () => {
      const client = broker.client()
      const publisher = createPublisher({
        client,
        lanes: ['high'],
        deliveryTimeoutMs: Number.POSITIVE_INFINITY,
        maxBufferBytes: Number.POSITIVE_INFINITY,
        metrics,
        log,
        backoff: { baseMs: 1, maxMs: 2 },
      })
      const consumer = createLaneConsumer<Handled>({
        client,
        publisher,
        group: 'group',
        type: 'type',
        lanes: LANES.filter(({ topic }) => topic !== 'normal'),
        retries: [],
        laneOf: () => 'low',
        admission: { closed: true, admit: () => true, withdraw() {} },
        windowSize: 100,
        identify: () => undefined,
        concurrency: 4,
        sessionTimeoutMs: 10_000,
        commitIntervalMs: 2,
        async handle(record, lane) {
          await new Promise((resolve) => setImmediate(resolve))
          return { outputs: [{ ...output(String(record.value)), key: `${lane} ${record.key}` }] }
        },
        undeliverable: () => NOTHING,
        finished() {},
        crashed(error) {
          throw error
        },
        metrics,
        log,
      })
      await consumer.start()
      return { consumer, publisher }
    }
    const members = [await starting(), await starting()]
    let count = 0
    const feed = (times: number) => {
      for (let i = 0; i < times; i++) {
        const key = keys[count % keys.length]!
        const topic = count % 3 === 0 ? 'high' : 'low'
        const at = { topic, partition: keys.indexOf(key) % 2 }
        broker.append(at, [{ key, value: String(count++).padStart(6, '0') }])
      }
    }
    const stored = () => new Set(broker.read('out').map(({ value }) => String(value)))
    const allStored = () =>
      waitFor(() => stored().size === count, { describe: () => `${stored().size} of ${count}` })

    feed(200)
    await waitFor(() => stored().size > 50)
    broker.rebalance('group')
    feed(200)
    broker.failNext({ topic: 'out', partition: 0 }, 2, 'unknown-stored')
    broker.failNext({ topic: 'out', partition: 0 }, 2, 'unknown-not-stored')
    await waitFor(() => stored().size > 250)
    const rejoin = broker.expel('group')
    feed(200)
    await allStored()
    rejoin()
    const over = broker.outage()
    for (const { consumer } of members.splice(0, 1)) await consumer.stop(50)
    over()
    feed(100)
    await allStored()
    const committed = () =>
      ['high', 'low'].flatMap((topic) =>
        [0, 1].map((partition) => broker.committed('group', { topic, partition })),
      )
    const ends = ['high', 'low'].flatMap((topic) =>
      [0, 1].map((partition) => broker.read(topic).filter((record) => record.partition === partition).length),
    )
    await waitFor(() => String(committed()) === String(ends), {
      describe: () => `${committed()} to be ${ends}`,
    })
    for (const { consumer, publisher } of members) {
      await consumer.stop(1000)
      await publisher.close()
    }
    expect(broker.members('group')).toBe(0)

    const ways = new Map<string, Set<string>>()
    for (const { key, value } of broker.read('out')) {
      ways.set(String(key), (ways.get(String(key)) ?? new Set()).add(String(value)))
    }
    for (const way of ways.values()) expect([...way]).toEqual([...way].toSorted())
  })
})
