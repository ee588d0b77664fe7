import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { laneTopic, PARTITIONS_PER_TYPE } from '@sluice/events'
import type { IncomingRecord, KafkaClient } from '@sluice/kafka'
import { createMemoryBroker, type MemoryBroker, type ProduceFault } from '@sluice/testing'
import type { CommitSample, History, StoredEvent, StoredRecord } from '../books/history.ts'
import { createEvents } from '../load/make-events.ts'
import { createRandom } from '../load/seeded-random.ts'
import { createWorld, decode, GROUP, LANE_TOPICS, LETTERS } from './world.ts'

/** What happens in which order. Partitions are numbered over the lanes, then the output topic. */
export type Schedule = {
  readonly seed: number
  /** How many handled events a partition number remembers; 0: none. */
  readonly window: number
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

const OUTPUT_TOPICS = ['stock-reserved', 'fraud-check-requested'].map((type) => laneTopic(type, 'normal'))
const PLACES = [...LANE_TOPICS, OUTPUT_TOPICS[0]!].flatMap((topic) =>
  Array.from({ length: PARTITIONS_PER_TYPE }, (_, partition) => ({ topic, partition })),
)

/** How many partitions a step may name. */
export const PLACE_COUNT = PLACES.length

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
  const world = createWorld(client, random.next, schedule.window)
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
    holdings: [],
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
        const hold = broker.hold(topic, partition)
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
        const { topic, partition } = PLACES[step.partition % (LANE_TOPICS.length * PARTITIONS_PER_TYPE)]!
        broker.append({ topic, partition }, [{ key: `poison-${poisoned++}`, value: '{' }])
      }
    }
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
  return PLACES.slice(0, LANE_TOPICS.length * PARTITIONS_PER_TYPE).flatMap((at) => {
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
