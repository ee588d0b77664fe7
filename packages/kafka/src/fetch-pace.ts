import { cpus } from 'node:os'

/** How long to wait between a fetch that brought records and the next one. */
export type FetchPace = {
  /** Milliseconds. */
  next(): number
  /** Says how much later than asked a wait ended, milliseconds. */
  ended(lateMs: number): void
}

/**
 * A fetch costs the broker and us about what fifty records do, and what it brings is written by another request. Without
 * a wait a busy topic is fetched record by record, as fast as all can, and nothing is left of the machine for the work
 * itself; but a wait is latency. So it is short, and grows only where waiting costs nothing any more, because records
 * wait for a processor, not for the fetch. Two things tell that: the processors of the machine are hardly ever idle; or
 * our timers fire late, smoothed over some eight of them, as where a container has used up its share of an idle machine.
 *
 * @param longestMs the longest wait
 * @param idle the idle share of the processors, 0 to 1
 */
export function createFetchPace({
  longestMs,
  idle = idleShare,
}: {
  readonly longestMs: number
  readonly idle?: () => number
}): FetchPace {
  let lateness = 0
  return {
    next() {
      const byLateness = STRETCH * Math.max(0, lateness - USUAL_LATENESS_MS)
      const scarcity = Math.min(1, Math.max(0, (PLENTY - idle()) / (PLENTY - SCARCE)))
      return Math.min(longestMs, SHORTEST_MS + Math.max(byLateness, scarcity * (longestMs - SHORTEST_MS)))
    },
    ended(lateMs) {
      lateness += (Math.max(0, lateMs) - lateness) / 8
    },
  }
}

const SHORTEST_MS = 4
/** Timers are a millisecond coarse. */
const USUAL_LATENESS_MS = 1
const STRETCH = 4
/** Idle shares: above the one a wait is as short as it may be, below the other as long. */
const PLENTY = 0.15
const SCARCE = 0.03

let sampled = { at: 0, idle: 0, total: 0 }
let share = 1

/** Of all processors, in the last half second or so. Looked at when it is asked for, and not too often. */
function idleShare(): number {
  const at = performance.now()
  if (at - sampled.at < SAMPLE_MS) return share
  const times = cpus().map((cpu) => cpu.times)
  const idle = times.reduce((sum, one) => sum + one.idle, 0)
  const total = times.reduce((sum, one) => sum + one.idle + one.user + one.sys + one.nice + one.irq, 0)
  if (sampled.at > 0 && total > sampled.total)
    share += ((idle - sampled.idle) / (total - sampled.total) - share) / 2
  sampled = { at, idle, total }
  return share
}

const SAMPLE_MS = 250
