import type { Admin, PartitionOffset } from '@sluice/kafka'

/** A part of some topics, as a reader takes it: each partition from its offset in `from` up to that in `to`. */
export type Span = {
  readonly from: readonly PartitionOffset[]
  readonly to: readonly PartitionOffset[]
  /** How many offsets that is; records may be fewer. */
  readonly offsets: number
  /** How many topics it is of, those counted that have nothing to read. */
  readonly topics: number
}

/**
 * From the first record that is as old as `since`, or younger, to where the topics end now. Topics that do not exist are
 * left out.
 * @param since milliseconds since the epoch; absent: from the start of the log
 * @throws KafkaError
 */
export async function spanOf(admin: Admin, topics: readonly string[], since?: number): Promise<Span> {
  const from: PartitionOffset[] = []
  const to: PartitionOffset[] = []
  let offsets = 0
  const present = await admin.describeTopics(topics)
  for (const { topic } of present) {
    const [bounds, starts] = await Promise.all([
      admin.topicOffsets(topic),
      since === undefined ? undefined : admin.offsetsForTime(topic, since),
    ])
    for (const { partition, low, high } of bounds) {
      const start = Math.max(low, starts?.find((at) => at.partition === partition)?.offset ?? low)
      if (start >= high) continue
      from.push({ topic, partition, offset: start })
      to.push({ topic, partition, offset: high })
      offsets += high - start
    }
  }
  return { from, to, offsets, topics: present.length }
}
