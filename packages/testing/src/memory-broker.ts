import type { IncomingRecord, KafkaClient, OutgoingRecord, TopicPartition } from '@sluice/kafka'
import { createCluster } from './memory/cluster.ts'
import { createMemoryAdmin } from './memory/memory-admin.ts'
import { createMemoryConsumer, type MemoryConsumer } from './memory/memory-consumer.ts'
import { createMemoryProducer } from './memory/memory-producer.ts'
import { createMemoryReader } from './memory/memory-reader.ts'
import { createProduceFaults, type Hold, type ProduceFault } from './memory/produce-faults.ts'
import { trim } from './memory/topic-log.ts'

export type { Hold, ProduceFault } from './memory/produce-faults.ts'

export type MemoryBrokerOptions = {
  /** Topics that exist from the start, with their partitions. */
  readonly topics?: Readonly<Record<string, number>>
  /** The largest record batch, where a topic's `max.message.bytes` does not say otherwise. */
  readonly maxBatchBytes?: number
  /** The most records of a partition that a consumer or a reader is handed at once. */
  readonly fetchRecords?: number
  readonly now?: () => number
}

export type MemoryBroker = {
  /** All clients share the broker. */
  client(): KafkaClient
  createTopic(topic: string, partitions: number, config?: Readonly<Record<string, string>>): void
  /** Everything that is stored in a topic, by partition and offset. */
  read(topic: string): readonly IncomingRecord[]
  /** What a group has committed for a partition; -1 for nothing. */
  committed(group: string, at: TopicPartition): number
  /** How many members a group has. */
  members(group: string): number

  /** Stores at once, past every fault. */
  append(at: TopicPartition, records: readonly OutgoingRecord[]): void
  /** Uses up offsets without records, as transaction markers and compaction do. */
  skip(at: TopicPartition, offsets: number): void
  /** Forgets the records below `offset`, as retention does. */
  trim(at: TopicPartition, offset: number): void

  /** Spoils the next `count` batches of a partition; several calls add up, in order. */
  failNext(at: TopicPartition, count: number, fault: ProduceFault): void
  /** Lets batches of a topic, or of one partition, wait until they are released. */
  hold(topic: string, partition?: number): Hold
  /**
   * Until the returned function is called: batches fail as `unavailable`, nothing is read or rebalanced, commits
   * and admin calls reject.
   */
  outage(): () => void
  /** Ends the group's epoch and begins another with the same members. */
  rebalance(group: string): void
  /** The oldest member of the group crashes and leaves it. */
  crash(group: string, error?: Error): void
  /**
   * The oldest member's session runs out: others get its partitions, its commits are refused, and it is told
   * only when the returned function is called; then it joins again.
   */
  expel(group: string): () => void
}

/**
 * A Kafka in memory for unit tests: the client port in full, each step one turn of the event loop after the
 * other, and faults on demand. Same calls, same order of events. Passes the client contract.
 * Not like Kafka: one broker without replicas, no authorisation, no transactions; a commit for a partition
 * that another member owns is refused, where Kafka would take it.
 */
export function createMemoryBroker(options: MemoryBrokerOptions = {}): MemoryBroker {
  const { topics = {}, maxBatchBytes = 1_048_588, fetchRecords = 500, now = Date.now } = options
  const cluster = createCluster({ maxBatchBytes, now })
  const faults = createProduceFaults()
  const consumers: MemoryConsumer[] = []
  for (const [topic, partitions] of Object.entries(topics)) cluster.createTopic(topic, partitions, {})

  const client: KafkaClient = {
    producer: () => createMemoryProducer(cluster, faults),
    consumer(consumerOptions) {
      const consumer = createMemoryConsumer(cluster, consumerOptions, fetchRecords, () => {
        consumers.splice(consumers.indexOf(consumer), 1)
      })
      consumers.push(consumer)
      return consumer
    },
    reader: () => createMemoryReader(cluster, fetchRecords),
    async admin() {
      cluster.requireUp()
      return createMemoryAdmin(cluster)
    },
  }

  function logOf(at: TopicPartition) {
    const log = cluster.partition(at)
    if (log === undefined) throw new TypeError(`There is no ${at.topic} ${at.partition}.`)
    return log
  }

  function oldestMember(group: string): MemoryConsumer {
    const member = consumers.find((consumer) => consumer.group === group && consumer.isMember())
    if (member === undefined) throw new TypeError(`The group ${group} has no members.`)
    return member
  }

  return {
    client: () => client,
    createTopic: (topic, partitions, config = {}) => cluster.createTopic(topic, partitions, config),
    read: (topic) => cluster.topics.get(topic)?.partitions.flatMap(({ records }) => records) ?? [],
    committed: (group, at) => cluster.group(group).committed(at),
    members: (group) => cluster.group(group).members().length,
    append(at, records) {
      logOf(at)
      cluster.store(at, records)
    },
    skip(at, offsets) {
      logOf(at).end += offsets
      cluster.changed()
    },
    trim: (at, offset) => trim(logOf(at), offset),
    failNext: (at, count, fault) => faults.next(at, count, fault),
    hold: (topic, partition) => faults.hold(topic, partition),
    outage() {
      cluster.setDown(true)
      return () => cluster.setDown(false)
    },
    rebalance: (group) => cluster.group(group).rebalance(),
    crash: (group, error = new Error('The memory broker crashed this consumer.')) =>
      oldestMember(group).crash(error),
    expel(group) {
      const member = oldestMember(group)
      member.expel()
      return () => member.rejoin()
    },
  }
}
