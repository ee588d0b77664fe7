import { setTimeout as delay } from 'node:timers/promises'
// @ts-expect-error kafkajs declares no types of what is inside.
import protocolErrors from 'kafkajs/src/protocol/error.js'
import { type Backoff, backoffMs } from './backoff.ts'
import { KafkaError } from './errors.ts'
import { createFetchPace, type FetchPace } from './fetch-pace.ts'
import {
  encodeFetchRequest,
  FETCH,
  type FetchAnswer,
  type FetchedPartition,
  type FetchLimits,
  readFetchAnswer,
} from './fetch-protocol.ts'
import { callOf, type KafkaJsCluster, leaderOf, NO_LEADER } from './kafkajs-call.ts'
import type { KafkaLog } from './kafkajs-connect.ts'
import { detailOf, isFatal, rootOf } from './kafkajs-errors.ts'
import { placeOf } from './partition.ts'
import type { IncomingRecord, PartitionOffset, TopicPartition } from './port.ts'
import { readRecordSet } from './record-batch.ts'

export type FetcherOptions = {
  readonly cluster: KafkaJsCluster
  /** A topic that is fetched apart from the others. */
  readonly urgent?: string | undefined
  /** The partitions to fetch, and from where. */
  readonly positions: readonly PartitionOffset[]
  /** As in `ConsumerListener.records`. */
  records(at: TopicPartition, records: readonly IncomingRecord[], end: number, highWatermark: number): void
  /** What was to be read next is gone: it goes on at `start`, where the log begins. */
  rewound?(at: TopicPartition, wanted: number, start: number): void
  /** It has ended, because trying again will not help. */
  failed(error: unknown): void
  readonly log: KafkaLog | undefined
}

export type Fetcher = {
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  seek(position: PartitionOffset): void
  /** Nothing is handed over any more. */
  stop(): void
}

/**
 * Fetches the partitions of one assignment, over kafkajs' connections: a loop for each broker that leads some of them,
 * one request at a time, and one more for the urgent topic, because a broker answers a connection in order. An answer is
 * handed over before the next request; after one that brought records there is a short wait ({@link createFetchPace}).
 *
 * A plan says which broker leads what. Whatever goes wrong ends the plan: after a delay the cluster is looked at again
 * and a new plan made, for as long as the assignment lasts. An outage is so waited out; what the group thinks of it is
 * kafkajs' to find out, by its heartbeats.
 *
 * A paused partition is left out of requests, and of the answer that is on its way. A resumed one waits for that
 * answer, so a request that leaves one out waits for records only {@link PAUSED_WAIT_MS}.
 */
export function startFetcher(options: FetcherOptions): Fetcher {
  const { cluster, urgent, positions, records, failed, log } = options
  const partitions = new Map(positions.map((at) => [placeOf(at), { ...at, asked: at.offset, paused: false }]))
  let plan: object | undefined = partitions
  let failures = 0
  let resumed = Promise.withResolvers<void>()

  function begin(): void {
    const mine = {}
    plan = mine
    const byWay = Map.groupBy(partitions.values(), ({ topic }) => (topic === urgent ? URGENT : BULK))
    for (const [way, positions] of byWay) {
      const byLeader = Map.groupBy(positions, ({ topic, partition }) => leaderOf(cluster, topic, partition))
      for (const [leader, led] of byLeader) {
        if (leader === NO_LEADER) void mend(mine, new Error('A partition has no leader.'))
        else void fetchFrom(leader, led, way, mine)
      }
    }
  }

  async function fetchFrom(leader: number, led: readonly Position[], way: Way, mine: object): Promise<void> {
    const pace = createFetchPace({ longestMs: way.longestWaitMs })
    for (let turn = 0; ; turn++) {
      const wanted = led.filter(({ paused }) => !paused)
      try {
        if (wanted.length === 0) await resumed.promise
        else {
          const first = turn % wanted.length
          const maxWaitMs = wanted.length < led.length ? PAUSED_WAIT_MS : IDLE_WAIT_MS
          const limits = { ...way.limits, maxWaitMs }
          const asked = [...wanted.slice(first), ...wanted.slice(0, first)]
          const answer = await ask(leader, asked, way.connection, limits)
          if (plan !== mine) return
          await take(answer)
          failures = 0
          if (answer.partitions.length > 0) await wait(pace)
        }
        if (plan !== mine) return
      } catch (error) {
        return mend(mine, error)
      }
    }
  }

  async function ask(
    leader: number,
    wanted: readonly Position[],
    index: number,
    limits: FetchLimits,
  ): Promise<FetchAnswer> {
    const broker = await cluster.findBroker({ nodeId: leader })
    for (const position of wanted) position.asked = position.offset
    try {
      const connection = await broker.connectionPool.getConnection(index)
      return await connection.send(callOf(FETCH, encodeFetchRequest(wanted, limits), readFetchAnswer))
    } catch (error) {
      const { name, host, port } = error as { name: string; host: string; port: number }
      if (name === 'KafkaJSConnectionClosedError') {
        await broker.disconnect()
        cluster.removeBroker({ host, port })
      }
      throw error
    }
  }

  async function take(answer: FetchAnswer): Promise<void> {
    if (answer.error !== 0) throw createErrorFromCode(answer.error)
    let fault: unknown
    for (const fetched of answer.partitions) {
      const position = partitions.get(placeOf(fetched))
      // Somebody has moved or paused it while the answer was on its way: what it brought is fetched again.
      if (!position || position.paused || position.offset !== position.asked) continue
      if (fetched.error === 0) hand(position, fetched)
      else if (fetched.error === OFFSET_OUT_OF_RANGE) await rewind(position)
      else fault = createErrorFromCode(fetched.error)
    }
    // The others are through; this one needs another look at the cluster.
    if (fault) throw fault
  }

  function hand(position: Position, { aborted, highWatermark, recordSet }: FetchedPartition): void {
    const { topic, partition, offset } = position
    const { records: found, end } = readRecordSet(recordSet, { topic, partition }, offset, aborted)
    if (end === undefined) return
    position.offset = Math.max(offset, end)
    records({ topic, partition }, found, position.offset, highWatermark)
  }

  /** To the log's start: what was to be read next is gone, which the owner notices by the gap. */
  async function rewind(position: Position): Promise<void> {
    const { topic, partition } = position
    const [found] = await cluster.fetchTopicsOffset([
      { topic, partitions: [{ partition }], fromBeginning: true },
    ])
    const start = Number(found!.partitions[0]!.offset)
    log?.('warn', 'what was to be read next is no longer in the log; going on at its start', {
      topic,
      partition,
      wanted: position.offset,
      start,
    })
    const wanted = position.offset
    position.offset = start
    options.rewound?.({ topic, partition }, wanted, start)
  }

  async function wait(pace: FetchPace): Promise<void> {
    const due = performance.now() + pace.next()
    await delay(due - performance.now())
    pace.ended(performance.now() - due)
  }

  async function mend(mine: object, error: unknown): Promise<void> {
    if (plan !== mine) return
    const fault = rootOf(error)
    if (error instanceof KafkaError || isFatal(fault)) {
      plan = undefined
      failed(error)
      return
    }
    const next = {}
    plan = next
    failures++
    log?.('debug', 'fetching failed; tried again', { failures, reason: detailOf(fault) })
    await delay(backoffMs(failures, BACKOFF, Math.random))
    await cluster.refreshMetadata().catch(() => {})
    if (plan === next) begin()
  }

  function find(list: readonly TopicPartition[]): Position[] {
    return list.flatMap((at) => partitions.get(placeOf(at)) ?? [])
  }

  // Not before the owner, who is told of the assignment now, has had its chance to seek and to pause.
  queueMicrotask(() => plan && begin())
  return {
    pause(list) {
      for (const position of find(list)) position.paused = true
    },
    resume(list) {
      for (const position of find(list)) position.paused = false
      resumed.resolve()
      resumed = Promise.withResolvers()
    },
    seek(to) {
      for (const position of find([to])) position.offset = to.offset
    },
    stop() {
      plan = undefined
      resumed.resolve()
    },
  }
}

type Position = { -readonly [Name in keyof PartitionOffset]: PartitionOffset[Name] } & {
  /** The offset that the request on its way asks for. */
  asked: number
  paused: boolean
}

/** How long the broker waits for the first record. Each such request costs it, and us, as much as if it brought some. */
const IDLE_WAIT_MS = 500
const PAUSED_WAIT_MS = 100

/** How a loop fetches. */
type Way = {
  /** The index of a connection to the broker. */
  readonly connection: number
  readonly longestWaitMs: number
  readonly limits: Omit<FetchLimits, 'maxWaitMs'>
}

const BULK: Way = {
  connection: 1,
  longestWaitMs: 25,
  limits: {
    minBytes: 1,
    maxBytes: 3 * 1024 * 1024,
    maxBytesPerPartition: 512 * 1024,
  },
}
const URGENT: Way = {
  connection: 2,
  longestWaitMs: 8,
  limits: { ...BULK.limits, maxBytes: 1024 * 1024 },
}
const BACKOFF: Backoff = { baseMs: 100, maxMs: 1000 }

const OFFSET_OUT_OF_RANGE = 1

const { createErrorFromCode } = protocolErrors as { createErrorFromCode(code: number): Error }
