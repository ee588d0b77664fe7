import type { AssignedPartition, IncomingRecord } from './port.ts'

/**
 * Fills the window of one partition number from the log: the records before the committed offset of each of its
 * topics, as far back as the window reaches. They were handled, by whoever owned the partition then; nothing of them
 * is handled again.
 *
 * The topics are read side by side, so their records are put into the order of their timestamps: what is oldest is
 * what the window forgets first.
 */
export type WindowRebuild = {
  /**
   * @param known everything before this offset is in the window already; nothing is read twice
   * @returns where to begin to read the topic; its committed offset when there is nothing before it to read
   */
  begin(at: AssignedPartition, known: number | undefined): number
  /**
   * Takes what lies before the committed offset, and returns the rest.
   * @param end where fetching goes on
   */
  take(topic: string, records: readonly IncomingRecord[], end: number): readonly IncomingRecord[]
  /** Whether some topic has not been read up to its committed offset. */
  readonly open: boolean
  /** Records read so far. */
  readonly records: number
}

export function createWindowRebuild(options: {
  /** How many identities the window keeps. */
  readonly limit: number
  /** Undefined for a record that has no identity, or that was another service's to handle. */
  identify(record: IncomingRecord): string | undefined
  /** Gets each identity, the oldest first, once all topics are read. */
  settle(identity: string): void
}): WindowRebuild {
  const { limit, identify, settle } = options
  const boundaries = new Map<string, number>()
  let found: { readonly identity: string; readonly timestamp: number }[] = []
  let count = 0

  function finish(): void {
    found.sort((a, b) => a.timestamp - b.timestamp)
    for (const { identity } of found.slice(-limit)) settle(identity)
    found = []
  }

  return {
    begin(at, known) {
      const boundary = boundaryOf(at)
      let from = Math.max(at.low, boundary - limit)
      if (known !== undefined && known <= boundary) from = Math.max(from, known)
      if (from >= boundary) return boundary
      boundaries.set(at.topic, boundary)
      return from
    },
    take(topic, records, end) {
      const boundary = boundaries.get(topic)
      if (boundary === undefined) return records
      let taken = 0
      while (taken < records.length && records[taken]!.offset < boundary) {
        const record = records[taken++]!
        const identity = identify(record)
        if (identity !== undefined) found.push({ identity, timestamp: record.timestamp })
      }
      count += taken
      if (end >= boundary) {
        boundaries.delete(topic)
        if (boundaries.size === 0) finish()
      }
      return records.slice(taken)
    },
    get open() {
      return boundaries.size > 0
    },
    get records() {
      return count
    },
  }
}

/**
 * The first offset that is to be handled. Not the committed one where the log begins later, because retention was
 * faster, or ends earlier, because a leader was elected that did not have all of it.
 */
export function boundaryOf({ committed, low, high }: AssignedPartition): number {
  return committed < 0 ? low : Math.max(low, Math.min(committed, high))
}
