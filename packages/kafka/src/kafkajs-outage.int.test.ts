import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  freePort,
  KAFKA_CACHE_DIR,
  type LocalKafka,
  resolveKafkaJars,
  startLocalKafka,
  uniqueName,
  waitFor,
} from '@sluice/testing'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKafkaJsClient } from './kafkajs-client.ts'
import type { Consumer, ConsumerListener, KafkaClient, Producer } from './port.ts'

/** On a broker of its own, which it stops, kills and starts again. */
describe('the kafkajs client when Kafka fails', { timeout: 120_000 }, () => {
  let folder: string
  let kafka: LocalKafka
  let start: () => Promise<LocalKafka>
  let brokers: string
  let client: KafkaClient

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-outage-'))
    const libs = await resolveKafkaJars({ cacheDir: KAFKA_CACHE_DIR })
    const port = await freePort()
    start = () => startLocalKafka({ libs, dataDir: join(folder, 'kafka'), port })
    kafka = await start()
    brokers = kafka.brokers
    client = createKafkaJsClient({
      brokers: [brokers],
      clientId: 'outage',
      connectTimeoutMs: 2000,
      requestTimeoutMs: 5000,
    })
  })

  afterAll(async () => {
    await kafka?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function makeTopic(partitions = 1, config: Record<string, string> = {}): Promise<string> {
    const topic = uniqueName('outage')
    const admin = await client.admin()
    await admin.createTopics([{ topic, partitions, replicationFactor: 1, config }])
    await admin.close()
    return topic
  }

  async function deleteTopic(topic: string): Promise<void> {
    const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topic] })
    await admin.disconnect()
  }

  const batch = (topic: string, value: string, partition = 0) => ({
    topic,
    partition,
    records: [{ key: null, value }],
  })
  const stored = async (producer: Producer, topic: string, value: string, partition = 0) =>
    (await producer.produce([batch(topic, value, partition)]))[0]?.status === 'stored'

  function listen(to: Partial<ConsumerListener> = {}) {
    const values: string[] = []
    const story: string[] = []
    const listener: ConsumerListener = {
      assigned: () => story.push('assigned'),
      revoked: () => story.push('revoked'),
      records: (_at, records) => values.push(...records.map(({ value }) => String(value))),
      crashed: (error) => story.push(error.message),
      ...to,
    }
    return { values, story, listener }
  }

  async function within(work: (consumer: Consumer) => Promise<void>, topic: string): Promise<void> {
    const consumer = client.consumer({ group: topic, topics: [topic], sessionTimeoutMs: 10_000 })
    try {
      await work(consumer)
    } finally {
      await consumer.close(5000)
    }
  }

  test('of three topics the missing one fails alone, in this call and in later ones', async () => {
    const [first, second, gone] = [await makeTopic(), await makeTopic(), uniqueName('gone')]
    const producer = client.producer({ name: 'three' })
    for (let round = 0; round < 3; round++) {
      const outcomes = await producer.produce([batch(first, 'a'), batch(gone, 'b'), batch(second, 'c')])
      expect(outcomes).toMatchObject([
        { status: 'stored' },
        { status: 'failed', reason: 'unknown-topic', retriable: true },
        { status: 'stored' },
      ])
    }
    await producer.close()
  })

  test('a topic that is deleted under the producer fails alone', async () => {
    const [kept, deleted] = [await makeTopic(), await makeTopic()]
    const producer = client.producer({ name: 'deleted' })
    const both = () => producer.produce([batch(kept, 'a'), batch(deleted, 'b')])
    await waitFor(async () => (await both()).every(({ status }) => status === 'stored'))
    await deleteTopic(deleted)
    await waitFor(async () => {
      const outcomes = await both()
      return outcomes[1]?.status === 'failed' && outcomes[1].reason === 'unknown-topic'
    })
    expect(await both()).toMatchObject([{ status: 'stored' }, { status: 'failed', reason: 'unknown-topic' }])
    await producer.close()
  })

  test('a partition that does not exist is never called stored', async () => {
    const topic = await makeTopic()
    const producer = client.producer({ name: 'beyond' })
    await waitFor(() => stored(producer, topic, 'a'))
    expect(await producer.produce([batch(topic, 'b'), batch(topic, 'c', 7)])).toMatchObject([
      { status: 'stored' },
      { status: 'failed', retriable: true },
    ])
    await producer.close()
  })

  test('a reader waits until Kafka is back, before its first record and between two', async () => {
    const topic = await makeTopic()
    const producer = client.producer({ name: 'reader' })
    await waitFor(() => stored(producer, topic, 'a'))
    const values: string[] = []
    const reader = client.reader({ name: 'reader' })
    async function follow(): Promise<void> {
      for await (const { records } of reader.read([{ topic, partition: 0, offset: 0 }]))
        values.push(...records.map(({ value }) => String(value)))
    }
    const following = [follow()]
    await waitFor(() => values.length === 1)
    process.kill(kafka.pid, 'SIGKILL')
    await kafka.exited
    following.push(follow())
    kafka = await start()
    await waitFor(() => stored(producer, topic, 'b'), { timeoutMs: 60_000 })
    // Stored twice, perhaps: an attempt may have ended without an answer.
    const both = (value: string) => values.filter((one) => one === value).length >= 2
    await waitFor(() => both('a') && both('b'), { timeoutMs: 60_000, describe: () => `all; read: ${values}` })
    expect(values.filter((value) => value === 'a')).toHaveLength(2)
    await reader.close()
    await Promise.all(following)
    await producer.close()
  })

  test('K16: an owner that is slow with one partition still gets the records of the others', async () => {
    const topic = await makeTopic(2)
    const producer = client.producer({ name: 'slow' })
    await waitFor(() => stored(producer, topic, 'low', 0))
    const { values, listener } = listen()
    await within(async (consumer) => {
      await consumer.start(listener)
      await waitFor(() => values.includes('low'))
      // The owner is busy with what it has, and takes no more of that partition.
      consumer.pause([{ topic, partition: 0 }])
      await stored(producer, topic, 'low again', 0)
      for (const value of ['high 1', 'high 2']) {
        await stored(producer, topic, value, 1)
        await waitFor(() => values.includes(value))
      }
      expect(values).not.toContain('low again')
    }, topic)
    await producer.close()
  })

  test('K11: a codec that the client cannot read ends the consumer with a clear message', async () => {
    const topic = await makeTopic(1, { 'compression.type': 'lz4' })
    const producer = client.producer({ name: 'lz4' })
    await waitFor(() => stored(producer, topic, 'a'))
    await producer.close()
    const { story, listener } = listen()
    await within(async (consumer) => {
      await consumer.start(listener)
      await waitFor(() => story.some((line) => line.includes('lz4')))
      expect(story.at(-1)).toContain('only gzip and zstd can be read')
    }, topic)
  })

  test.each(['gzip', 'zstd'])('K11: what the broker compressed with %s is read', async (codec) => {
    const topic = await makeTopic(1, { 'compression.type': codec })
    const producer = client.producer({ name: codec })
    await waitFor(() => stored(producer, topic, 'a'))
    await producer.close()
    const { values, listener } = listen()
    await within(async (consumer) => {
      await consumer.start(listener)
      await waitFor(() => values.includes('a'))
    }, topic)
  })

  test('K20: goes on by itself after Kafka was killed, and never called stored what was lost', async () => {
    const topic = await makeTopic()
    const producer = client.producer({ name: 'killed' })
    await waitFor(() => stored(producer, topic, 'before'))
    const { values, story, listener } = listen()
    await within(async (consumer) => {
      await consumer.start(listener)
      await waitFor(() => values.includes('before'))
      await consumer.commit([{ topic, partition: 0, offset: 1 }])

      process.kill(kafka.pid, 'SIGKILL')
      await kafka.exited
      // The connection broke between calls, or the kill came first: either way nothing was stored.
      await waitFor(async () => (await producer.produce([batch(topic, 'lost')]))[0]?.status === 'failed')
      expect(await producer.produce([batch(topic, 'lost'), batch(topic, 'lost', 1)])).toMatchObject([
        { status: 'failed', reason: 'unavailable', retriable: true },
        { status: 'failed', reason: 'unavailable', retriable: true },
      ])
      await expect(consumer.commit([{ topic, partition: 0, offset: 1 }])).rejects.toMatchObject({
        name: 'KafkaError',
      })
      await expect(client.admin()).rejects.toMatchObject({ code: 'kafka-unreachable' })

      const late = listen()
      const lateConsumer = client.consumer({
        group: uniqueName('late'),
        topics: [topic],
        sessionTimeoutMs: 10_000,
      })
      const started = lateConsumer.start(late.listener)
      kafka = await start()
      await waitFor(() => stored(producer, topic, 'after'))
      await waitFor(() => values.includes('after'), { timeoutMs: 60_000, describe: () => story.join() })
      await started
      await waitFor(() => late.values.includes('after'))
      expect(late.values).not.toContain('lost')
      // The same member in the same epoch: nothing was revoked, so nothing is read twice.
      expect(story).toEqual(['assigned'])
      expect([...new Set(values)]).toEqual(['before', 'after'])
      await consumer.commit([{ topic, partition: 0, offset: 2 }])
      await lateConsumer.close(5000)
    }, topic)
    await producer.close()
  })

  test('K15: an answer that does not come is unknown, and what comes later finds new connections', async () => {
    const hasty = createKafkaJsClient({
      brokers: [brokers],
      clientId: 'hasty',
      connectTimeoutMs: 1000,
      requestTimeoutMs: 1000,
    })
    const topic = await makeTopic()
    const producer = hasty.producer({ name: 'hasty' })
    await waitFor(() => stored(producer, topic, 'before'))
    const consumer = hasty.consumer({ group: topic, topics: [topic], sessionTimeoutMs: 10_000 })
    const { values, story, listener } = listen()
    await consumer.start(listener)
    await waitFor(() => values.includes('before'))
    process.kill(kafka.pid, 'SIGSTOP')
    try {
      expect(await producer.produce([batch(topic, 'perhaps')])).toMatchObject([{ status: 'unknown' }])
      // Connected by the kernel, but no Kafka answers: nothing is sent.
      expect(await producer.produce([batch(topic, 'no')])).toMatchObject([
        { status: 'failed', reason: 'unavailable', retriable: true },
      ])
    } finally {
      process.kill(kafka.pid, 'SIGCONT')
    }
    await waitFor(() => stored(producer, topic, 'after'))
    await waitFor(() => values.includes('after'), { timeoutMs: 30_000, describe: () => story.join() })
    expect(values).not.toContain('no')
    await Promise.all([producer.close(), consumer.close(5000)])
  })

  test('K8: close keeps its deadline while Kafka is away', async () => {
    const topic = await makeTopic()
    const { listener, story } = listen()
    const consumer = client.consumer({ group: topic, topics: [topic], sessionTimeoutMs: 10_000 })
    await consumer.start(listener)
    process.kill(kafka.pid, 'SIGSTOP')
    try {
      await consumer.close(300)
    } finally {
      process.kill(kafka.pid, 'SIGCONT')
    }
    expect(story).toEqual(['assigned'])
  })
})
