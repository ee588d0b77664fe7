import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BenchBroker, startBroker } from './broker.ts'
import { clearKafka } from './clear-kafka.ts'

// A Kafka of its own: the one that the tests share must not be cleared.
let broker: BenchBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker?.stop())

test('topics, records and groups are gone, and a topic of the same name begins empty', async () => {
  const kafka = new Kafka({ brokers: [broker.brokers], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const create = () =>
    admin.createTopics({ topics: [{ topic: 'events', numPartitions: 3 }], waitForLeaders: true })
  await create()
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'events', messages: [{ key: 'k', value: 'of the former run' }] })
  await producer.disconnect()
  await readOne(kafka)
  expect((await admin.listGroups()).groups).toHaveLength(1)

  await clearKafka(broker.brokers)

  expect((await admin.listTopics()).filter((topic) => !topic.startsWith('__'))).toEqual([])
  expect((await admin.listGroups()).groups).toEqual([])
  await create()
  const offsets = await admin.fetchTopicOffsets('events')
  expect(offsets.map(({ low, high }) => [low, high])).toEqual(Array(3).fill(['0', '0']))
  const committed = await admin.fetchOffsets({ groupId: 'readers', topics: ['events'] })
  expect(committed[0]!.partitions.map(({ offset }) => offset)).toEqual(['-1', '-1', '-1'])
  await admin.disconnect()
})

async function readOne(kafka: Kafka): Promise<void> {
  const consumer = kafka.consumer({ groupId: 'readers' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'events', fromBeginning: true })
  const { promise: read, resolve } = Promise.withResolvers<void>()
  await consumer.run({ eachMessage: async () => resolve() })
  await read
  await consumer.disconnect()
}
