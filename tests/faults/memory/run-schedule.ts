import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { deadLetterTopic, laneTopic, outputId, PARTITIONS_PER_TYPE } from '@sluice/events'
import {
  createLaneConsumer,
  createPublisher,
  DEAD_LETTER_LANE,
  type Handled,
  type IncomingRecord,
  type KafkaClient,
  type LaneConsumer,
  type PublishOutcome,
  type PublishRecord,
  partitionOf,
  toDeadLetter,
} from '@sluice/kafka'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { createMemoryBroker, type Hold, type MemoryBroker, type ProduceFault } from '@sluice/testing'
import type { Answer, CommitSample, History, StoredEvent, StoredRecord } from '../books/history.ts'
import { createEvents, type LoadEvent } from '../load/make-events.ts'
import { createRandom } from '../load/seeded-random.ts'

/** What happens in which order. Partitions are numbered over the lanes, then the output topic. */
export type Schedule = {
  readonly seed: number
  readonly steps: readonly Step[]
}

export type Step =
  /** The producer sends so many more events, in one request. */
  | { readonly do: 'send'; readonly count: number }
  /** Turns of the event loop pass. */
  | { readonly do: 'wait'; readonly turns: number }
  /** The next batches of a partition fail like this. */
  | { readonly do: 'fail'; readonly partition: number; readonly count: number; readonly fault: FaultName }
  /** Batches of a partition wait, past the producer's patience if it is long. */
  | { readonly do: 'hold'; readonly partition: number; readonly ms: number }
  | { readonly do: 'outage'; readonly ms: number }
  | { readonly do: 'rebalance' }
  /** A member's session runs out; it learns of it so many turns later. */
  | { readonly do: 'expel'; readonly turns: number }
  /** A member crashes, and another process takes its place. */
  | { readonly do: 'crash' }
  | { readonly do: 'poison'; readonly partition: number }

export type FaultName = 'leader-moved' | 'unknown-stored' | 'unknown-not-stored'

const FAULTS: Readonly<Record<FaultName, ProduceFault>> = {
  'leader-moved': { status: 'failed', reason: 'unavailable', retriable: true, detail: 'The leader moved.' },
  'unknown-stored': 'unknown-stored',
  'unknown-not-stored': 'unknown-not-stored',
}

const GROUP = 'order-placed'
const LANES = ['high', 'normal'] as const
const LANE_TOPICS = LANES.map((lane) => laneTopic('order-placed', lane))
const OUTPUT_TOPICS = ['stock-reserved', 'fraud-check-requested'].map((type) => laneTopic(type, 'normal'))
const LETTERS = deadLetterTopic('order-placed', GROUP)
const PLACES = [...LANE_TOPICS, OUTPUT_TOPICS[0]!].flatMap((topic) =>
  Array.from({ length: PARTITIONS_PER_TYPE }, (_, partition) => ({ topic, partition })),
)

/** How many partitions a step may name. */
export const PLACE_COUNT = PLACES.length

/** The producer's patience; a hold that is longer makes `unknown` of what is stored later. */
const DELIVERY_TIMEOUT_MS = 25
const SETTLE_MS = 20_000

/**
 * Plays a schedule on the memory broker, with the publisher and the lane consumer as they are, and returns what
 * there is to settle. `spoil` replaces the client, to plant a bug.
 */
export async function runSchedule(
  schedule: Schedule,
  options: { readonly spoil?: (client: KafkaClient) => KafkaClient; readonly maxBatchBytes?: number } = {},
): Promise<History> {
  const random = createRandom(schedule.seed)
  const broker = createMemoryBroker({
    topics: Object.fromEntries([
      ...[...LANE_TOPICS, ...OUTPUT_TOPICS].map((topic) => [topic, PARTITIONS_PER_TYPE]),
      [LETTERS, 1],
    ]),
    ...(options.maxBatchBytes !== undefined && { maxBatchBytes: options.maxBatchBytes }),
  })
  const client = options.spoil?.(broker.client()) ?? broker.client()
  const world = createWorld(client, random.next)
  const makeEvent = createEvents('s', random, { types: ['order-placed'], keys: 4, high: 0.3 })
  const commits: CommitSample[] = []
  const later: Promise<unknown>[] = []
  let poisoned = 0
  let sending: Promise<void> = Promise.resolve()

  await Promise.all([world.join(), world.join()])
  for (const step of schedule.steps) {
    await play(step)
    commits.push(...sampleCommits(broker))
  }
  await sending
  await Promise.all(later)
  await settle(broker)
  commits.push(...sampleCommits(broker))
  await world.stop()
  return {
    sent: world.sent.map(({ data, priority, ...event }) => event),
    answers: world.answers,
    planted: Array.from({ length: poisoned }, (_, number) => findPoison(broker, `poison-${number}`)),
    records: [...LANE_TOPICS, ...OUTPUT_TOPICS, LETTERS].flatMap((topic) => broker.read(topic).map(toStored)),
    commits,
    counters: [],
    recoveries: [],
    exits: [],
    services: [{ service: GROUP, type: 'order-placed' }],
    repeatsAllowed: true,
  }

  async function play(step: Step): Promise<void> {
    switch (step.do) {
      case 'send': {
        const events = Array.from({ length: step.count }, makeEvent)
        sending = sending.then(() => world.send(events))
        return turn()
      }
      case 'wait':
        for (let i = 0; i < step.turns; i++) await turn()
        return
      case 'fail':
        return broker.failNext(PLACES[step.partition]!, step.count, FAULTS[step.fault])
      case 'hold': {
        const { topic, partition } = PLACES[step.partition]!
        const hold: Hold = broker.hold(topic, partition)
        later.push(delay(step.ms).then(() => hold.release()))
        return
      }
      case 'outage': {
        const end = broker.outage()
        await delay(step.ms)
        return end()
      }
      case 'rebalance':
        return broker.rebalance(GROUP)
      case 'expel': {
        if (broker.members(GROUP) === 0) return
        const rejoin = broker.expel(GROUP)
        for (let i = 0; i < step.turns; i++) await turn()
        return rejoin()
      }
      case 'crash':
        if (broker.members(GROUP) === 0) return
        broker.crash(GROUP)
        return world.join()
      case 'poison': {
        const { topic, partition } = PLACES[step.partition % (LANES.length * PARTITIONS_PER_TYPE)]!
        broker.append({ topic, partition }, [{ key: `poison-${poisoned++}`, value: '{' }])
      }
    }
  }
}

/** The producer and the members of the group, with all that they know. */
function createWorld(client: KafkaClient, random: () => number) {
  const metrics = createMetrics(GROUP)
  const log = createLogger({ service: GROUP, level: 'fatal', destination: { write() {} } })
  const common = { client, metrics, log, backoff: { baseMs: 1, maxMs: 4 }, random }
  const sent: LoadEvent[] = []
  const answers: Answer[] = []
  const members: LaneConsumer[] = []
  const publishers = [
    createPublisher({
      ...common,
      lanes: LANES,
      deliveryTimeoutMs: DELIVERY_TIMEOUT_MS,
      maxBufferBytes: Number.POSITIVE_INFINITY,
    }),
  ]
  const [gateway] = publishers as [(typeof publishers)[number]]

  /** One request, sent again until all of it is stored: what a good producer does. */
  async function send(events: readonly LoadEvent[]): Promise<void> {
    let pending: number[] = []
    for (const event of events) {
      const index = sent.push(event) - 1
      if (event.fate === 'handled') pending.push(index)
      else answers.push({ event: index, status: 'rejected', at: 0 })
    }
    while (pending.length > 0) {
      const outcomes = await publishAll(pending.map((index) => toRecord(sent[index]!)))
      pending = pending.filter((event, place) => {
        const status = STATUSES[outcomes[place]!.status]
        answers.push({ event, status, at: 0 })
        return status !== 'accepted'
      })
    }
  }

  function publishAll(records: readonly PublishRecord[]): Promise<PublishOutcome[]> {
    const outcomes: PublishOutcome[] = []
    let open = records.length
    const { promise, resolve } = Promise.withResolvers<PublishOutcome[]>()
    const receipt = {
      settled(index: number, outcome: PublishOutcome) {
        outcomes[index] = outcome
        if (--open === 0) resolve(outcomes)
      },
    }
    for (const [index, record] of records.entries()) gateway.publish(record, receipt, index)
    return promise
  }

  async function join(): Promise<void> {
    const publisher = createPublisher({
      ...common,
      lanes: ['high', 'normal', DEAD_LETTER_LANE],
      deliveryTimeoutMs: Number.POSITIVE_INFINITY,
      maxBufferBytes: Number.POSITIVE_INFINITY,
    })
    publishers.push(publisher)
    const consumer = createLaneConsumer<Handled>({
      client,
      publisher,
      group: GROUP,
      type: 'order-placed',
      lanes: LANES.map((lane, index) => ({
        lane,
        topic: LANE_TOPICS[index]!,
        weight: 4 - index,
        maxWaitMs: 100,
      })),
      concurrency: 8,
      sessionTimeoutMs: 6000,
      commitIntervalMs: 2,
      handle: (record) => handle(record, random),
      undeliverable: (record) => ({ outputs: [letterOf(record)] }),
      finished() {},
      // Whoever runs it starts another one, which the schedule says.
      crashed() {},
      metrics,
      log,
    })
    members.push(consumer)
    await consumer.start()
  }

  return {
    sent,
    answers,
    send,
    join,
    async stop() {
      await Promise.all(members.map((member) => member.stop(1000)))
      await Promise.all(publishers.map((publisher) => publisher.close()))
    },
  }
}

const STATUSES = {
  stored: 'accepted',
  overloaded: 'refused',
  failed: 'refused',
  unknown: 'unknown',
} as const

/** Some answer at once, others after a while, so that keys and partitions overtake each other. */
function handle(record: IncomingRecord, random: () => number): Handled | Promise<Handled> {
  const event = decode(record)
  if (!event) return { outputs: [letterOf(record)] }
  const result = { outputs: event.outputs.map((output) => toOutput(event, output)) }
  return random() < 0.5 ? result : wait(Math.floor(random() * 6)).then(() => result)
}

async function wait(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await turn()
}

function letterOf(record: IncomingRecord): PublishRecord {
  const error = new Error('It is no event.')
  return toDeadLetter(
    record,
    { service: GROUP, reason: 'schema', attempts: 1, firstFailedAt: 0, error },
    LETTERS,
  )
}

function toRecord(event: LoadEvent): PublishRecord {
  const lane = event.priority === 'high' ? 'high' : 'normal'
  return {
    lane,
    topic: laneTopic('order-placed', lane),
    partition: partitionOf(event.key, PARTITIONS_PER_TYPE),
    key: event.key,
    value: JSON.stringify(event),
  }
}

function toOutput(event: LoadEvent, { type, index }: LoadEvent['outputs'][number]): PublishRecord {
  const key = `${event.key} ${index}`
  const { tenant, id } = event
  const output: StoredEvent = {
    ...{ tenant, source: `/services/${GROUP}`, id: outputId(event as never, type, index), type },
    ...{ causationid: id, correlationid: id },
  }
  return {
    lane: 'normal',
    topic: laneTopic(type, 'normal'),
    partition: partitionOf(key, PARTITIONS_PER_TYPE),
    key,
    value: JSON.stringify(output),
  }
}

function decode({ value }: IncomingRecord): LoadEvent | undefined {
  try {
    return JSON.parse(String(value)) as LoadEvent
  } catch {
    return undefined
  }
}

function toStored(record: IncomingRecord): StoredRecord {
  const { topic, partition, offset, timestamp, key } = record
  const headers = Object.fromEntries(
    Object.entries(record.headers).flatMap(([name, held]) => (held ? [[name, String(held)]] : [])),
  )
  const event = decode(record) as StoredEvent | undefined
  return { topic, partition, offset, timestamp, key: String(key), headers, ...(event && { event }) }
}

function findPoison(broker: MemoryBroker, key: string) {
  return LANE_TOPICS.flatMap((topic) => broker.read(topic)).find((record) => String(record.key) === key)!
}

function sampleCommits(broker: MemoryBroker): CommitSample[] {
  const ends: Record<string, number> = {}
  for (const topic of [...OUTPUT_TOPICS, LETTERS]) {
    for (const { partition, offset } of broker.read(topic)) ends[`${topic}/${partition}`] = offset + 1
  }
  return PLACES.slice(0, LANES.length * PARTITIONS_PER_TYPE).flatMap((at) => {
    const offset = broker.committed(GROUP, at)
    return offset > 0 ? [{ group: GROUP, ...at, offset, ends }] : []
  })
}

/** Until every lane is committed to its end; what is still missing after `SETTLE_MS` is for the books to say. */
async function settle(broker: MemoryBroker): Promise<void> {
  const deadline = Date.now() + SETTLE_MS
  const isBehind = (topic: string) =>
    broker.read(topic).some((record) => broker.committed(GROUP, record) <= record.offset)
  while (LANE_TOPICS.some(isBehind) && Date.now() < deadline) await delay(1)
}
