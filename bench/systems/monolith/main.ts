import { setTimeout as delay } from 'node:timers/promises'
import express from 'express'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { consumeEvents, type Send } from './consume.ts'
import { ingest } from './ingest.ts'

/**
 * The baseline: the single event bus that a team writes first. One process takes events over HTTP, sends them to
 * one topic, reads that topic with one sequential consumer and sends what follows to a second one. Every client
 * setting is kafkajs' default (acks=all among them); kafkajs is this workspace's, so that our patches to it speed
 * up the baseline too.
 *
 * Kinder than most: a batch is one `send`, and so are the outputs of an event; outputs go to a topic of their
 * own, which the consumer need not read again, and over a connection of their own, where they do not wait behind a
 * flood of posts; nothing is validated a second time, and nothing logged per event.
 */
const kafka = new Kafka({
  clientId: 'monolith',
  brokers: [process.env['KAFKA_BROKERS']!],
  logLevel: logLevel.WARN,
})
const admin = kafka.admin()
await admin.connect()
await admin.createTopics({
  topics: ['events', 'downstream'].map((topic) => ({ topic, numPartitions: 3, replicationFactor: 1 })),
  waitForLeaders: true,
})
await admin.disconnect()

const ingestProducer = kafka.producer()
const outputProducer = kafka.producer()
const sendWith =
  (producer: Producer): Send =>
  async (topic, events) => {
    const messages = events.map(({ key, event }) => ({ key, value: JSON.stringify(event) }))
    await producer.send({ topic, messages })
  }
await Promise.all([ingestProducer.connect(), outputProducer.connect()])

const consumer = kafka.consumer({ groupId: 'monolith' })
let joined = false
consumer.on(consumer.events.GROUP_JOIN, () => {
  joined = true
})
await consumer.connect()
await consumer.subscribe({ topic: 'events', fromBeginning: true })
await consumeEvents(consumer, sendWith(outputProducer))
while (!joined) await delay(50)

const app = express()
app.use(express.json({ limit: '8mb' }))
app.post('/events', ingest(sendWith(ingestProducer)))
app.get('/health', (_request, response) => {
  response.json({ ok: true })
})
const server = app.listen(Number(process.env['PORT']), '127.0.0.1')
server.keepAliveTimeout = 60_000

async function stop(): Promise<void> {
  server.close()
  server.closeAllConnections()
  await consumer.disconnect()
  await Promise.all([ingestProducer.disconnect(), outputProducer.disconnect()])
  process.exit(0)
}
process.once('SIGTERM', stop)
process.once('disconnect', stop)
