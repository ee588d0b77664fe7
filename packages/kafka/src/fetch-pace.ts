/** How long to wait between a fetch that brought records and the next one. */
export type FetchPace = {
  /** Milliseconds. */
  next(): number
  /** Says how much later than asked a wait ended, milliseconds. */
  ended(lateMs: number): void
}

/**
 * A fetch costs the broker and us about what fifty records do. Without a wait a busy topic is fetched record by
 * record, as fast as both can, and nothing is left of the machine for the work itself; but a wait is latency. So it is
 * short, and grows only where waiting costs nothing any more: on a machine without a free processor a timer fires
 * late, and then records wait for the processor, not for the fetch. The lateness of our own waits, smoothed over some
 * eight of them, is the measure; what an idle machine shows of it is left out.
 */
export function createFetchPace(): FetchPace {
  let lateness = 0
  return {
    next: () => Math.min(LONGEST_MS, SHORTEST_MS + STRETCH * Math.max(0, lateness - USUAL_LATENESS_MS)),
    ended(lateMs) {
      lateness += (Math.max(0, lateMs) - lateness) / 8
    },
  }
}

const SHORTEST_MS = 4
const LONGEST_MS = 20
/** Timers are a millisecond coarse. */
const USUAL_LATENESS_MS = 1
const STRETCH = 4
