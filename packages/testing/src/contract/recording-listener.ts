import type { AssignedPartition, ConsumerListener, IncomingRecord } from '@sluice/kafka'

/** A listener that remembers what it was told. */
export type RecordingListener = ConsumerListener & {
  /** What was told, in order: `assigned 3`, `revoked`, `crashed`. Without records. */
  readonly story: string[]
  /** All records in the order in which they came, repeats too. */
  readonly received: IncomingRecord[]
  /** What it owns now; nothing between two epochs. */
  owned(): readonly AssignedPartition[] | undefined
  epochs(): readonly number[]
  /** Values of one partition without repeats, by offset. */
  values(partition?: number): readonly string[]
  /** The last `end` and `highWatermark` of a partition. */
  reach(partition: number): { end: number; highWatermark: number } | undefined
}

/** @param whenAssigned what its owner does at each assignment, before anything is fetched */
export function createRecordingListener(
  whenAssigned: (partitions: readonly AssignedPartition[]) => void = () => {},
): RecordingListener {
  const story: string[] = []
  const epochs: number[] = []
  const received: IncomingRecord[] = []
  const reached = new Map<number, { end: number; highWatermark: number }>()
  let owned: readonly AssignedPartition[] | undefined

  return {
    story,
    received,
    owned: () => owned,
    epochs: () => epochs,
    values(partition = 0) {
      const byOffset = new Map(
        received.filter((one) => one.partition === partition).map((one) => [one.offset, one]),
      )
      return [...byOffset.values()].sort((a, b) => a.offset - b.offset).map(({ value }) => String(value))
    },
    reach: (partition) => reached.get(partition),
    assigned(partitions, epoch) {
      story.push(`assigned ${epoch}`)
      epochs.push(epoch)
      owned = partitions
      whenAssigned(partitions)
    },
    revoked() {
      story.push('revoked')
      owned = undefined
    },
    records({ partition }, records, end, highWatermark) {
      received.push(...records)
      reached.set(partition, { end, highWatermark })
    },
    crashed(error) {
      story.push(`crashed ${error.message}`)
    },
  }
}
