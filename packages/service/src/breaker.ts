/**
 * Stops the taking of events while most attempts of the handler fail, so that an outage of what it depends on makes
 * no dead letters.
 *
 *     closed ── most of the last attempts failed ──▶ open ── wait is over ──▶ probing: one attempt at a time
 *        ▲                                            ▲                          │        │
 *        └────────── PROBES in a row succeeded ───────┼──────────────────────────┘        │
 *                                                     └── it failed; wait twice as long ──┘
 *
 * While it is not closed, an attempt that fails does not count: its event waits for its turn as the next probe, behind
 * the others that wait. So no event uses up its attempts on an outage, and one that can never be handled does not keep
 * it open.
 */
export type Breaker = {
  readonly closed: boolean
  /** Whether an attempt may begin now. If it says yes while it is not closed, that attempt is the probe. */
  admit(): boolean
  /** Waits until an attempt may begin. False when `stopping` was aborted first. */
  wait(stopping: AbortSignal): Promise<boolean>
  /** An attempt of the handler has ended. `probe`: it began while this was not closed. */
  record(succeeded: boolean, probe: boolean): void
  /** What was admitted as the probe says nothing about the handler, or was not begun after all. */
  withdraw(): void
  /** For people. */
  describe(): string
}

export type BreakerOptions = {
  /** There may be something to admit, and nobody waits. */
  ready(): void
  opened(detail: string): void
  closed(): void
}

/** Whether enough of the last attempts failed; of few attempts nothing is concluded. */
const WINDOW_ATTEMPTS = 100
const MIN_ATTEMPTS = 20
const FAILED_SHARE = 0.5
/** One success may be luck. */
const PROBES = 3
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000

export function createBreaker(options: BreakerOptions): Breaker {
  let state: 'closed' | 'open' | 'probing' = 'closed'
  const attempts = new Uint8Array(WINDOW_ATTEMPTS)
  let counted = 0
  let next = 0
  let failures = 0
  let waitMs = FIRST_WAIT_MS
  let probes = 0
  let probeRuns = false
  const waiting = new Set<() => void>()

  function count(succeeded: boolean): void {
    const failed = succeeded ? 0 : 1
    failures += failed - attempts[next]!
    attempts[next] = failed
    next = next + 1 === WINDOW_ATTEMPTS ? 0 : next + 1
    if (counted < WINDOW_ATTEMPTS) counted++
  }

  function open(): void {
    state = 'open'
    probes = 0
    probeRuns = false
    // Never keeps a process alive that has nothing else to do.
    setTimeout(() => {
      state = 'probing'
      offer()
    }, waitMs).unref()
    waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)
  }

  function close(): void {
    state = 'closed'
    attempts.fill(0)
    counted = 0
    failures = 0
    probes = 0
    waitMs = FIRST_WAIT_MS
    options.closed()
    for (const go of [...waiting]) go()
    options.ready()
  }

  /** The next probe is who has waited longest, or else a new event. */
  function offer(): void {
    if (state !== 'probing' || probeRuns) return
    const first = waiting.values().next().value
    if (first) {
      probeRuns = true
      first()
    } else options.ready()
  }

  function endProbe(): void {
    probeRuns = false
    offer()
  }

  return {
    get closed() {
      return state === 'closed'
    },
    admit() {
      if (state === 'closed') return true
      if (state === 'open' || probeRuns || waiting.size > 0) return false
      probeRuns = true
      return true
    },
    wait(stopping) {
      if (state === 'closed') return Promise.resolve(!stopping.aborted)
      return new Promise((resolve) => {
        if (stopping.aborted) return resolve(false)
        const go = () => end(true)
        const giveUp = () => end(false)
        const end = (may: boolean) => {
          waiting.delete(go)
          stopping.removeEventListener('abort', giveUp)
          resolve(may)
        }
        waiting.add(go)
        stopping.addEventListener('abort', giveUp, { once: true })
        offer()
      })
    },
    record(succeeded, probe) {
      if (state === 'closed') {
        if (probe) return
        count(succeeded)
        if (succeeded || counted < MIN_ATTEMPTS || failures <= FAILED_SHARE * counted) return
        open()
        options.opened(`${failures} of the last ${counted} attempts of the handler failed`)
      } else if (probe && probeRuns) {
        if (!succeeded) open()
        else if (++probes >= PROBES) close()
        else endProbe()
      }
    },
    withdraw() {
      if (state === 'probing' && probeRuns) endProbe()
    },
    describe() {
      if (state === 'closed') return 'The handler works.'
      return `Most attempts of the handler fail: nothing is taken but one event at a time, ${waiting.size} wait.`
    },
  }
}
