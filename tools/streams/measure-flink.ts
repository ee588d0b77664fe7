import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  catalogue,
  DECISIONS_TOPIC,
  type Event,
  type EventDefinition,
  encodeEvent,
  laneTopic,
  orderPlaced,
  PARTITIONS_PER_TYPE,
  pageViewed,
  paymentFailed,
  planTopics,
} from '@sluice/events'
import { createKafkaJsClient, type OutgoingRecord, partitionOf } from '@sluice/kafka'
import {
  buildEvent,
  resolveFlinkJars,
  startLocalFlink,
  startRealBroker,
  streamSettings,
  uniqueName,
  waitFor,
} from '@sluice/testing'
import { createTopics } from '../start/create-topics.ts'

// `node tools/streams/measure-flink.ts [events]`: what docs/streams.md says of Flink in figures. All jobs decide live, read
// events as fast as they come, are killed and come back. Two minutes on two cores; everything is on this machine.

const EVENTS = Number(process.argv[2] ?? 200_000)
const TRIALS = 40

const broker = await startRealBroker((line) => console.error(line))
const client = createKafkaJsClient({
  brokers: broker.brokers.split(','),
  clientId: 'measure-flink',
  connectTimeoutMs: 3000,
  requestTimeoutMs: 10_000,
})
const producer = client.producer({ name: 'measure-flink' })
const dataDir = await mkdtemp(join(tmpdir(), 'sluice-measure-'))
const libs = await resolveFlinkJars((line) => console.error(line))
const settings = await streamSettings(process.env)
const start = () => startLocalFlink({ libs, dataDir, brokers: broker.brokers, settings })

const admin = await client.admin()
await createTopics(admin, planTopics(catalogue, { control: true }))
await admin.close()

const began = performance.now()
let flink = await start()
report('start-up, five jobs', `${seconds(began)} s`)

const seen = new Map<string, number>()
const stopFollowing = new AbortController()
void follow()
const delays: number[] = []
for (let trial = 0; trial < TRIALS; trial++) delays.push(await timeOfDecision())
delays.sort((one, other) => one - other)
report('third failure to decision', `p50 ${delays[TRIALS / 2]} ms, worst of ${TRIALS} ${delays.at(-1)} ms`)
const duplicates = flink.jobs.find(({ name }) => name === 'duplicates')!
const before = await duplicates.monitor.counts()
const writing = performance.now()
await writeFlood()
const written = performance.now()
const isRead = async () => {
  const { read, plain } = await duplicates.monitor.counts()
  return Math.min(read - before.read, plain - before.plain) >= EVENTS
}
await waitFor(isRead, { timeoutMs: 300_000, intervalMs: 200 })
report('all jobs, live', `${perSecond(writing)} events/s, written at ${perSecond(writing, written)}/s`)
report('memory', `${await peakMb(flink.pid)} MB at most, JVM with -Xmx768m`)

await flink.kill()
const back = performance.now()
flink = await start()
report(
  'back after kill -9',
  `${seconds(back)} s, ${flink.jobs.filter(({ resumed }) => resumed).length} jobs resumed`,
)
report('then the first decision', `${await timeOfDecision()} ms`)

stopFollowing.abort()
await flink.stop()
await producer.close()
await broker.stop()
await rm(dataDir, { recursive: true, force: true })

/** Page views and orders of many, none repeated, and failed payments, one a customer. */
async function writeFlood(): Promise<void> {
  const batch = 1000
  for (let from = 0; from < EVENTS; from += batch) {
    const records = new Map<string, OutgoingRecord[]>()
    for (let n = from; n < from + batch; n++) {
      const { definition, event } = eventNumber(n)
      const key = definition.key(event.data)
      const place = `${laneTopic(definition.type, event.priority)} ${partitionOf(key, PARTITIONS_PER_TYPE)}`
      records.set(place, [...(records.get(place) ?? []), { key, value: encodeEvent(event) }])
    }
    const batches = [...records].map(([place, list]) => {
      const [topic = '', partition] = place.split(' ')
      return { topic, partition: Number(partition), records: list }
    })
    for (const outcome of await producer.produce(batches))
      if (outcome.status !== 'stored') throw new Error(`They were not stored: ${JSON.stringify(outcome)}`)
  }
}

function eventNumber(n: number): { definition: EventDefinition; event: Event } {
  const id = `event-${n}`
  const customer = { id: `c-${n % 10_000}`, email: 'ada@example.com' }
  if (n % 10 === 0)
    return {
      definition: orderPlaced,
      event: buildEvent(orderPlaced, { id, data: { customer, orderId: `o-${n}` } }),
    }
  if (n % 10 === 1 && n < 100_000)
    return {
      definition: paymentFailed,
      event: buildEvent(paymentFailed, { id, data: { customer, paymentId: `p-${n}` } }),
    }
  const data = { visitorId: `v-${n % 10_000}`, pageOfSession: n + 1 }
  return { definition: pageViewed, event: buildEvent(pageViewed, { id, data }) }
}

async function follow(): Promise<void> {
  const reader = client.reader({ name: 'measure-flink' })
  const from = [{ topic: DECISIONS_TOPIC, partition: 0, offset: 0 }]
  for await (const { records } of reader.read(from, { signal: stopFollowing.signal })) {
    for (const { key } of records) if (!seen.has(String(key))) seen.set(String(key), performance.now())
  }
  await reader.close()
}

/** From the third failure, when Kafka has it, to the decision, when a reader has it. */
async function timeOfDecision(): Promise<number> {
  const customer = { id: uniqueName('customer'), email: 'ada@example.com' }
  let stored = 0
  for (let attempt = 1; attempt <= 3; attempt++) {
    const event = buildEvent(paymentFailed, { id: uniqueName('failure'), data: { customer, attempt } })
    const partition = partitionOf(customer.id, PARTITIONS_PER_TYPE)
    const records = [{ key: customer.id, value: encodeEvent(event) }]
    stored = performance.now()
    await producer.produce([{ topic: laneTopic('payment-failed', 'high'), partition, records }])
  }
  const id = `payment-trouble/default/${customer.id}`
  await waitFor(() => seen.has(id), { timeoutMs: 60_000, intervalMs: 5 })
  return Math.round(seen.get(id)! - stored)
}

async function peakMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024)
}

function perSecond(since: number, until = performance.now()): number {
  return Math.round((EVENTS / (until - since)) * 1000)
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1)
}

function report(what: string, figure: string): void {
  console.log(`${what.padEnd(28)} ${figure}`)
}
