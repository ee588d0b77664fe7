import type { FetchAnswer, FetchedPartition } from './fetch-protocol.ts'
import type { KafkaJsCall, KafkaJsCluster, KafkaJsConnection } from './kafkajs-call.ts'
import type { TopicPartition } from './port.ts'
import { encodeRecordBatch } from './record-batch.ts'

/** A fetch that a test answers. */
export type FakeFetch = {
  readonly node: number
  /** Index of the connection. */
  readonly connection: number
  /** What was asked for, as `topic/partition@offset`. */
  readonly asked: readonly string[]
  readonly maxWaitMs: number
  answer(...partitions: readonly FetchedPartition[]): void
  fail(error: Error): void
}

/** Stands in for kafkajs' cluster; `leaders` and `starts` are the test's to change. */
export function createFakeCluster(leaders: Map<string, number>) {
  const fetches: FakeFetch[] = []
  const log: string[] = []
  const starts = new Map<string, number>()
  const connectionTo = (node: number, connection: number): KafkaJsConnection => ({
    send<Answer>({ request }: KafkaJsCall<Answer>) {
      const { promise, resolve, reject } = Promise.withResolvers<FetchAnswer>()
      const sent = request.encode().buffer
      fetches.push({
        node,
        connection,
        asked: readAsked(sent),
        maxWaitMs: sent.readInt32BE(4),
        answer: (...partitions) => resolve({ throttleMs: 0, error: 0, partitions }),
        fail: reject,
      })
      return promise as Promise<Answer>
    },
  })
  const cluster: KafkaJsCluster = {
    findTopicPartitionMetadata: (topic) =>
      [...leaders]
        .filter(([place]) => place.startsWith(`${topic}/`))
        .map(([place, leader]) => ({ partitionId: Number(place.split('/')[1]), leader })),
    addMultipleTargetTopics: async () => {},
    refreshMetadata: async () => void log.push('refresh'),
    refreshMetadataIfNecessary: async () => {},
    removeBroker: ({ host, port }) => void log.push(`remove ${host}:${port}`),
    findGroupCoordinator: () => Promise.reject(new Error('Not part of this fake.')),
    findBroker: async ({ nodeId }) => ({
      connectionPool: {
        ...connectionTo(nodeId, 0),
        getConnection: async (connection) => connectionTo(nodeId, connection),
      },
      disconnect: async () => void log.push(`disconnect ${nodeId}`),
      offsetCommit: () => Promise.reject(new Error('Not part of this fake.')),
    }),
    fetchTopicsOffset: async ([asked]) => [
      {
        partitions: [
          { offset: String(starts.get(`${asked!.topic}/${asked!.partitions[0]!.partition}`) ?? 0) },
        ],
      },
    ],
  }
  /** The fetch that is waited for next, in the order in which they were sent. */
  async function next(): Promise<FakeFetch> {
    while (fetches.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    return fetches.shift()!
  }
  return { cluster, fetches, log, starts, next }
}

/** As a broker answers for one partition: `values` from offset `base` on, or an error. */
export function fetched(
  { topic, partition }: TopicPartition,
  base: number,
  values: readonly string[],
  error = 0,
): FetchedPartition {
  const rest = { topic, partition, error, highWatermark: 9, aborted: [] }
  if (values.length === 0) return { ...rest, recordSet: Buffer.alloc(0) }
  const records = values.map((value) => ({ key: null, value }))
  const recordSet = encodeRecordBatch(records, 0)
  recordSet.writeBigInt64BE(BigInt(base), 0)
  return { ...rest, recordSet }
}

/** Reads a request back: see `encodeFetchRequest`. */
function readAsked(request: Buffer): string[] {
  const asked: string[] = []
  let at = 29
  for (let left = request.readInt32BE(25); left > 0; left--) {
    const length = request.readInt16BE(at)
    const topic = request.toString('utf8', at + 2, at + 2 + length)
    at += 2 + length + 4
    asked.push(`${topic}/${request.readInt32BE(at)}@${request.readBigInt64BE(at + 8)}`)
    at += 28
  }
  return asked
}
