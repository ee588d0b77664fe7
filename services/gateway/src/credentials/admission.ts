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
  /** The limits as the field `RateLimit-Policy` says them; undefined for who has none. */
  readonly policy: string | undefined
  /** What is left of them now, as the field `RateLimit` says it. */
  remaining(): string
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
    policy: policyOf(limits),
    remaining() {
      const items: string[] = []
      if (limitsEvents) {
        fill()
        // At least one more event a second: a second is how long to wait for more, whatever is left.
        items.push(`"events";r=${Math.floor(tokens)}${tokens < burst ? ';t=1' : ''}`)
      }
      if (limitsRequests) items.push(`"requests";r=${concurrentRequests - open}`)
      return items.join(', ')
    },
    isOf: (other) => isDeepStrictEqual(limits, other),
  }
}

/**
 * As draft-ietf-httpapi-ratelimit-headers-11 has it. A bucket is a quota of its burst in the time in which it fills, rounded
 * up: who keeps to it is never refused. `events` is a unit of ours, so that nobody counts requests instead.
 */
function policyOf({
  eventsPerSecond,
  burst = eventsPerSecond,
  concurrentRequests,
}: LimitsEntry): string | undefined {
  const items: string[] = []
  if (eventsPerSecond !== undefined)
    items.push(`"events";q=${burst};qu="events";w=${Math.ceil(burst! / eventsPerSecond)}`)
  if (concurrentRequests !== undefined)
    items.push(`"requests";q=${concurrentRequests};qu="concurrent-requests"`)
  return items.length > 0 ? items.join(', ') : undefined
}
