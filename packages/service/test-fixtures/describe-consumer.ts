import { setTimeout as delay } from 'node:timers/promises'
import {
  deadLetterTopic,
  defineEvent,
  type Event,
  type EventDefinition,
  encodeEvent,
  laneTopic,
  OUTCOMES_TOPIC,
  PARTITIONS_PER_TYPE,
  planTopics,
} from '@sluice/events'
import { type IncomingRecord, type KafkaClient, type OutgoingRecord, partitionOf } from '@sluice/kafka'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { buildEvent, uniqueName, waitFor } from '@sluice/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { parseProcessSettings } from '../src/base-settings.ts'
import { type EventHandler, type HandlerContext, PoisonError } from '../src/index.ts'
import type { RunningProcess } from '../src/process.ts'
import { consumerSettings } from '../src/run-consumer.ts'
import { startConsumer } from '../src/start-consumer.ts'

const PATIENCE_MS = 40_000

/** What a consumer service does with Kafka, as a suite for each implementation of the client port. */
export function describeConsumer(name: string, makeClient: () => KafkaClient): void {
  describe(`a consumer service on ${name}`, { timeout: 3 * PATIENCE_MS }, () => {
    const closing: (() => Promise<unknown>)[] = []
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close()
    }, PATIENCE_MS)

    /** A type of its own with its topics, and what is in them. */
    async function setup(
      spec: Partial<Pick<EventDefinition, 'retry' | 'retryDelays' | 'laneShares'>> = {},
      missing?: 'dead-letter',
    ) {
      const client = makeClient()
      const type = uniqueName('thing-done').toLowerCase()
      const data = z.strictObject({ key: z.string(), n: z.int() })
      const shape = {
        version: 1,
        origin: 'derived',
        owner: 'tests',
        data,
        example: { key: 'k', n: 1 },
      } as const
      const lanes = ['high', 'low'] as const
      const key = (held: z.infer<typeof data>) => held.key
      const consumed = defineEvent({ ...shape, type, key, lanes, defaultPriority: 'low', ...spec })
      const produced = defineEvent({ ...shape, type: `${type}-out`, key, lanes, defaultPriority: 'low' })
      const plans = planTopics(
        [
          { definition: consumed, services: [type] },
          { definition: produced, services: [] },
        ],
        { outcomes: true },
      )
      async function create(list: typeof plans): Promise<void> {
        const admin = await client.admin()
        await admin.createTopics(
          list.map(({ topic, partitions }) => ({ topic, partitions, replicationFactor: 1, config: {} })),
        )
        await admin.close()
      }
      await create(plans.filter(({ kind }) => kind !== missing))
      const producer = client.producer({ name: uniqueName('test') })
      closing.push(() => producer.close())

      const readers = new Map<string, Promise<IncomingRecord[]>>()
      /** All records of a topic, as they come. */
      function read(topic: string): Promise<IncomingRecord[]> {
        const reader = readers.get(topic) ?? openReader(topic)
        readers.set(topic, reader)
        return reader
      }
      async function openReader(topic: string) {
        const records: IncomingRecord[] = []
        const reader = client.consumer({
          group: uniqueName('reader'),
          topics: [topic],
          sessionTimeoutMs: 10_000,
        })
        closing.push(() => reader.close(5000))
        await reader.start({
          assigned() {},
          revoked() {},
          records: (_at, list) => void records.push(...list),
          crashed(error) {
            throw error
          },
        })
        return records
      }

      function event(id: string, changes: { priority?: 'high' | 'low'; key?: string } = {}): Event {
        const { priority = 'low', key: held = id } = changes
        return buildEvent(consumed, { id, priority, data: { key: held, n: 1 } })
      }
      async function post(list: readonly Event[], headers: OutgoingRecord['headers'] = {}): Promise<void> {
        for (const one of list) {
          const held = (one.data as { key: string }).key
          const at = {
            topic: laneTopic(type, one.priority),
            partition: partitionOf(held, PARTITIONS_PER_TYPE),
          }
          const records = [{ key: held, value: encodeEvent(one), headers }]
          await waitFor(async () => (await producer.produce([{ ...at, records }]))[0]?.status === 'stored')
        }
      }
      async function start(
        handle: EventHandler<typeof consumed>,
        env: Record<string, string> = {},
      ): Promise<Service> {
        const { config } = parseProcessSettings(
          consumerSettings,
          {
            KAFKA_BROKERS: 'unused:1',
            CONSUMER_COMMIT_INTERVAL_MS: '20',
            RETRY_BASE_MS: '5',
            RETRY_MAX_MS: '20',
            ...env,
          },
          type,
        )
        const metrics = createMetrics(type)
        const crashes: Error[] = []
        const running = await startConsumer(
          { consumes: consumed, produces: [produced], handle, service: type },
          {
            config,
            log: createLogger({ service: type, level: 'silent' }),
            metrics,
            kafka: client,
            crash: (error) => void crashes.push(error),
          },
        )
        let stopped: Promise<void> | undefined
        const stop = () => {
          stopped ??= running.stop(5000)
          return stopped
        }
        closing.push(stop)
        return {
          stop,
          crashes,
          check: (of) => running.checks.find((check) => check.name === of)!.check(),
          async metric(of, ...labels) {
            const lines = (await metrics.text()).split('\n')
            const found = lines.filter(
              (line) => line.startsWith(`${of}{`) && labels.every((label) => line.includes(label)),
            )
            return found.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
          },
        }
      }
      const out: EventHandler<typeof consumed> = (one) => produced.from(one, one.data)
      const outcomes = async () =>
        (await read(OUTCOMES_TOPIC))
          .map(({ value }) => JSON.parse(String(value)))
          .filter((outcome) => outcome.type === type)
      const outputs = async (lane: 'high' | 'low' = 'low') =>
        (await read(laneTopic(produced.type, lane))).map(
          ({ value }) => JSON.parse(String(value)).causationid as string,
        )
      const deadLetters = () => read(deadLetterTopic(type, type))
      const committed = async () => {
        const own = await client.admin()
        const all = await Promise.all(
          plans
            .filter(
              ({ kind, topic }) => kind !== 'outcomes' && kind !== 'dead-letter' && !topic.includes('-out'),
            )
            .map(({ topic }) => own.groupOffsets(type, topic)),
        )
        await own.close()
        return all.flat().reduce((sum, { offset }) => sum + Math.max(0, offset), 0)
      }
      return {
        type,
        client,
        event,
        post,
        start,
        out,
        outputs,
        outcomes,
        deadLetters,
        committed,
        createAll: () => create(plans),
      }
    }

    it('handles what was sent twice once, in either lane, also when it was restarted between', async () => {
      const { event, post, start, out, outputs, outcomes, committed } = await setup()
      const handled: string[] = []
      const handle = (one: Event<{ key: string; n: number }>, context: HandlerContext) => {
        handled.push(one.id)
        return out(one, context)
      }
      const first = await start(handle, { OUTCOMES: 'on' })
      await post([event('a'), event('a'), event('b'), event('a', { priority: 'high' })])
      await until(async () => (await committed()) === 4)
      await first.stop()
      expect(handled.toSorted()).toEqual(['a', 'b'])

      const second = await start(handle, { OUTCOMES: 'on' })
      await post([event('a'), event('b', { priority: 'high' }), event('c')])
      await until(async () => (await committed()) === 7)
      await second.stop()
      expect(handled.toSorted()).toEqual(['a', 'b', 'c'])
      await until(async () => (await outputs()).length === 3 || (await outputs('high')).length > 0)
      expect([...(await outputs()), ...(await outputs('high'))].toSorted()).toEqual(['a', 'b', 'c'])
      await until(async () => (await outcomes()).length === 7)
      const ends = (await outcomes()).map(({ id, outcome }) => `${id} ${outcome}`).toSorted()
      expect(ends).toEqual([
        'a duplicate',
        'a duplicate',
        'a duplicate',
        'a handled',
        'b duplicate',
        'b handled',
        'c handled',
      ])
      expect(await second.metric('sluice_window_rebuild_records_total')).toBe(4)
      expect(second.crashes).toEqual([])
    })

    it('handles a redriven event again, and one that is for another service not at all', async () => {
      const { type, event, post, start, out, outputs, committed } = await setup()
      const service = await start(out)
      await post([event('a')])
      await post([event('a')], { 'sluice-generation': 'redrive-1', 'sluice-service': 'another' })
      await post([event('a')], { 'sluice-generation': 'redrive-1', 'sluice-service': type })
      await post([event('a')], { 'sluice-generation': 'redrive-1', 'sluice-service': type })
      await until(async () => (await committed()) === 4)
      await until(async () => (await outputs()).length >= 2)
      expect(await outputs()).toEqual(['a', 'a'])
      expect(await service.metric('sluice_handled_events_total', 'outcome="skipped"')).toBe(1)
      expect(await service.metric('sluice_handled_events_total', 'outcome="duplicate"')).toBe(1)
    })

    it('tries an event of an unordered type again after each delay, while later ones of its key pass', async () => {
      const { event, post, start, out, outputs, deadLetters, committed } = await setup({
        retry: 'unordered',
        retryDelays: ['300ms', '600ms'],
      })
      const attempts: { id: string; attempt: number; time: number }[] = []
      await start((one, context) => {
        attempts.push({ id: one.id, attempt: context.attempt, time: Date.now() })
        if (one.id === 'fails' && context.attempt < 3) throw new Error('not now')
        return out(one, context)
      })
      await post([event('fails', { key: 'k' }), event('passes', { key: 'k' })])
      await until(async () => (await outputs()).length === 2)
      expect(await outputs()).toEqual(['passes', 'fails'])
      const own = attempts.filter(({ id }) => id === 'fails')
      expect(own.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
      expect(own[1]!.time - own[0]!.time).toBeGreaterThanOrEqual(300)
      expect(own[2]!.time - own[1]!.time).toBeGreaterThanOrEqual(600)
      // The event and its two copies.
      await until(async () => (await committed()) === 4)
      expect(await deadLetters()).toEqual([])
    })

    it('gives an event up after the last delay, and says where it came from and what became of it', async () => {
      const { type, event, post, start, deadLetters, committed, outcomes } = await setup({
        retry: 'unordered',
        retryDelays: ['50ms', '100ms'],
      })
      const before = Date.now()
      const service = await start(
        () => {
          throw new RangeError('never')
        },
        { OUTCOMES: 'on' },
      )
      await post([event('x', { priority: 'high' })], { trace: 'kept' })
      await until(async () => (await deadLetters()).length === 1)
      const [letter] = await deadLetters()
      const headers = Object.fromEntries(
        Object.entries(letter!.headers).map(([of, held]) => [of, String(held)]),
      )
      expect(headers).toMatchObject({
        trace: 'kept',
        'sluice-service': type,
        'dlq-original-topic': laneTopic(type, 'high'),
        'dlq-original-partition': String(partitionOf('x', PARTITIONS_PER_TYPE)),
        'dlq-original-offset': '0',
        'dlq-attempts': '3',
        'dlq-reason': 'handler',
        'dlq-error-message': 'never',
      })
      expect(headers).not.toHaveProperty('sluice-hop')
      expect(headers).not.toHaveProperty('sluice-origin')
      const failedAt = Date.parse(headers['dlq-first-failed-at']!)
      expect(failedAt).toBeGreaterThanOrEqual(before)
      expect(failedAt).toBeLessThanOrEqual(letter!.timestamp - 150)
      expect(Number(headers['dlq-original-timestamp'])).toBeLessThanOrEqual(failedAt)
      await until(async () => (await committed()) === 3)
      expect(await service.metric('sluice_retries_total')).toBe(2)
      await until(async () => (await outcomes()).length === 1)
      expect(await outcomes()).toEqual([
        {
          tenant: 'default',
          source: '/tests',
          id: 'x',
          type,
          by: type,
          outcome: 'dead-letter',
          reason: 'handler',
          hop: 2,
        },
      ])
    })

    it('goes on with retry copies where the process before it stopped', async () => {
      const { event, post, start, out, outputs, committed } = await setup({
        retry: 'unordered',
        retryDelays: ['1500ms'],
      })
      const first = await start(() => {
        throw new Error('not now')
      })
      await post([event('a'), event('b')])
      await until(async () => (await committed()) === 2)
      const begun = Date.now()
      // What is not due is not waited for.
      await first.stop()
      expect(Date.now() - begun).toBeLessThan(1400)
      expect(first.crashes).toEqual([])
      await start(out)
      await until(async () => (await outputs()).length === 2)
      expect((await outputs()).toSorted()).toEqual(['a', 'b'])
      await until(async () => (await committed()) === 4)
    })

    it('stops taking while most of what it handles fails, makes no dead letter of it, and goes on by itself', async () => {
      const { event, post, start, out, outputs, deadLetters, committed } = await setup()
      const ids = Array.from({ length: 60 }, (_, index) => `e${index}`)
      // All are there at once: of the first few that fail nothing is concluded.
      await post(ids.map((id) => event(id)))
      let works = false
      const service = await start((one, context) => {
        if (!works) throw new Error('its database is away')
        return out(one, context)
      })
      await until(() => !service.check('handler').ok)
      expect(service.check('handler').detail).toMatch(/Most attempts of the handler fail/)
      expect(await service.metric('sluice_breaker_open')).toBe(1)
      // Past the first probes, which fail too.
      await delay(3500)
      expect(service.check('handler').ok).toBe(false)
      works = true
      await until(async () => (await outputs()).length === 60)
      await until(async () => (await committed()) === 60)
      expect(service.check('handler').ok).toBe(true)
      expect(await deadLetters()).toEqual([])
      expect((await outputs()).toSorted()).toEqual(ids.toSorted())
    })

    it('a dead letter that cannot be stored holds its offset, says so, and goes when it can; others go on', async () => {
      const { event, post, start, out, outputs, deadLetters, committed, createAll } = await setup(
        {},
        'dead-letter',
      )
      const service = await start((one, context) => {
        if (one.id === 'bad') throw new PoisonError('never')
        return out(one, context)
      })
      expect(service.check('outputs').ok).toBe(true)
      await post([event('bad', { key: 'k' }), event('good', { key: 'k' }), event('other')])
      await until(async () => (await outputs()).length === 2)
      await until(() => !service.check('outputs').ok)
      expect(service.check('outputs').detail).toMatch(/does not take records for .+\.dlq: /)
      // At most that of the other key, if it has another partition.
      expect(await committed()).toBeLessThanOrEqual(1)
      expect(service.crashes).toEqual([])
      await createAll()
      await until(async () => (await deadLetters()).length === 1)
      await until(async () => (await committed()) === 3)
      await until(() => service.check('outputs').ok)
    })

    it('serves its lanes as the definition says', async () => {
      const { start, out } = await setup({ laneShares: { low: { weight: 48, maxWaitMs: 200 } } })
      const service = await start(out)
      expect(await service.metric('sluice_lane_share_ratio', 'lane="high"')).toBe(0.25)
      expect(await service.metric('sluice_lane_share_ratio', 'lane="low"')).toBe(0.75)
    })

    it('poison opens nothing', async () => {
      const { event, post, start, deadLetters } = await setup()
      const service = await start(() => {
        throw new PoisonError('never')
      })
      await post(Array.from({ length: 40 }, (_, index) => event(`e${index}`)))
      await until(async () => (await deadLetters()).length === 40)
      expect(service.check('handler').ok).toBe(true)
    })

    it('drops what a handler answers after its time, and does not wait for it', async () => {
      const { event, post, start, out, outputs, deadLetters } = await setup()
      const late: (() => void)[] = []
      const service = await start(
        async (one, context) => {
          // Never looks at its signal.
          await new Promise<void>((resolve) => late.push(resolve))
          return out(one, context)
        },
        { HANDLER_TIMEOUT_MS: '100', RETRY_MAX_ATTEMPTS: '2' },
      )
      await post([event('a')])
      await until(async () => (await deadLetters()).length === 1)
      expect(String((await deadLetters())[0]!.headers['dlq-reason'])).toBe('timeout')
      for (const answer of late) answer()
      await delay(200)
      expect(await outputs()).toEqual([])
      await service.stop()
      expect(service.crashes).toEqual([])
    })
  })
}

type Service = {
  stop(): Promise<void>
  readonly crashes: readonly Error[]
  check(name: string): ReturnType<RunningProcess['checks'][number]['check']>
  metric(name: string, ...labels: string[]): Promise<number>
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await waitFor(condition, { timeoutMs: PATIENCE_MS, describe: condition.toString(), intervalMs: 25 })
}
