/**
 * The narrow waist between Sluice and a Kafka client. Bytes only. Every implementation passes the contract
 * suite in `@sluice/testing`; only the adapter files import a client library.
 */

export type TopicPartition = { readonly topic: string; readonly partition: number }

/** Offsets are numbers: exact up to 2^53, which a partition reaches after 285 years at a million a second. */
export type PartitionOffset = TopicPartition & { readonly offset: number }

/** UTF-8 text or bytes; Kafka knows headers without a value, too. */
export type HeaderValue = Uint8Array | string | null

/** A name may repeat: then it has a list of values. */
export type Headers = Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>

export type OutgoingRecord = {
  readonly key: Uint8Array | string | null
  readonly value: Uint8Array | string | null
  readonly headers?: Headers
  /** Milliseconds since the epoch; absent = now. */
  readonly timestamp?: number
}

export type IncomingRecord = TopicPartition & {
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<
    Record<string, Buffer | string | null | readonly (Buffer | string | null)[] | undefined>
  >
  /** Of key and value together. */
  readonly bytes: number
}

/** Records for one partition; they become one record batch. The caller keeps them under the topic's limit. */
export type ProduceBatch = TopicPartition & { readonly records: readonly OutgoingRecord[] }

/**
 * What became of one batch of a produce call.
 * - `stored`: acknowledged by all in-sync replicas.
 * - `failed`: certainly not stored. `retriable` says whether sending it again may help.
 * - `unknown`: may or may not be stored (a timeout, a closed connection, a broker that could not say).
 *
 * `unreached`: no broker has said so; there was no connection, or it ended without an answer.
 */
export type ProduceOutcome =
  | { readonly status: 'stored' }
  | {
      readonly status: 'failed'
      readonly reason: ProduceFailure
      readonly retriable: boolean
      readonly detail: string
      readonly unreached?: true
    }
  | { readonly status: 'unknown'; readonly detail: string; readonly unreached?: true }

export type ProduceFailure = 'too-large' | 'unknown-topic' | 'not-authorised' | 'unavailable' | 'invalid'

/**
 * Sends record batches. Makes one attempt per call: retrying is the caller's.
 * Not guaranteed: that batches of one call are stored together, or in their order across partitions.
 */
export interface Producer {
  /** One outcome per batch, in order. Never rejects. A partition may appear once per call. */
  produce(batches: readonly ProduceBatch[]): Promise<readonly ProduceOutcome[]>
  /** Waits for what is in flight, then disconnects. */
  close(): Promise<void>
}

export type ConsumerOptions = {
  readonly group: string
  /** Of several, the first is fetched apart: what it brings waits for none of the others. */
  readonly topics: readonly string[]
  /** Milliseconds without a heartbeat after which the group gives this member's partitions away. */
  readonly sessionTimeoutMs: number
}

/** A partition that a member has just been given, as it stood in Kafka then. */
export type AssignedPartition = TopicPartition & {
  /** The offset that the group has committed; -1 when it has none. */
  readonly committed: number
  /** The first offset that the log still has, and the one after its newest record. */
  readonly low: number
  readonly high: number
}

/** What a consumer tells its owner. All callbacks are synchronous and must not block or throw. */
export interface ConsumerListener {
  /**
   * This member now owns exactly `partitions`, in a new epoch. What it owned before is gone, also where the
   * same partition comes back: fetching starts again from the committed offset, or from where the owner seeks before
   * it returns. Nothing was fetched yet.
   */
  assigned(partitions: readonly AssignedPartition[], epoch: number): void
  /** The current epoch has ended; other members may already read what this one owned. */
  revoked(): void
  /**
   * Records of one owned partition in offset order. May repeat what was not committed. `end` is the offset
   * that the next record of the partition will have at the earliest: fetching goes on from there. `highWatermark`
   * is the offset after the partition's newest record.
   */
  records(
    partition: TopicPartition,
    records: readonly IncomingRecord[],
    end: number,
    highWatermark: number,
  ): void
  /** The consumer cannot go on and will not come back. The process must end. */
  crashed(error: Error): void
}

/**
 * A member of a consumer group. Fetches ahead without waiting for anybody: the owner bounds it by pausing.
 * Begins at the committed offset, else at the log's start. Never commits by itself. Outages of Kafka are
 * waited out, however long.
 */
export interface Consumer {
  /** Joins the group and fetches until `close`. */
  start(listener: ConsumerListener): Promise<void>
  /** Stops fetching these partitions. Records already on their way may still arrive, or arrive again later. */
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /** Fetches next from this offset, which may lie before the committed one. The log must still have it. */
  seek(position: PartitionOffset): void
  /**
   * Commits the offsets that are to be read next. Rejects when the group refuses (this member is no longer in
   * it) or Kafka does not answer; nothing is then known to be committed.
   */
  commit(offsets: readonly PartitionOffset[]): Promise<void>
  /** Leaves the group. Does not commit. Bounded by `timeoutMs`, after which the connections are abandoned. */
  close(timeoutMs: number): Promise<void>
}

export type ReadOptions = {
  /** Where to end, each partition for itself; this offset is not read any more. One that is not named has no end. */
  readonly to?: readonly PartitionOffset[]
  /** Ends the read, as if there were no more. */
  readonly signal?: AbortSignal
}

/** What was read of one partition at once. */
export type ReadBatch = TopicPartition & {
  /** In offset order; none where there are only offsets without records. */
  readonly records: readonly IncomingRecord[]
  /** Reading goes on at this offset. */
  readonly end: number
  /** The offset after the partition's newest record, as far as known. */
  readonly highWatermark: number
  /** How many offsets were to be read before these records, but retention had taken them. */
  readonly lost: number
}

/** Reads partitions outside of any group: nobody else notices, and nothing is committed. */
export interface Reader {
  /**
   * Reads each partition from its offset on, in offset order; among partitions there is no order. Follows the end of
   * the log for ever, unless `to` says where to end: then it ends once every partition has come that far, whether or
   * not the last offsets before it have records. An offset that the log does not have continues at the log's start; the
   * batch says how many were `lost`.
   *
   * Fetches only a little ahead of what is taken: at most three fetches of a partition, half a megabyte each, are in
   * memory. Outages of Kafka are waited out, however long. Each read has connections of its own, which end with it:
   * leave the loop, or abort the signal.
   * @throws KafkaError `kafka-refused` when there is no such partition, or it may not be read; `unreadable-batch`
   */
  read(from: readonly PartitionOffset[], options?: ReadOptions): AsyncIterableIterator<ReadBatch>
  /** Ends all reads. */
  close(): Promise<void>
}

export type TopicSpec = {
  readonly topic: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly config: Readonly<Record<string, string>>
}

export type TopicDescription = { readonly topic: string; readonly partitions: number }

/**
 * Looks at the cluster, creates topics and moves groups that nobody is in. Never alters or deletes a topic. All calls
 * reject with `KafkaError`.
 */
export interface Admin {
  listTopics(): Promise<readonly string[]>
  /** Leaves out topics that do not exist. */
  describeTopics(topics: readonly string[]): Promise<readonly TopicDescription[]>
  /** Config values that differ from what was asked, by name. */
  describeTopicConfig(topic: string, names: readonly string[]): Promise<Readonly<Record<string, string>>>
  /** Creates those that do not exist; returns the names that it created. */
  createTopics(specs: readonly TopicSpec[]): Promise<readonly string[]>
  /** First and next offset of each partition. */
  topicOffsets(topic: string): Promise<readonly { partition: number; low: number; high: number }[]>
  /** Committed offsets of a group; a partition without one has `offset: -1`. */
  groupOffsets(group: string, topic: string): Promise<readonly { partition: number; offset: number }[]>
  /**
   * Of each partition the first offset whose record has this time, or a later one; where there is none, the offset after
   * the newest record. Later offsets may have earlier times. Milliseconds since the epoch.
   */
  offsetsForTime(topic: string, timestamp: number): Promise<readonly { partition: number; offset: number }[]>
  /**
   * Commits for a group that has no members now; others of its offsets stay. Rejects with `commit-refused` when it has
   * some: stop them first.
   */
  commitGroupOffsets(group: string, offsets: readonly PartitionOffset[]): Promise<void>
  close(): Promise<void>
}

/**
 * Makes producers, consumers, readers and admins of one cluster. Each has connections of its own. Transactions will
 * be a second kind of producer beside `producer()`.
 */
export interface KafkaClient {
  /** Connects lazily: an unreachable cluster shows in the outcomes. */
  producer(options: { readonly name: string }): Producer
  consumer(options: ConsumerOptions): Consumer
  /** Connects with the first read. `name` is for the broker's logs. */
  reader(options: { readonly name: string }): Reader
  admin(): Promise<Admin>
}
