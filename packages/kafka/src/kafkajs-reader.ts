import { setTimeout as delay } from 'node:timers/promises'
import { type Backoff, backoffMs } from './backoff.ts'
import { KafkaError } from './errors.ts'
import type { ClusterProducer, KafkaJsCluster } from './kafkajs-call.ts'
import { type KafkaJs, type KafkaLog, QUICK_RETRY } from './kafkajs-connect.ts'
import { detailOf, isAuthenticationFailure, isFatal, rootOf, toKafkaError } from './kafkajs-errors.ts'
import { startFetcher } from './kafkajs-fetcher.ts'
import { placeOf } from './partition.ts'
import type {
  IncomingRecord,
  PartitionOffset,
  ReadBatch,
  Reader,
  ReadOptions,
  TopicPartition,
} from './port.ts'

/**
 * Each read is a kafkajs client of its own, so that a read that waits for the log's end holds up no other. Of kafkajs it
 * uses the cluster of a producer, which belongs to no group.
 */
export function createKafkaJsReader(open: () => KafkaJs, log?: KafkaLog): Reader {
  const closing = new AbortController()
  const clients = new Set<KafkaJs>()

  return {
    async *read(from, { to, signal: given } = {}) {
      const signal = given ? AbortSignal.any([given, closing.signal]) : closing.signal
      if (from.length === 0 || signal.aborted) return
      const client = open()
      clients.add(client)
      const producer = client.kafka.producer({
        retry: { ...QUICK_RETRY, retries: 0 },
        allowAutoTopicCreation: false,
        metadataMaxAge: 60_000,
      }) as ClusterProducer
      // kafkajs would send the next request down the same connection, which may be dead.
      producer.on(producer.events.REQUEST_TIMEOUT, ({ payload }) => client.cut(payload.broker))
      try {
        await connect(producer, from, signal, log)
        yield* readPartitions(producer.cluster, from, { signal, ...(to && { to }) }, log)
      } finally {
        await producer.disconnect().catch(() => {})
        client.destroy()
        clients.delete(client)
      }
    },
    async close() {
      closing.abort()
      for (const { destroy } of clients) destroy()
    },
  }
}

/** Returns when it is connected and has seen every partition, or when the signal aborts. */
async function connect(
  producer: ClusterProducer,
  from: readonly PartitionOffset[],
  signal: AbortSignal,
  log: KafkaLog | undefined,
): Promise<void> {
  const { cluster } = producer
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      await producer.connect()
      await cluster.addMultipleTargetTopics([...new Set(from.map(({ topic }) => topic))])
      await cluster.refreshMetadataIfNecessary()
      for (const at of from) requirePartition(cluster, at)
      return
    } catch (error) {
      if (signal.aborted) return
      const fault = rootOf(error)
      const hopeless = isAuthenticationFailure(fault) || isFatal(fault) || fault.type === NO_SUCH_TOPIC
      if (error instanceof KafkaError || hopeless) throw toKafkaError('Could not read', error)
      log?.('warn', 'Kafka could not be reached for reading; tried again', {
        failures,
        reason: detailOf(fault),
      })
      await delay(backoffMs(failures, BACKOFF, Math.random), undefined, { signal }).catch(() => {})
    }
  }
}

function requirePartition(cluster: KafkaJsCluster, { topic, partition }: PartitionOffset): void {
  const found = cluster.findTopicPartitionMetadata(topic)
  if (!found.some(({ partitionId }) => partitionId === partition))
    throw new KafkaError('kafka-refused', `There is no partition ${partition} of ${topic}.`)
}

/**
 * Turns what the fetcher pushes into what the reader pulls. A partition is fetched while fewer than MAX_WAITING of its
 * batches wait to be taken; one batch would be enough for the bound, but then the next fetch would begin only when
 * nothing is left, and wait for that of an idle partition.
 */
export async function* readPartitions(
  cluster: KafkaJsCluster,
  from: readonly PartitionOffset[],
  { to = [], signal }: ReadOptions,
  log: KafkaLog | undefined,
): AsyncGenerator<ReadBatch, undefined> {
  const bounds = new Map(to.map((at) => [placeOf(at), at.offset]))
  const boundOf = (place: string) => bounds.get(place) ?? Number.POSITIVE_INFINITY
  const positions = from.filter((at) => at.offset < boundOf(placeOf(at)))
  if (positions.length === 0 || signal?.aborted) return
  const unfinished = new Set(positions.map(placeOf))
  const lost = new Map<string, number>()
  const waiting = new Map<string, number>()
  const queue: ReadBatch[] = []
  let failure: unknown
  let news = Promise.withResolvers<void>()

  const fetcher = startFetcher({
    cluster,
    positions,
    records: take,
    rewound(at, wanted, start) {
      const place = placeOf(at)
      lost.set(place, (lost.get(place) ?? 0) + Math.max(0, start - wanted))
      // All that was wanted is gone: there will be no records that could say so.
      if (start >= boundOf(place)) take(at, [], start, start)
    },
    failed(error) {
      failure = error
      news.resolve()
    },
    log,
  })
  function take(
    at: TopicPartition,
    records: readonly IncomingRecord[],
    end: number,
    highWatermark: number,
  ): void {
    const place = placeOf(at)
    const bound = boundOf(place)
    const wanted = end > bound ? records.filter(({ offset }) => offset < bound) : records
    queue.push({ ...at, records: wanted, end, highWatermark, lost: lost.get(place) ?? 0 })
    lost.delete(place)
    const count = (waiting.get(place) ?? 0) + 1
    waiting.set(place, count)
    if (end >= bound) unfinished.delete(place)
    if (end >= bound || count >= MAX_WAITING) fetcher.pause([at])
    news.resolve()
  }
  function stop(): void {
    fetcher.stop()
    news.resolve()
  }
  signal?.addEventListener('abort', stop)

  try {
    while (!signal?.aborted) {
      const batch = queue.shift()
      if (batch) {
        const place = placeOf(batch)
        const count = waiting.get(place)! - 1
        waiting.set(place, count)
        if (unfinished.has(place) && count === MAX_WAITING - 1) fetcher.resume([batch])
        yield batch
      } else if (failure !== undefined) throw toKafkaError('Could not read on', failure)
      else if (unfinished.size === 0) return
      else {
        await news.promise
        news = Promise.withResolvers()
      }
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    fetcher.stop()
  }
}

/** Batches of a partition; one more is in the reader's hands. */
const MAX_WAITING = 2

const BACKOFF: Backoff = { baseMs: 100, maxMs: 1000 }
const NO_SUCH_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION'
