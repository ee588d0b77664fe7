import { setImmediate as afterIo } from 'node:timers'
import { KafkaError, type OutgoingRecord, type TopicPartition } from '@sluice/kafka'
import { type ConsumerGroup, createConsumerGroup } from './consumer-group.ts'
import { append, createTopicLog, type PartitionLog, type TopicLog } from './topic-log.ts'

/** What the memory clients share: the logs, the groups, and whether the broker can be reached. */
export type Cluster = {
  readonly topics: ReadonlyMap<string, TopicLog>
  readonly groups: ReadonlyMap<string, ConsumerGroup>
  readonly defaultMaxBytes: number
  readonly now: () => number
  createTopic(topic: string, partitions: number, config: TopicLog['config']): void
  /** Undefined when there is no such partition. */
  partition(at: TopicPartition): PartitionLog | undefined
  store(at: TopicPartition, records: readonly OutgoingRecord[]): void
  group(name: string): ConsumerGroup
  isDown(): boolean
  setDown(down: boolean): void
  /** @throws KafkaError `kafka-unreachable` during an outage. */
  requireUp(): void
  /** Calls back whenever there may be something new to read or to do; returns how to stop that. */
  onChange(callback: () => void): () => void
  changed(): void
}

/**
 * Runs after the current turn of the event loop, as an answer from a socket would. The real timer even where a
 * test fakes time: a broker's answer does not wait for a clock.
 */
export function soon(callback: () => void): void {
  afterIo(callback)
}

export function createCluster(options: {
  readonly maxBatchBytes: number
  readonly now: () => number
}): Cluster {
  const topics = new Map<string, TopicLog>()
  const groups = new Map<string, ConsumerGroup>()
  const watchers = new Set<() => void>()
  let down = false

  const cluster: Cluster = {
    topics,
    groups,
    defaultMaxBytes: options.maxBatchBytes,
    now: options.now,
    createTopic(topic, partitions, config) {
      topics.set(topic, createTopicLog(topic, partitions, config))
      for (const group of groups.values()) if (group.reads(topic)) group.rebalance()
    },
    partition: ({ topic, partition }) => topics.get(topic)?.partitions[partition],
    store(at, records) {
      append(cluster.partition(at)!, at, records, options.now())
      cluster.changed()
    },
    group(name) {
      const group = groups.get(name) ?? createConsumerGroup(cluster)
      groups.set(name, group)
      return group
    },
    isDown: () => down,
    setDown(to) {
      down = to
      cluster.changed()
    },
    requireUp() {
      if (down) throw new KafkaError('kafka-unreachable', 'The memory broker is down.')
    },
    onChange(callback) {
      watchers.add(callback)
      return () => watchers.delete(callback)
    },
    changed() {
      for (const watcher of [...watchers]) watcher()
    },
  }
  return cluster
}
