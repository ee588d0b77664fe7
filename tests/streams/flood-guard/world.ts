import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Decision, decodeDecision, LIFTED_BY } from '@sluice/decisions'
import {
  DECISIONS_TOPIC,
  type Event,
  encodeEvent,
  laneTopic,
  orderPlaced,
  streamDeadLetterTopic,
} from '@sluice/events'
import { createKafkaJsClient, type IncomingRecord, type OutgoingRecord } from '@sluice/kafka'
import {
  buildEvent,
  buildFloodGuard,
  createPlannedTopics,
  freePort,
  type LocalFloodGuard,
  startLocalFloodGuard,
  uniqueName,
  waitFor,
} from '@sluice/testing'

/** A flood guard on a real Kafka, over a type that nobody else uses. */
export type World = {
  readonly type: string
  guard(): LocalFloodGuard
  /** SIGKILL, then a new process. Its folder is a new one, too: all that it goes on with is in Kafka. */
  killAndStartAgain(): Promise<void>
  /** One more instance; it is stopped with the world. */
  startAnother(): Promise<LocalFloodGuard>
  /** Stores so many events of one source. */
  send(events: Flood): Promise<void>
  /** Stores a record as it is. */
  write(record: OutgoingRecord, partition?: number): Promise<void>
  /** What was decided about a source, oldest first, as gateways read it; null where it was lifted. */
  decisions(source: string, tenant?: string): readonly (Decision | null)[]
  /** What the job could not read, of our type. */
  deadLetters(): readonly IncomingRecord[]
  topTalkers(): Promise<TopTalkers>
  /** One value of /metrics. */
  metric(name: string): Promise<number>
  close(): Promise<void>
}

export type Flood = {
  readonly source: string
  readonly events: number
  readonly tenant?: string
  readonly partition?: number
  /** When the gateway took them; now by default. */
  readonly receivedAt?: number
}

export type TopTalkers = {
  readonly sources: number
  readonly talkers: readonly {
    readonly tenant: string
    readonly source: string
    readonly rate: number
    readonly state: string
  }[]
}

const BATCH = 500

export async function openWorld(brokers: string, settings: Readonly<Record<string, string>>): Promise<World> {
  const type = uniqueName('flood')
  const topic = laneTopic(type, 'normal')
  const letters = streamDeadLetterTopic('flood-guard')
  const client = createKafkaJsClient({
    brokers: brokers.split(','),
    clientId: 'flood-guard-test',
    connectTimeoutMs: 3000,
    requestTimeoutMs: 10_000,
  })
  const definition = { ...orderPlaced, type, lanes: ['normal'] as const }
  await createPlannedTopics(client, [{ definition, services: [] }], { control: true })
  const admin = await client.admin()
  const producer = client.producer({ name: 'events' })
  const stopping = new AbortController()
  const followed = new Map([DECISIONS_TOPIC, letters].map((name) => [name, [] as IncomingRecord[]]))
  const from = await Promise.all(
    [...followed.keys()].map(async (name) => {
      const [end] = await admin.topicOffsets(name)
      return { topic: name, partition: 0, offset: end!.high }
    }),
  )
  await admin.close()
  const reader = client.reader({ name: 'decisions' })
  const following = follow()
  const folders: string[] = []
  const libs = await buildFloodGuard(console.error)
  const adminPort = await freePort()
  const others: LocalFloodGuard[] = []
  const application = uniqueName('flood-guard')
  let guard = await start()

  async function follow(): Promise<void> {
    for await (const { topic, records } of reader.read(from, { signal: stopping.signal }))
      followed.get(topic)!.push(...records)
  }

  async function start(port = adminPort): Promise<LocalFloodGuard> {
    const stateDir = await mkdtemp(join(tmpdir(), 'sluice-flood-guard-'))
    folders.push(stateDir)
    return startLocalFloodGuard({
      libs,
      brokers,
      stateDir,
      adminPort: port,
      settings: { FLOOD_APPLICATION_ID: application, FLOOD_TYPES: type, ...settings },
      onLog: (line) => {
        if (process.env['DEBUG_STREAMS']) console.error(line)
      },
    })
  }

  async function store(records: readonly OutgoingRecord[], partition: number): Promise<void> {
    await waitFor(async () => {
      const [outcome] = await producer.produce([{ topic, partition, records }])
      return outcome?.status === 'stored'
    })
  }

  return {
    type,
    guard: () => guard,
    async killAndStartAgain() {
      await guard.kill()
      guard = await start()
    },
    async startAnother() {
      const another = await start(await freePort())
      others.push(another)
      return another
    },
    async send({ source, events, tenant = 'default', partition = 0, receivedAt = Date.now() }) {
      const event = buildEvent(orderPlaced, { source, tenant, receivedat: String(receivedAt) })
      for (let sent = 0; sent < events; sent += BATCH) {
        const records = Array.from({ length: Math.min(BATCH, events - sent) }, (_, n) => ({
          key: `c-${n}`,
          value: encodeEvent({ ...event, type, id: `${sent + n}` } as Event),
          headers: { 'content-type': 'application/cloudevents+json' },
        }))
        await store(records, partition)
      }
    },
    write: (record, partition = 0) => store([record], partition),
    decisions(source, tenant = 'default') {
      const id = `flood/${tenant}/${source}/${type}`
      return followed
        .get(DECISIONS_TOPIC)!
        .filter(({ key }) => String(key) === id)
        .map((record) => {
          const decoded = decodeDecision(record)
          if ('problem' in decoded) throw new Error(decoded.detail)
          if ('decision' in decoded) return decoded.decision
          if (String(record.headers[LIFTED_BY]) !== 'flood-guard')
            throw new Error('It does not say who lifted it.')
          return null
        })
    },
    deadLetters: () =>
      followed.get(letters)!.filter(({ headers }) => String(headers['__streams.errors.topic']) === topic),
    async topTalkers() {
      const response = await fetch(`${guard.admin}/v1/top-talkers`)
      if (!response.ok) throw new Error(await response.text())
      return (await response.json()) as TopTalkers
    },
    async metric(name) {
      const text = await (await fetch(`${guard.admin}/metrics`)).text()
      const line = text.split('\n').find((line) => line.startsWith(`sluice_flood_guard_${name} `))
      if (line === undefined) throw new Error(`There is no ${name} in\n${text}`)
      return Number(line.split(' ')[1])
    },
    async close() {
      await Promise.all([guard, ...others].map((each) => each.stop()))
      stopping.abort()
      await following
      await Promise.all([reader.close(), producer.close()])
      await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
    },
  }
}
