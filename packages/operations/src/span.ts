import type { Admin, IncomingRecord, PartitionOffset, Reader, TopicPartition } from '@sluice/kafka'

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

/**
 * Reads a span to its end: each partition in the order of its offsets.
 * @param options.onProgress how many of the span's offsets are read
 * @throws KafkaError; the signal's reason when it is aborted
 */
export async function readSpan(
  reader: Reader,
  { from, to, offsets }: Span,
  visit: (record: IncomingRecord) => void,
  options: {
    readonly signal?: AbortSignal | undefined
    readonly onProgress?: ((done: number, total: number) => void) | undefined
  } = {},
): Promise<void> {
  const { signal, onProgress } = options
  const placeOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`
  const positions = new Map(from.map((at) => [placeOf(at), at.offset]))
  let done = 0
  for await (const batch of reader.read(from, { to, ...(signal && { signal }) })) {
    for (const record of batch.records) visit(record)
    const place = placeOf(batch)
    done += batch.end - positions.get(place)!
    positions.set(place, batch.end)
    onProgress?.(Math.min(done, offsets), offsets)
  }
  // An aborted read ends as if there were no more.
  signal?.throwIfAborted()
}
