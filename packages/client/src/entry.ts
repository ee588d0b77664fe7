import type { ErrorDetail, Outcome, Status } from './outcome.ts'

/** An event from `publish` until its outcome. */
export type Entry = {
  readonly id: string
  readonly type: string
  /** What keeps its order with others of the same; undefined: nothing. */
  readonly place: string | undefined
  /** As JSON. */
  readonly text: string
  readonly bytes: number
  /** Given up then, in milliseconds since the epoch. */
  readonly deadline: number
  /** Called once. */
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (reason: Error) => void
  /** How many requests it was sent in. */
  attempts: number
  /** Whether an attempt is under way. */
  inFlight: boolean
  /** Whether some attempt ended without an answer; that sticks, whatever a later one is told. */
  mayBeStored: boolean
  /** The reason of the last attempt that did not settle it. */
  code: string
  settled: boolean
  /** At most so many events in its next request: an earlier one was too large, or another made it unreadable. */
  together: number
  /** Stops listening to its signal. */
  release: (() => void) | undefined
}

/** What is said of a sent event. */
export type Verdict = {
  readonly status: Status
  readonly code?: string
  readonly errors?: readonly ErrorDetail[]
  readonly decidedBy?: string
}

/** The outcome when nothing more is tried: what was last known. */
export function giveUp(entry: Entry): Outcome {
  const { id, type, attempts, inFlight, mayBeStored } = entry
  const status = inFlight || mayBeStored ? 'unknown' : 'refused'
  return { status, id, type, code: inFlight ? 'no-answer' : entry.code, attempts }
}

/**
 * The outcome by a verdict that needs no further attempt. That this attempt stored nothing says nothing about an
 * earlier one whose answer was lost.
 */
export function conclude(entry: Entry, verdict: Verdict): Outcome {
  const { id, type, attempts, mayBeStored } = entry
  const status = verdict.status === 'rejected' && mayBeStored ? 'unknown' : verdict.status
  return { ...verdict, status, id, type, attempts }
}
