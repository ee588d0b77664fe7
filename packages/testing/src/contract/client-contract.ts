import { randomBytes } from 'node:crypto'
import type {
  AssignedPartition,
  Consumer,
  KafkaClient,
  OutgoingRecord,
  ProduceOutcome,
  Producer,
  ReadBatch,
  Reader,
  TopicPartition,
} from '@sluice/kafka'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { uniqueName } from '../unique-name.ts'
import { waitFor } from '../wait-for.ts'
import { createRecordingListener, type RecordingListener } from './recording-listener.ts'

export type ClientHarness = {
  readonly client: KafkaClient
  /** Stops what the harness itself started. */
  close?(): Promise<void>
}

/** Bounds a failure, never a success: a real broker on a busy machine is slow now and then. */
const PATIENCE_MS = 30_000
/** Kafka's default lower bound is 6 s. */
const SESSION_TIMEOUT_MS = 10_000
const CLOSE_MS = 10_000

/**
 * What the client port promises, as a suite for each implementation. Works on a broker that others use too:
 * names are unique, nothing is deleted, nothing depends on speed.
 */
export function describeClientContract(
  name: string,
  makeHarness: () => ClientHarness | Promise<ClientHarness>,
): void {
  describe(`${name} keeps the client contract`, { timeout: 3 * PATIENCE_MS }, () => {
    let harness: ClientHarness
    let producer: Producer
    const consumers: Consumer[] = []

    beforeAll(async () => {
      harness = await makeHarness()
      producer = harness.client.producer({ name: uniqueName('contract') })
    }, 3 * PATIENCE_MS)

    afterEach(async () => {
      await Promise.all(consumers.splice(0).map((consumer) => consumer.close(CLOSE_MS)))
    }, 2 * CLOSE_MS)

    afterAll(async () => {
      await producer?.close()
      await harness?.close?.()
    }, 3 * PATIENCE_MS)

    async function makeTopic(partitions = 1, config: Record<string, string> = {}): Promise<string> {
      const topic = uniqueName('contract')
      const admin = await harness.client.admin()
      try {
        expect(await admin.createTopics([{ topic, partitions, replicationFactor: 1, config }])).toEqual([
          topic,
        ])
      } finally {
        await admin.close()
      }
      return topic
    }

    async function join(
      group: string,
      topics: readonly string[],
      whenAssigned?: (consumer: Consumer, partitions: readonly AssignedPartition[]) => void,
    ): Promise<{ consumer: Consumer; heard: RecordingListener }> {
      const heard = createRecordingListener((partitions) => whenAssigned?.(consumer, partitions))
      const consumer = harness.client.consumer({ group, topics, sessionTimeoutMs: SESSION_TIMEOUT_MS })
      consumers.push(consumer)
      await consumer.start(heard)
      return { consumer, heard }
    }

    async function leave(consumer: Consumer): Promise<void> {
      consumers.splice(consumers.indexOf(consumer), 1)
      await consumer.close(CLOSE_MS)
    }

    /** Stores text values; a topic may take a moment to have a leader, and the port makes one attempt a call. */
    async function store(at: TopicPartition, ...values: string[]): Promise<void> {
      await storeRecords(
        at,
        values.map((value) => ({ key: null, value })),
      )
    }

    async function storeRecords(at: TopicPartition, records: readonly OutgoingRecord[]): Promise<void> {
      await until(
        async () => (await producer.produce([{ ...at, records }]))[0]?.status === 'stored',
        () => `${at.topic} to take records`,
      )
    }

    async function offsetsOf(topic: string) {
      const admin = await harness.client.admin()
      return admin.topicOffsets(topic).finally(() => admin.close())
    }

    async function committedBy(group: string, topic: string) {
      const admin = await harness.client.admin()
      return admin.groupOffsets(group, topic).finally(() => admin.close())
    }

    describe('a producer', () => {
      it('hands on key, value, headers and time byte for byte', async () => {
        const topic = await makeTopic()
        const bytes = Uint8Array.from([0, 255, 128, 10])
        await storeRecords({ topic, partition: 0 }, [
          {
            key: 'ключ',
            value: 'värde',
            headers: { text: 'ü', bytes, many: ['a', 'b'] },
            timestamp: 1_700_000_000_123,
          },
          { key: bytes, value: bytes, timestamp: 1_700_000_000_124 },
          { key: null, value: null },
          { key: '', value: '' },
        ])
        const before = Date.now()
        const { heard } = await join(uniqueName('group'), [topic])
        await until(() => heard.values().length === 4)
        const [text, binary, nothing, empty] = heard.received
        expect(text).toMatchObject({ topic, partition: 0, offset: 0, timestamp: 1_700_000_000_123 })
        expect(text?.key).toEqual(Buffer.from('ключ'))
        expect(text?.value).toEqual(Buffer.from('värde'))
        expect(String(text?.headers['text'])).toBe('ü')
        expect(Buffer.from(binaryHeader(text?.headers['bytes']))).toEqual(Buffer.from(bytes))
        expect([text?.headers['many']].flat().map(String)).toEqual(['a', 'b'])
        expect(binary).toMatchObject({ key: Buffer.from(bytes), value: Buffer.from(bytes) })
        expect(nothing).toMatchObject({ offset: 2, key: null, value: null })
        expect(Math.abs((nothing?.timestamp ?? 0) - before)).toBeLessThan(24 * 60 * 60 * 1000)
        expect(empty).toMatchObject({ key: Buffer.alloc(0), value: Buffer.alloc(0) })
      })

      it('keeps the order of records in a partition, over several calls', async () => {
        const topic = await makeTopic()
        const values = Array.from({ length: 60 }, (_, index) => `v${index}`)
        for (let at = 0; at < values.length; at += 20) {
          await store({ topic, partition: 0 }, ...values.slice(at, at + 20))
        }
        const { heard } = await join(uniqueName('group'), [topic])
        await until(() => heard.values().length >= 60)
        expect(heard.values()).toEqual(values)
        const offsets = heard.received.map(({ offset }) => offset)
        expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
      })

      it('answers every batch of a call, in order', async () => {
        const [topic, other] = [await makeTopic(3), await makeTopic(1)]
        for (const partition of [0, 1, 2]) await store({ topic, partition }, 'first')
        await store({ topic: other, partition: 0 }, 'first')
        const batches = [2, 0, 1].map((partition) => ({
          topic,
          partition,
          records: [{ key: null, value: `${partition}` }],
        }))
        const outcomes = await producer.produce([
          ...batches,
          { topic: other, partition: 0, records: [{ key: null, value: 'o' }] },
        ])
        expect(outcomes).toEqual(Array.from({ length: 4 }, () => ({ status: 'stored' })))
        expect(await offsetsOf(topic)).toEqual([0, 1, 2].map((partition) => ({ partition, low: 0, high: 2 })))
      })

      it('lets a missing topic fail nobody else', async () => {
        const topic = await makeTopic()
        await store({ topic, partition: 0 }, 'first')
        const missing = uniqueName('missing')
        const outcomes = await produceBeside(missing, 'lost', topic)
        expect(outcomes[0]).toMatchObject({ status: 'failed', reason: 'unknown-topic' })
      })

      it('lets a batch over the limit fail nobody else', async () => {
        const [topic, small] = [await makeTopic(), await makeTopic(1, { 'max.message.bytes': '2000' })]
        await store({ topic, partition: 0 }, 'first')
        await store({ topic: small, partition: 0 }, 'first')
        const outcomes = await produceBeside(small, randomBytes(6000).toString('hex'), topic)
        expect(outcomes[0]).toMatchObject({ status: 'failed', reason: 'too-large', retriable: false })
        expect(await offsetsOf(small)).toEqual([{ partition: 0, low: 0, high: 1 }])
      })

      /** One bad batch and one good one; the good one may need another call where the port cannot tell. */
      async function produceBeside(
        bad: string,
        value: string,
        good: string,
      ): Promise<readonly ProduceOutcome[]> {
        const outcomes = await producer.produce([
          { topic: bad, partition: 0, records: [{ key: null, value }] },
          { topic: good, partition: 0, records: [{ key: null, value: 'beside' }] },
        ])
        expect(outcomes[1]).toEqual({ status: 'stored' })
        const { heard } = await join(uniqueName('group'), [good])
        await until(() => heard.values().includes('beside'))
        expect(heard.values()).toEqual(['first', 'beside'])
        return outcomes
      }

      it('finishes what is in flight when it is closed', async () => {
        const topic = await makeTopic()
        await store({ topic, partition: 0 }, 'first')
        const closing = harness.client.producer({ name: uniqueName('closing') })
        await closing.produce([{ topic, partition: 0, records: [{ key: null, value: 'connected' }] }])
        let outcomes: readonly ProduceOutcome[] | undefined
        void closing
          .produce([{ topic, partition: 0, records: [{ key: null, value: 'last' }] }])
          .then((settled) => {
            outcomes = settled
          })
        await closing.close()
        // The answer and the end of close may settle in either order within one turn.
        await new Promise<void>((resolve) => setImmediate(resolve))
        expect(outcomes).toEqual([{ status: 'stored' }])
        expect(await offsetsOf(topic)).toEqual([{ partition: 0, low: 0, high: 3 }])
      })
    })

    describe('a consumer', () => {
      it('begins at the start of the log and says how far it has come', async () => {
        const topic = await makeTopic()
        await store({ topic, partition: 0 }, 'a', 'b', 'c')
        const { heard } = await join(uniqueName('group'), [topic])
        await until(() => heard.values().length === 3)
        expect(heard.values()).toEqual(['a', 'b', 'c'])
        await until(() => heard.reach(0)?.end === 3 && heard.reach(0)?.highWatermark === 3)
      })

      it('reads on as records arrive', async () => {
        const topic = await makeTopic()
        const { heard } = await join(uniqueName('group'), [topic])
        await until(() => heard.owned()?.length === 1)
        await store({ topic, partition: 0 }, 'a')
        await until(() => heard.values().includes('a'))
        await store({ topic, partition: 0 }, 'b')
        await until(() => heard.values().includes('b'))
      })

      it('resumes from the committed offset, and commits nothing by itself', async () => {
        const topic = await makeTopic()
        const group = uniqueName('group')
        await store({ topic, partition: 0 }, 'a', 'b', 'c')
        const first = await join(group, [topic])
        await until(() => first.heard.values().length === 3)
        expect(await committedBy(group, topic)).toEqual([{ partition: 0, offset: -1 }])
        await first.consumer.commit([{ topic, partition: 0, offset: 2 }])
        await leave(first.consumer)
        expect(await committedBy(group, topic)).toEqual([{ partition: 0, offset: 2 }])

        const second = await join(group, [topic])
        await until(() => second.heard.values().length > 0)
        expect(second.heard.received[0]?.offset).toBe(2)
      })

      it('says where each partition stands when it assigns it', async () => {
        const topics = [await makeTopic(2), await makeTopic(2)]
        const [topic, other] = topics as [string, string]
        const group = uniqueName('group')
        await store({ topic, partition: 1 }, 'a', 'b', 'c')
        await store({ topic: other, partition: 0 }, 'a')
        const first = await join(group, topics)
        await until(() => first.heard.values(1).length === 3)
        expect(sortedByPlace(first.heard.owned()!)).toEqual(
          sortedByPlace([
            { topic, partition: 0, committed: -1, low: 0, high: 0 },
            { topic, partition: 1, committed: -1, low: 0, high: 3 },
            { topic: other, partition: 0, committed: -1, low: 0, high: 1 },
            { topic: other, partition: 1, committed: -1, low: 0, high: 0 },
          ]),
        )
        await first.consumer.commit([{ topic, partition: 1, offset: 2 }])
        await leave(first.consumer)
        const second = await join(group, topics)
        await until(() => second.heard.owned()?.length === 4)
        expect(second.heard.owned()).toContainEqual({ topic, partition: 1, committed: 2, low: 0, high: 3 })
      })

      it('begins where its owner seeks when it is told, also before the committed offset', async () => {
        const topic = await makeTopic(2)
        const group = uniqueName('group')
        const values = ['a', 'b', 'c', 'd', 'e']
        await store({ topic, partition: 0 }, ...values)
        await store({ topic, partition: 1 }, ...values)
        const first = await join(group, [topic])
        await until(() => first.heard.values(0).length === 5 && first.heard.values(1).length === 5)
        await first.consumer.commit([0, 1].map((partition) => ({ topic, partition, offset: 4 })))
        await leave(first.consumer)

        const second = await join(group, [topic], (consumer, partitions) => {
          for (const { partition, committed } of partitions) {
            if (partition === 0) consumer.seek({ topic, partition, offset: committed - 3 })
          }
        })
        await until(() => second.heard.values(0).length === 4 && second.heard.values(1).length === 1)
        expect(second.heard.received.filter(({ partition }) => partition === 0)[0]?.offset).toBe(1)
        expect(second.heard.values(0)).toEqual(['b', 'c', 'd', 'e'])
        expect(second.heard.values(1)).toEqual(['e'])
        // Reading what was committed commits nothing.
        expect(await committedBy(group, topic)).toEqual([
          { partition: 0, offset: 4 },
          { partition: 1, offset: 4 },
        ])
      })

      it('stops fetching what is paused and goes on when it is resumed', async () => {
        const topic = await makeTopic(2)
        const { consumer, heard } = await join(uniqueName('group'), [topic])
        await until(() => heard.owned()?.length === 2)
        await store({ topic, partition: 0 }, 'before')
        await until(() => heard.values(0).includes('before'))
        consumer.pause([{ topic, partition: 0 }])
        // A fetch that was on its way when the pause came has ended once this one is here.
        await store({ topic, partition: 1 }, 'x')
        await until(() => heard.values(1).includes('x'))
        await store({ topic, partition: 0 }, 'paused')
        for (const value of ['y', 'z']) {
          await store({ topic, partition: 1 }, value)
          await until(() => heard.values(1).includes(value))
        }
        expect(heard.values(0)).toEqual(['before'])
        consumer.resume([{ topic, partition: 0 }])
        await until(() => heard.values(0).includes('paused'))
        expect(heard.values(0)).toEqual(['before', 'paused'])
      })

      it('fetches again from where it is told to', async () => {
        const topic = await makeTopic()
        await store({ topic, partition: 0 }, 'a', 'b', 'c')
        const { consumer, heard } = await join(uniqueName('group'), [topic])
        await until(() => heard.values().length === 3)
        const times = (offset: number) => heard.received.filter((record) => record.offset === offset).length
        const before = [times(0), times(1), times(2)]
        consumer.seek({ topic, partition: 0, offset: 1 })
        await until(() => times(1) > before[1]! && times(2) > before[2]!)
        expect(times(0)).toBe(before[0])
      })

      it('shares the partitions among members, the same numbers of every topic to one', async () => {
        const topics = [await makeTopic(4), await makeTopic(4)]
        const group = uniqueName('group')
        const [first, second] = [await join(group, topics), await join(group, topics)]
        await until(() => isShared([first.heard, second.heard], 8))
        for (const { heard } of [first, second]) {
          const [numbers, others] = topics.map((topic) => numbersOf(heard, topic))
          expect(numbers).toEqual(others)
          expect(numbers).toHaveLength(2)
        }
        expect(
          [...numbersOf(first.heard, topics[0]!), ...numbersOf(second.heard, topics[0]!)].sort(),
        ).toEqual([0, 1, 2, 3])
      })

      it('ends an epoch before it begins a higher one', async () => {
        const topic = await makeTopic(2)
        const group = uniqueName('group')
        const first = await join(group, [topic])
        await until(() => first.heard.owned()?.length === 2)
        const second = await join(group, [topic])
        await until(() => isShared([first.heard, second.heard], 2))
        const { story } = first.heard
        const epochs = first.heard.epochs()
        expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b))
        expect(story.filter((line) => line.startsWith('assigned')).length).toBeGreaterThanOrEqual(2)
        story.forEach((line, index) => {
          if (index > 0 && line.startsWith('assigned')) expect(story[index - 1]).toBe('revoked')
        })
      })

      it('gives its partitions to the others when it is closed', async () => {
        const topic = await makeTopic(2)
        const group = uniqueName('group')
        const [first, second] = [await join(group, [topic]), await join(group, [topic])]
        await until(() => isShared([first.heard, second.heard], 2))
        await leave(first.consumer)
        await until(() => second.heard.owned()?.length === 2)
        await store({ topic, partition: 0 }, 'a')
        await store({ topic, partition: 1 }, 'b')
        await until(() => second.heard.values(0).includes('a') && second.heard.values(1).includes('b'))
        expect(first.heard.received).toEqual([])
      })

      it('refuses to commit once it has left the group', async () => {
        const topic = await makeTopic()
        const group = uniqueName('group')
        await store({ topic, partition: 0 }, 'a')
        const { consumer, heard } = await join(group, [topic])
        await until(() => heard.values().length === 1)
        await leave(consumer)
        await expect(consumer.commit([{ topic, partition: 0, offset: 1 }])).rejects.toThrow()
        expect(await committedBy(group, topic)).toEqual([{ partition: 0, offset: -1 }])
      })

      it('takes nothing from the new owner by a late commit', async () => {
        const topic = await makeTopic(2)
        const group = uniqueName('group')
        const first = await join(group, [topic])
        await until(() => first.heard.owned()?.length === 2)
        const second = await join(group, [topic])
        await until(() => isShared([first.heard, second.heard], 2))
        const [lost] = second.heard.owned()!
        const at = { topic, partition: lost!.partition }
        // Refused, or taken as Kafka takes it from any member; either way reading goes on.
        await first.consumer.commit([{ ...at, offset: 0 }]).catch(() => {})
        await store(at, 'a', 'b')
        await until(() => second.heard.values(at.partition).length === 2)
        await second.consumer.commit([{ ...at, offset: 2 }])
        expect((await committedBy(group, topic))[at.partition]).toEqual({
          partition: at.partition,
          offset: 2,
        })
        expect(second.heard.story.filter((line) => line.startsWith('crashed'))).toEqual([])
      })
    })

    describe('a reader', () => {
      const from = (topic: string, ...offsets: number[]) =>
        offsets.map((offset, partition) => ({ topic, partition, offset }))

      async function withReader<Result>(use: (reader: Reader) => Promise<Result>): Promise<Result> {
        const reader = harness.client.reader({ name: uniqueName('reader') })
        return use(reader).finally(() => reader.close())
      }

      async function readAll(reader: Reader, ...args: Parameters<Reader['read']>): Promise<ReadBatch[]> {
        const batches: ReadBatch[] = []
        for await (const batch of reader.read(...args)) batches.push(batch)
        return batches
      }

      const valuesOf = (batches: readonly ReadBatch[], partition = 0) =>
        batches
          .filter((batch) => batch.partition === partition)
          .flatMap(({ records }) => records.map(({ value }) => String(value)))

      it('reads each partition from its offset to its bound, and ends', async () => {
        const topic = await makeTopic(2)
        await store({ topic, partition: 0 }, 'a', 'b', 'c', 'd')
        await store({ topic, partition: 1 }, 'x', 'y', 'z')
        await withReader(async (reader) => {
          const batches = await readAll(reader, from(topic, 1, 0), { to: from(topic, 3, 2) })
          expect(valuesOf(batches, 0)).toEqual(['b', 'c'])
          expect(valuesOf(batches, 1)).toEqual(['x', 'y'])
          expect(batches.every(({ lost }) => lost === 0)).toBe(true)
          const [last] = batches.filter(({ partition }) => partition === 0).slice(-1)
          expect(last?.end).toBeGreaterThanOrEqual(3)
          expect(last?.highWatermark).toBe(4)
        })
      })

      it('hands on key, headers and time', async () => {
        const topic = await makeTopic()
        const timestamp = 1_700_000_000_123
        await storeRecords({ topic, partition: 0 }, [
          { key: 'k', value: 'v', headers: { h: 'x', n: null }, timestamp },
        ])
        await withReader(async (reader) => {
          const [batch] = await readAll(reader, from(topic, 0), { to: from(topic, 1) })
          const [record] = batch!.records
          expect(record).toMatchObject({ topic, partition: 0, offset: 0, timestamp })
          expect(String(record?.key)).toBe('k')
          expect(String(record?.headers['h'])).toBe('x')
          expect(record?.headers['n']).toBeNull()
        })
      })

      it('has nothing to read where bounds are reached already', async () => {
        const topic = await makeTopic(2)
        await store({ topic, partition: 0 }, 'a')
        await withReader(async (reader) => {
          expect(await readAll(reader, from(topic, 1, 0), { to: from(topic, 1, 0) })).toEqual([])
          expect(await readAll(reader, [])).toEqual([])
        })
      })

      it('follows the end of the log, several reads side by side, until each is left', async () => {
        const topic = await makeTopic()
        await store({ topic, partition: 0 }, 'a')
        await withReader(async (reader) => {
          const readUntil = async (wanted: string) => {
            const values: string[] = []
            for await (const { records } of reader.read(from(topic, 0))) {
              values.push(...records.map(({ value }) => String(value)))
              if (values.includes(wanted)) break
            }
            return values
          }
          const first = readUntil('b')
          const second = readUntil('c')
          await store({ topic, partition: 0 }, 'b')
          expect(await first).toEqual(['a', 'b'])
          await store({ topic, partition: 0 }, 'c')
          expect(await second).toEqual(['a', 'b', 'c'])
        })
      })

      it('ends without an error when it is aborted, or closed', async () => {
        const topic = await makeTopic()
        const abort = new AbortController()
        await withReader(async (reader) => {
          const aborted = readAll(reader, from(topic, 0), { signal: abort.signal })
          const closed = readAll(reader, from(topic, 0))
          abort.abort()
          expect(await aborted).toEqual([])
          await reader.close()
          expect(await closed).toEqual([])
          expect(await readAll(reader, from(topic, 0))).toEqual([])
        })
      })

      it('reads all of many records, whoever takes them slowly', async () => {
        const topic = await makeTopic()
        const values = Array.from({ length: 3000 }, (_, n) => `${n} ${'x'.repeat(1000)}`)
        for (let at = 0; at < values.length; at += 500)
          await store({ topic, partition: 0 }, ...values.slice(at, at + 500))
        await withReader(async (reader) => {
          const read: string[] = []
          for await (const batch of reader.read(from(topic, 0), { to: from(topic, values.length) })) {
            read.push(...valuesOf([batch]))
            await new Promise((resolve) => setTimeout(resolve, 1))
          }
          expect(read).toEqual(values)
        })
      })

      it('rejects where there is nothing to read', async () => {
        const topic = await makeTopic()
        await withReader(async (reader) => {
          const missing = [{ topic: uniqueName('missing'), partition: 0, offset: 0 }]
          await expect(readAll(reader, missing)).rejects.toMatchObject({ code: 'kafka-refused' })
          const beyond = [{ topic, partition: 7, offset: 0 }]
          await expect(readAll(reader, beyond)).rejects.toMatchObject({ code: 'kafka-refused' })
        })
      })
    })

    describe('an admin', () => {
      it('creates what is missing, and says what that was', async () => {
        const admin = await harness.client.admin()
        try {
          const [first, second] = [uniqueName('contract'), uniqueName('contract')]
          const spec = (topic: string, partitions: number) => ({
            topic,
            partitions,
            replicationFactor: 1,
            config: {},
          })
          expect(await admin.createTopics([spec(first, 2)])).toEqual([first])
          expect(await admin.createTopics([spec(first, 5), spec(second, 3)])).toEqual([second])
          expect(await admin.createTopics([spec(first, 2), spec(second, 3)])).toEqual([])
          await until(async () => (await admin.describeTopics([first, second])).length === 2)
          expect(
            [...(await admin.describeTopics([first, uniqueName('missing'), second]))].sort(byTopic),
          ).toEqual(
            [
              { topic: first, partitions: 2 },
              { topic: second, partitions: 3 },
            ].sort(byTopic),
          )
          expect(await admin.listTopics()).toEqual(expect.arrayContaining([first, second]))
        } finally {
          await admin.close()
        }
      })

      it("shows a topic's settings", async () => {
        const topic = await makeTopic(1, { 'retention.ms': '12345678', 'cleanup.policy': 'compact' })
        const admin = await harness.client.admin()
        try {
          const names = ['retention.ms', 'cleanup.policy']
          await until(async () => Object.keys(await admin.describeTopicConfig(topic, names)).length === 2)
          expect(await admin.describeTopicConfig(topic, names)).toEqual({
            'retention.ms': '12345678',
            'cleanup.policy': 'compact',
          })
        } finally {
          await admin.close()
        }
      })

      it('shows first and next offsets, and -1 where nothing is committed', async () => {
        const topic = await makeTopic(2)
        await store({ topic, partition: 1 }, 'a', 'b')
        expect(await offsetsOf(topic)).toEqual([
          { partition: 0, low: 0, high: 0 },
          { partition: 1, low: 0, high: 2 },
        ])
        expect(await committedBy(uniqueName('group'), topic)).toEqual([
          { partition: 0, offset: -1 },
          { partition: 1, offset: -1 },
        ])
      })

      it('finds the first offset of a time, or the end', async () => {
        const topic = await makeTopic(2)
        for (const timestamp of [1000, 3000, 5000])
          await storeRecords({ topic, partition: 0 }, [{ key: null, value: 'v', timestamp }])
        const admin = await harness.client.admin()
        try {
          const offsetsAt = async (time: number) =>
            (await admin.offsetsForTime(topic, time)).map(({ partition, offset }) => [partition, offset])
          expect(await offsetsAt(0)).toEqual([
            [0, 0],
            [1, 0],
          ])
          expect((await offsetsAt(3000))[0]).toEqual([0, 1])
          expect((await offsetsAt(3001))[0]).toEqual([0, 2])
          expect((await offsetsAt(5001))[0]).toEqual([0, 3])
        } finally {
          await admin.close()
        }
      })

      it('moves a group that nobody is in, and no other', async () => {
        const topic = await makeTopic(2)
        await store({ topic, partition: 0 }, 'a', 'b', 'c')
        const group = uniqueName('group')
        const commit = async (offset: number) => {
          const admin = await harness.client.admin()
          return admin
            .commitGroupOffsets(group, [{ topic, partition: 0, offset }])
            .finally(() => admin.close())
        }
        await commit(2)
        expect(await committedBy(group, topic)).toEqual([
          { partition: 0, offset: 2 },
          { partition: 1, offset: -1 },
        ])
        const member = await join(group, [topic])
        await until(() => member.heard.values().includes('c'))
        await expect(commit(1)).rejects.toMatchObject({ name: 'KafkaError', code: 'commit-refused' })
        await leave(member.consumer)
        await commit(1)
        expect((await committedBy(group, topic))[0]?.offset).toBe(1)
      })

      it('rejects with a KafkaError when a topic is missing', async () => {
        const admin = await harness.client.admin()
        try {
          await expect(admin.topicOffsets(uniqueName('missing'))).rejects.toMatchObject({
            name: 'KafkaError',
          })
        } finally {
          await admin.close()
        }
      })
    })
  })
}

/** Waits with the suite's patience. */
async function until(condition: () => boolean | Promise<boolean>, describe?: () => string): Promise<void> {
  await waitFor(condition, {
    timeoutMs: PATIENCE_MS,
    describe: describe ?? condition.toString(),
  })
}

/** Whether the members own `total` partitions between them, none twice and everybody some. */
function isShared(members: readonly RecordingListener[], total: number): boolean {
  const owned = members.map((member) => member.owned() ?? [])
  const all = owned.flat().map(({ topic, partition }) => `${topic} ${partition}`)
  return owned.every((one) => one.length > 0) && all.length === total && new Set(all).size === total
}

function sortedByPlace(partitions: readonly AssignedPartition[]): AssignedPartition[] {
  return partitions.toSorted((a, b) => (a.topic === b.topic ? a.partition - b.partition : byTopic(a, b)))
}

function numbersOf(heard: RecordingListener, topic: string): number[] {
  return (heard.owned() ?? [])
    .filter((one) => one.topic === topic)
    .map(({ partition }) => partition)
    .sort((a, b) => a - b)
}

function byTopic(a: { topic: string }, b: { topic: string }): number {
  return a.topic < b.topic ? -1 : 1
}

function binaryHeader(header: unknown): Buffer {
  return Buffer.isBuffer(header) ? header : Buffer.from(String(header))
}
