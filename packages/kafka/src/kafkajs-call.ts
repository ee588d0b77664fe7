import type { Producer as KafkaJsProducer } from 'kafkajs'
import type { TopicPartition } from './port.ts'

/** The parts of kafkajs' cluster that we use ourselves: who leads a partition, and a connection to it. */
export type KafkaJsCluster = {
  findTopicPartitionMetadata(topic: string): readonly { partitionId: number; leader: number }[]
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  refreshMetadata(): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  removeBroker(address: { host: string; port: number }): void
  findBroker(node: { nodeId: number }): Promise<KafkaJsBroker>
  findGroupCoordinator(group: { groupId: string }): Promise<KafkaJsBroker>
  fetchTopicsOffset(
    topics: readonly { topic: string; partitions: readonly { partition: number }[]; fromBeginning: true }[],
  ): Promise<readonly { partitions: readonly { offset: string }[] }[]>
}

export type KafkaJsConnection = { send<Answer>(call: KafkaJsCall<Answer>): Promise<Answer> }

export type KafkaJsBroker = {
  /** Connections to one broker: the first for most calls, the second for fetching, the third for fetching what is urgent. */
  readonly connectionPool: { getConnection(index: number): Promise<KafkaJsConnection> } & KafkaJsConnection
  disconnect(): Promise<void>
  offsetCommit(request: object): Promise<void>
}

/** The patched kafkajs lets its producers' cluster be seen. */
export type ClusterProducer = KafkaJsProducer & { readonly cluster: KafkaJsCluster }

/** A request and how to read its answer, as kafkajs' connections take them. */
export type KafkaJsCall<Answer> = {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    encode(): { readonly buf: Buffer; readonly buffer: Buffer; size(): number }
  }
  readonly response: {
    decode(answer: Buffer): { readonly answer: Answer; readonly clientSideThrottleTime: number }
    parse(decoded: { readonly answer: Answer }): Answer
  }
}

/** The leader's node, or NO_LEADER when there is none or none is known. */
export function leaderOf(cluster: KafkaJsCluster, topic: string, partition: number): number {
  const metadata = cluster.findTopicPartitionMetadata(topic)
  return metadata.find(({ partitionId }) => partitionId === partition)?.leader ?? NO_LEADER
}

export const NO_LEADER = -1

/** A call of ours: the encoded request without its header, and a reader of the answer. */
export function callOf<Answer extends { readonly throttleMs: number }>(
  api: { readonly name: string; readonly key: number; readonly version: number },
  request: Buffer,
  read: (answer: Buffer) => Answer,
): KafkaJsCall<Answer> {
  return {
    request: {
      apiKey: api.key,
      apiVersion: api.version,
      apiName: api.name,
      encode: () => ({ buf: request, buffer: request, size: () => request.length }),
    },
    response: {
      decode(bytes) {
        const answer = read(bytes)
        return { answer, clientSideThrottleTime: answer.throttleMs }
      },
      parse: ({ answer }) => answer,
    },
  }
}

/** As kafkajs wants a list of places: by topic. */
export function groupByTopic<At extends TopicPartition, Item>(
  list: readonly At[],
  toItem: (at: At) => Item,
): { topic: string; partitions: Item[] }[] {
  const byTopic = Map.groupBy(list, ({ topic }) => topic)
  return Array.from(byTopic, ([topic, places]) => ({ topic, partitions: places.map(toItem) }))
}
