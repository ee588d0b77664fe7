import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  DECISIONS_TOPIC,
  type Event,
  encodeEvent,
  laneTopic,
  orderPlaced,
  PARTITIONS_PER_TYPE,
  planTopics,
} from '@sluice/events'
import { createKafkaJsClient } from '@sluice/kafka'
import {
  buildEvent,
  buildFloodGuard,
  freePort,
  type LocalFloodGuard,
  startLocalFloodGuard,
  startRealBroker,
  uniqueName,
  waitFor,
} from '@sluice/testing'
import { createTopics } from '../start/create-topics.ts'

/**
 * The flood guard's figures, on a Kafka of its own: `node tools/streams/measure-flood-guard.ts`. Linux only, where a
 * process's time and memory can be read. Takes two minutes, and wants the machine for itself.
 */
const CATCH_UP_EVENTS = 300_000
const LIVE_PER_SECOND = 2000
const LIVE_SECONDS = 20
const MANY_SOURCES = 10_000
const BATCH = 1000
const TICKS_PER_SECOND = 100
const SLOW = { timeoutMs: 120_000, intervalMs: 20 }

const broker = await startRealBroker((line) => console.error(line))
const folder = await mkdtemp(join(tmpdir(), 'sluice-measure-'))
/** What is there before it starts, and what comes while it runs. */
const history = uniqueName('history')
const live = uniqueName('live')
const client = createKafkaJsClient({
  brokers: broker.brokers.split(','),
  clientId: 'measure',
  connectTimeoutMs: 3000,
  requestTimeoutMs: 10_000,
})
const admin = await client.admin()
const entries = [history, live].map((type) => ({
  definition: { ...orderPlaced, type, lanes: ['normal'] } as unknown as typeof orderPlaced,
  services: [],
}))
await createTopics(admin, planTopics(entries, { control: true }))
const producer = client.producer({ name: 'measure' })
const libs = await buildFloodGuard((line) => console.error(line))
const adminPort = await freePort()
let guard: LocalFloodGuard | undefined

try {
  await produce(history, CATCH_UP_EVENTS, someSource)
  let began = performance.now()
  guard = await start(history)
  report('start-up', `${seconds(began)} s until it is ready`)
  const cpuOfStart = await cpuSeconds()
  began = performance.now()
  await counted(CATCH_UP_EVENTS)
  const perSecond = Math.round(CATCH_UP_EVENTS / Number(seconds(began)))
  const cost = await cpuMicros(CATCH_UP_EVENTS, cpuOfStart)
  report('catching up', `${perSecond} events/s, ${cost} µs of CPU per event; ${await memoryMb()} MB at most`)
  await guard.stop()

  guard = await start(live)
  let cpu = await cpuSeconds()
  await delay(5000)
  report('idle', `${Math.round(((await cpuSeconds()) - cpu) * 200)} ms of CPU a second`)

  cpu = await cpuSeconds()
  for (let second = 0; second < LIVE_SECONDS; second++) {
    const next = performance.now() + 1000
    await produce(live, LIVE_PER_SECOND, someSource)
    await delay(Math.max(0, next - performance.now()))
  }
  await counted(LIVE_PER_SECOND * LIVE_SECONDS)
  const ofLive = ((await cpuSeconds()) - cpu) / LIVE_SECONDS
  report(`live, ${LIVE_PER_SECOND}/s`, `${Math.round(ofLive * 1000)} ms of CPU a second`)

  const flooded = performance.now()
  const decided = firstDecision()
  const flooding = new AbortController()
  const flood = (async () => {
    while (!flooding.signal.aborted) {
      const next = performance.now() + 500
      await produce(live, 5 * LIVE_PER_SECOND, () => '/flood')
      await produce(live, LIVE_PER_SECOND / 2, someSource)
      await delay(Math.max(0, next - performance.now()))
    }
  })()
  await decided
  report('decision', `${seconds(flooded)} s after ten times everything else began`)
  flooding.abort()
  await flood

  const killed = performance.now()
  await guard.kill()
  guard = await start(live)
  const ready = seconds(killed)
  await produce(live, 1, () => '/after')
  await counted(1)
  report('kill -9', `ready ${ready} s after it, counts ${seconds(killed)} s after it`)

  await produce(live, MANY_SOURCES, (n) => `/many/${n}`)
  await counted(MANY_SOURCES + 1)
  await delay(3000)
  cpu = await cpuSeconds()
  await delay(5000)
  const ms = Math.round(((await cpuSeconds()) - cpu) * 200)
  report(`${await metric('sources')} sources`, `${ms} ms of CPU a second; ${await memoryMb()} MB at most`)
} finally {
  await guard?.stop()
  await producer.close()
  await admin.close()
  await broker.stop()
  await rm(folder, { recursive: true, force: true })
}

function someSource(n: number): string {
  return `/source/${n % 20}`
}

function start(type: string): Promise<LocalFloodGuard> {
  return startLocalFloodGuard({
    libs,
    brokers: broker.brokers,
    stateDir: join(folder, 'state'),
    adminPort,
    settings: {
      FLOOD_APPLICATION_ID: `flood-guard-${type}`,
      FLOOD_TYPES: type,
      FLOOD_MIN_RATE: String(LIVE_PER_SECOND),
      FLOOD_MAX_SOURCES: String(2 * MANY_SOURCES),
      // Everything of the history counts.
      ...(type === history && { FLOOD_LATE_SECONDS: '600' }),
    },
  })
}

async function produce(type: string, events: number, sourceOf: (n: number) => string): Promise<void> {
  const event = buildEvent(orderPlaced, { receivedat: String(Date.now()) })
  for (let sent = 0; sent < events; sent += BATCH * PARTITIONS_PER_TYPE) {
    const batches = Array.from({ length: PARTITIONS_PER_TYPE }, (_, partition) => {
      const first = sent + partition * BATCH
      const length = Math.max(0, Math.min(BATCH, events - first))
      const records = Array.from({ length }, (_, n) => ({
        key: `c-${n}`,
        value: encodeEvent({ ...event, type, id: `${first + n}`, source: sourceOf(first + n) } as Event),
      }))
      return { topic: laneTopic(type, 'normal'), partition, records }
    }).filter(({ records }) => records.length > 0)
    const outcomes = await producer.produce(batches)
    if (outcomes.some(({ status }) => status !== 'stored')) throw new Error(JSON.stringify(outcomes))
  }
}

async function firstDecision(): Promise<void> {
  const reader = client.reader({ name: 'measure' })
  for await (const { records } of reader.read([{ topic: DECISIONS_TOPIC, partition: 0, offset: 0 }])) {
    if (records.some(({ key }) => String(key).includes('//flood/'))) break
  }
  await reader.close()
}

function counted(events: number): Promise<unknown> {
  return waitFor(async () => (await metric('events_total{result="counted"}')) >= events, SLOW)
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`sluice_flood_guard_${name} `))
      ?.split(' ')[1],
  )
}

async function cpuMicros(events: number, since: number): Promise<string> {
  return ((((await cpuSeconds()) - since) / events) * 1e6).toFixed(1)
}

async function cpuSeconds(): Promise<number> {
  const stat = await readFile(`/proc/${guard!.pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

async function memoryMb(): Promise<number> {
  const status = await readFile(`/proc/${guard!.pid}/status`, 'utf8')
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024)
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1)
}

function report(what: string, figure: string): void {
  console.log(`${what.padEnd(16)}${figure}`)
}
