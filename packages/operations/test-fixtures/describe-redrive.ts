import { deadLetterTopic, encodeEvent, laneTopic, orderPlaced, planTopics } from '@sluice/events'
import {
  type IncomingRecord,
  type KafkaClient,
  type OutgoingRecord,
  partitionOf,
  toDeadLetter,
} from '@sluice/kafka'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { buildEvent, uniqueName } from '@sluice/testing'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createSender,
  type DeadLetterQueue,
  findDeadLetterQueue,
  parseFilters,
  type RedriveOptions,
  readLetterAt,
  redrive,
  replay,
  type Selection,
  surveyDeadLetters,
} from '../src/index.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const PATIENCE_MS = 60_000

/** Redrive and replay, as a suite for each implementation of the client port. */
export function describeRedrive(name: string, makeClient: () => KafkaClient): void {
  describe(`dead letters on ${name}`, { timeout: PATIENCE_MS }, () => {
    const closing: (() => Promise<unknown>)[] = []
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close()
    }, PATIENCE_MS)

    /** A type of its own, with `count` events in its lane that its service gave up, two of three by timeout. */
    async function setup(count: number, { missing = false } = {}) {
      const client = makeClient()
      const type = uniqueName('thing-done').toLowerCase()
      // The orders' schema under another name: each test has topics of its own.
      const definition = { ...orderPlaced, type }
      const entry = { definition, services: [type] }
      const lane = laneTopic(type, 'normal')
      const dlq = deadLetterTopic(type, type)
      const admin = await client.admin()
      closing.push(() => admin.close())
      const plans = planTopics([entry]).filter(({ kind }) => !missing || kind !== 'dead-letter')
      await admin.createTopics(
        plans.map(({ topic, partitions }) => ({ topic, partitions, replicationFactor: 1, config: {} })),
      )
      const sender = createSender({
        client,
        metrics: createMetrics('test'),
        log: createLogger({ service: 'test', level: 'silent' }),
      })
      closing.push(() => sender.close())
      const events = Array.from({ length: count }, (_, n) => {
        const key = `k-${n % 5}`
        const value = Buffer.from(
          encodeEvent(buildEvent(definition, { id: `e-${n}`, data: { orderId: `${n}` } })),
        )
        return { n, key, value, timestamp: NOW + 1000 * n }
      })
      /** Writes records to a partition, as soon as it has a leader. */
      async function write(topic: string, partition: number, records: readonly OutgoingRecord[]) {
        const sent = records.map((record) => ({ lane: 'redelivery', topic, partition, ...record }))
        const outcomes = await sender.send(sent)
        expect(outcomes.filter(({ status }) => status !== 'stored')).toEqual([])
      }
      const places = new Map<number, number>()
      for (let partition = 0; partition < 3; partition++) {
        const own = events.filter(({ key }) => partitionOf(key, 3) === partition)
        for (const [offset, { n }] of own.entries()) places.set(n, offset)
        if (own.length > 0) await write(lane, partition, own)
      }
      async function giveUp(
        some: readonly IncomingRecord[],
        reason: 'timeout' | 'handler' | 'alternate' = 'alternate',
      ) {
        const letters = some.map((record, index) => {
          const why = reason !== 'alternate' ? reason : index % 3 === 0 ? 'handler' : 'timeout'
          const error = new RangeError('no such account')
          const letter = { service: type, reason: why, attempts: 5, firstFailedAt: NOW, error } as const
          const { key, value, headers } = toDeadLetter(record, letter, dlq)
          return { key, value, headers: headers!, timestamp: record.timestamp }
        })
        if (letters.length > 0) await write(dlq, 0, letters)
      }
      const originals = events.map(
        ({ n, key, value, timestamp }): IncomingRecord => ({
          ...{ topic: lane, partition: partitionOf(key, 3), offset: places.get(n)!, timestamp },
          ...{ key: Buffer.from(key), value, headers: {}, bytes: 0 },
        }),
      )
      if (!missing) await giveUp(originals)

      /** Everything in a topic. */
      async function read(topic: string): Promise<IncomingRecord[]> {
        const bounds = await admin.topicOffsets(topic)
        const from = bounds.map(({ partition, low }) => ({ topic, partition, offset: low }))
        const to = bounds.map(({ partition, high }) => ({ topic, partition, offset: high }))
        const reader = client.reader({ name: 'test' })
        const found: IncomingRecord[] = []
        for await (const { records } of reader.read(from, { to })) found.push(...records)
        await reader.close()
        return found
      }
      /** What was sent again, by the event's number, in the order in which it stands in each partition. */
      async function sentAgain(): Promise<{ n: number; generation: string; record: IncomingRecord }[]> {
        const records = await read(lane)
        return records.flatMap((record) => {
          const generation = record.headers['sluice-generation']
          if (generation === undefined) return []
          return [
            {
              n: Number(JSON.parse(String(record.value)).data.orderId),
              generation: String(generation),
              record,
            },
          ]
        })
      }
      const queue = findDeadLetterQueue([entry], type) as DeadLetterQueue
      const run = (options: Partial<RedriveOptions> & { filters?: readonly string[] } = {}) => {
        const { filters = [], ...rest } = options
        const { selection } = parseFilters(filters, NOW) as { selection: Selection }
        return redrive(queue, {
          client,
          sender,
          selection,
          again: false,
          maxReplays: 3,
          dryRun: false,
          ...rest,
        })
      }
      const survey = () => surveyDeadLetters(queue, { client, newest: 3 })
      return {
        client,
        sender,
        entry,
        type,
        lane,
        dlq,
        queue,
        events,
        read,
        write,
        giveUp,
        run,
        sentAgain,
        survey,
      }
    }

    const numbers = (sent: readonly { n: number }[]) => sent.map(({ n }) => n).toSorted((a, b) => a - b)
    const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

    it('are counted by reason and error, with the first and the last time', async () => {
      const { survey } = await setup(9)
      const { letters, waiting, groups, newest } = await survey()
      expect({ letters, waiting }).toEqual({ letters: 9, waiting: 9 })
      expect(groups).toEqual([
        {
          reason: 'timeout',
          errorType: 'RangeError',
          letters: 6,
          waiting: 6,
          firstAt: NOW + 1000,
          lastAt: NOW + 8000,
        },
        {
          reason: 'handler',
          errorType: 'RangeError',
          letters: 3,
          waiting: 3,
          firstAt: NOW,
          lastAt: NOW + 6000,
        },
      ])
      expect(newest.map(({ offset, id, key }) => ({ offset, id, key }))).toEqual([
        { offset: 6, id: 'e-6', key: 'k-1' },
        { offset: 7, id: 'e-7', key: 'k-2' },
        { offset: 8, id: 'e-8', key: 'k-3' },
      ])
    })

    it('that are not there are no error, but a topic that is not there is one to whoever sends', async () => {
      const none = await setup(0)
      expect(await none.survey()).toMatchObject({ exists: true, letters: 0, groups: [] })
      expect(await none.run()).toMatchObject({ ended: 'done', selected: 0, planned: 0, sent: 0 })
      const missing = await setup(0, { missing: true })
      expect(await missing.survey()).toMatchObject({ exists: false, letters: 0 })
      await expect(missing.run()).rejects.toThrow(`There is no ${missing.dlq} in this Kafka: npm run topics`)
      expect(await readLetterAt(missing.queue, 0, missing.client)).toBeUndefined()
    })

    it('are shown one by one, and a mark is none', async () => {
      const { queue, client, run, events } = await setup(3)
      const found = await readLetterAt(queue, 1, client)
      expect(found!.letter).toMatchObject({ offset: 1, id: 'e-1', reason: 'timeout', attempts: 5 })
      expect(found!.record.value).toEqual(events[1]!.value)
      expect(await readLetterAt(queue, 3, client)).toBeUndefined()
      await run()
      expect(await readLetterAt(queue, 3, client)).toBeUndefined()
    })

    it('go back to their lane, byte for byte, in the order of each key', async () => {
      const { run, sentAgain, survey, events, type } = await setup(40)
      expect(await run()).toMatchObject({ ended: 'done', selected: 40, planned: 40, sent: 40 })
      const sent = await sentAgain()
      expect(numbers(sent)).toEqual(upTo(40))
      for (const { n, generation, record } of sent) {
        expect(generation).toBe('redrive-1')
        expect(String(record.headers['sluice-service'])).toBe(type)
        expect(record.value).toEqual(events[n]!.value)
        expect(record.partition).toBe(partitionOf(events[n]!.key, 3))
      }
      for (const [, ofKey] of Map.groupBy(sent, ({ n }) => events[n]!.key)) {
        const order = ofKey.map(({ n }) => n)
        expect(order).toEqual(order.toSorted((a, b) => a - b))
      }
      expect(await survey()).toMatchObject({ letters: 40, waiting: 0 })
    })

    it('are not sent a second time, unless that is asked for: then with the same generation', async () => {
      const { run, sentAgain } = await setup(6)
      await run()
      expect(await run()).toMatchObject({
        ended: 'done',
        selected: 6,
        redrivenBefore: 6,
        planned: 0,
        sent: 0,
      })
      expect(await sentAgain()).toHaveLength(6)
      expect(await run({ again: true })).toMatchObject({ planned: 6, redrivenBefore: 0, sent: 6 })
      const sent = await sentAgain()
      expect(sent).toHaveLength(12)
      expect(new Set(sent.map(({ generation }) => generation))).toEqual(new Set(['redrive-1']))
    })

    it('are selected by what they say, and a selection leaves the others waiting', async () => {
      const { run, sentAgain, survey } = await setup(9)
      expect(await run({ filters: ['reason=handler'] })).toMatchObject({
        selected: 3,
        sent: 3,
        reasons: [{ reason: 'handler', errorType: 'RangeError', letters: 3 }],
      })
      expect(numbers(await sentAgain())).toEqual([0, 3, 6])
      await run({ filters: ['offset=7'] })
      expect(numbers(await sentAgain())).toEqual([0, 3, 6, 7])
      expect(await survey()).toMatchObject({ letters: 9, waiting: 5 })
      expect(await run()).toMatchObject({ selected: 9, redrivenBefore: 4, sent: 5 })
      expect(numbers(await sentAgain())).toEqual(upTo(9))
    })

    it('go in portions with a maximum', async () => {
      const { run, sentAgain } = await setup(9)
      expect(await run({ max: 4 })).toMatchObject({ ended: 'done', selected: 9, planned: 4, sent: 4 })
      expect(numbers(await sentAgain())).toEqual([0, 1, 2, 3])
      expect(await run({ max: 4 })).toMatchObject({ redrivenBefore: 4, sent: 4 })
      expect(numbers(await sentAgain())).toEqual(upTo(8))
    })

    it('stay where they are in a dry run, which says where they would go', async () => {
      const { run, sentAgain, survey, lane, events } = await setup(9)
      const report = await run({ dryRun: true })
      expect(report).toMatchObject({ ended: 'done', planned: 9, sent: 0 })
      const routes = Map.groupBy(events, ({ key }) => partitionOf(key, 3))
      expect(new Set(report.routes)).toEqual(
        new Set([...routes].map(([partition, of]) => ({ topic: lane, partition, letters: of.length }))),
      )
      expect(await sentAgain()).toEqual([])
      expect(await survey()).toMatchObject({ waiting: 9 })
    })

    it('that failed again come back with their count, until the guard leaves them', async () => {
      const { run, sentAgain, giveUp } = await setup(2)
      for (let round = 1; round <= 3; round++) {
        expect(await run()).toMatchObject({ sent: 2, guarded: 0 })
        const sent = (await sentAgain()).filter(({ generation }) => generation === `redrive-${round}`)
        expect(sent).toHaveLength(2)
        await giveUp(sent.map(({ record }) => record))
      }
      expect(await run()).toMatchObject({ selected: 8, redrivenBefore: 6, guarded: 2, planned: 0, sent: 0 })
      expect(await run({ maxReplays: 4 })).toMatchObject({ guarded: 0, sent: 2 })
    })

    it('of another origin stay, and are said', async () => {
      const { run, write, dlq } = await setup(1)
      await write(dlq, 0, [
        {
          key: 'k',
          value: '{}',
          headers: {
            'dlq-original-topic': 'control.rules',
            'dlq-original-partition': '0',
            'dlq-original-offset': '0',
          },
        },
        { key: 'k', value: '{}', headers: {} },
      ])
      expect(await run()).toMatchObject({ selected: 3, strangers: 2, sent: 1 })
    })

    it('that are poison or nothing go back as they are', async () => {
      const { run, read, giveUp, lane } = await setup(0)
      const at = { topic: lane, partition: 2, offset: 0, timestamp: NOW, headers: {}, bytes: 0 }
      await giveUp([
        { ...at, key: null, value: Buffer.from([0xff, 0x00]) },
        { ...at, key: null, value: null },
      ])
      expect(await run()).toMatchObject({ sent: 2, strangers: 0 })
      const records = await read(lane)
      expect(records.map(({ partition, value }) => ({ partition, value }))).toEqual([
        { partition: 2, value: Buffer.from([0xff, 0x00]) },
        { partition: 2, value: null },
      ])
    })

    it('are gone on with where a redrive was interrupted, by a stop or by a crash', async () => {
      const { run, sentAgain, sender, survey } = await setup(1200)
      const stop = new AbortController()
      const stopped = await run({
        signal: stop.signal,
        onProgress: ({ phase, done }) => {
          if (phase === 'sending' && done > 0) stop.abort()
        },
      })
      expect(stopped).toMatchObject({ ended: 'stopped', planned: 1200, sent: 500 })
      expect(await survey()).toMatchObject({ waiting: 700 })

      // It dies after Kafka has taken a chunk, and before the mark: so that chunk is sent twice.
      let sends = 0
      const crashing = {
        ...sender,
        send(records: Parameters<typeof sender.send>[0]) {
          sends += 1
          if (sends === 2) throw new Error('killed')
          return sender.send(records)
        },
      }
      await expect(run({ sender: crashing })).rejects.toThrow('killed')
      expect(await survey()).toMatchObject({ waiting: 700 })
      expect(await run()).toMatchObject({ ended: 'done', redrivenBefore: 500, sent: 700 })
      const sent = await sentAgain()
      expect(new Set(numbers(sent))).toEqual(new Set(upTo(1200)))
      expect(sent).toHaveLength(1700)
      expect(new Set(sent.map(({ generation }) => generation)).size).toBe(1)
      expect(await survey()).toMatchObject({ letters: 1200, waiting: 0 })
    })

    it('are replayed with their events: a time range, once more, for one service', async () => {
      const { client, sender, entry, type, sentAgain, events } = await setup(30)
      const range = { from: NOW + 5000, to: NOW + 25_000 }
      const options = { client, sender, service: type, run: 'a', dryRun: false, ...range }
      expect(await replay(entry, { ...options, dryRun: true })).toMatchObject({ ended: 'done', sent: 0 })
      expect(await sentAgain()).toEqual([])
      expect(await replay(entry, options)).toMatchObject({ ended: 'done', sent: 20, copies: 0, lost: 0 })
      const sent = await sentAgain()
      expect(numbers(sent)).toEqual(upTo(30).slice(5, 25))
      for (const { n, generation, record } of sent) {
        expect(generation).toBe('replay-a')
        expect(String(record.headers['sluice-service'])).toBe(type)
        expect(record.value).toEqual(events[n]!.value)
        expect(record.partition).toBe(partitionOf(events[n]!.key, 3))
      }
      // The same run has nothing left to do; another one begins anew, and takes no copy for an event.
      expect(await replay(entry, options)).toMatchObject({ sent: 0 })
      expect(await replay(entry, { ...options, run: 'b', to: Date.now() })).toMatchObject({
        sent: 25,
        copies: 20,
      })
    })

    it('are not replayed in a Kafka that has no topics of the type', async () => {
      const { client, sender, entry, type } = await setup(0)
      const elsewhere = { ...entry, definition: { ...entry.definition, type: `${type}-elsewhere` } }
      const options = { client, sender, service: type, run: 'a', dryRun: false, from: 0, to: NOW }
      await expect(replay(elsewhere, options)).rejects.toThrow(`There are no topics of ${type}-elsewhere`)
    })

    it('are replayed on from where a run was stopped', async () => {
      const { client, sender, entry, type, sentAgain } = await setup(1500)
      const stop = new AbortController()
      const options = {
        client,
        sender,
        service: type,
        run: 'a',
        dryRun: false,
        from: NOW,
        to: NOW + 10_000_000,
      }
      const stopped = await replay(entry, {
        ...options,
        signal: stop.signal,
        onProgress: ({ sent }) => sent > 0 && stop.abort(),
      })
      expect(stopped.ended).toBe('stopped')
      expect(stopped.sent).toBeLessThan(1500)
      const rest = await replay(entry, options)
      expect(rest.ended).toBe('done')
      expect(stopped.sent + rest.sent).toBe(1500)
      expect(numbers(await sentAgain())).toEqual(upTo(1500))
    })
  })
}
