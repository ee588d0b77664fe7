import { isDeepStrictEqual } from 'node:util'
import type { LimitsEntry } from '@sluice/credentials'

/** How much a credential may post, and what it has used of that. Asked once for a request, never for each event. */
export type Admission = {
  /** How many of `count` events may be taken now. They are used then. */
  takeEvents(count: number): number
  /** The most events that may be taken at once; Infinity without a limit. */
  readonly burst: number
  /** Seconds until `count` more events may be taken, or as many as ever at once. */
  secondsUntil(count: number): number
  /** Whether requests are counted. */
  readonly limitsRequests: boolean
  /** Whether one more request may be served; if so, `endRequest` is to be called once when it is over. */
  beginRequest(): boolean
  endRequest(): void
  /** Whether it was made for these limits. */
  isOf(limits: LimitsEntry): boolean
}

export const UNLIMITED: Admission = createAdmission({})

/**
 * A bucket of tokens, one for each event, that is full at first and fills at a steady rate up to the burst; and a count of
 * open requests.
 * @param now milliseconds, on a clock that does not go back
 */
export function createAdmission(limits: LimitsEntry, now = () => performance.now()): Admission {
  const { eventsPerSecond = Number.POSITIVE_INFINITY, concurrentRequests = Number.POSITIVE_INFINITY } = limits
  const { burst = eventsPerSecond } = limits
  const limitsEvents = Number.isFinite(eventsPerSecond)
  const limitsRequests = Number.isFinite(concurrentRequests)
  let tokens = burst
  let filledAt = limitsEvents ? now() : 0
  let open = 0

  function fill(): void {
    const at = now()
    tokens = Math.min(burst, tokens + ((at - filledAt) / 1000) * eventsPerSecond)
    filledAt = at
  }

  return {
    takeEvents(count) {
      if (!limitsEvents) return count
      fill()
      const taken = Math.min(count, Math.floor(tokens))
      tokens -= taken
      return taken
    },
    secondsUntil(count) {
      if (!limitsEvents) return 0
      fill()
      return Math.max(0, Math.min(count, burst) - tokens) / eventsPerSecond
    },
    burst: limitsEvents ? Math.max(1, Math.floor(burst)) : Number.POSITIVE_INFINITY,
    limitsRequests,
    beginRequest() {
      if (open >= concurrentRequests) return false
      open++
      return true
    },
    endRequest() {
      open--
    },
    isOf: (other) => isDeepStrictEqual(limits, other),
  }
}
