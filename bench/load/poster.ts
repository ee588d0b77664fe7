import { nowMicros } from '../measure/clock.ts'
import type { Latency } from '../measure/latency.ts'
import { createConnection, type Target } from './connection.ts'
import { stampEventId } from './event-id.ts'
import { type Outcome, outcome, readOutcomes } from './outcome.ts'
import type { EncodedRequest } from './request.ts'

/** When the posting of a phase ends. It may be moved to an earlier moment, but not to one that is over. */
export type Ending = { atMicros: number }

/** What all loads of a phase share. Sequence numbers start at 0 in each phase. */
export type Journal = {
  next: number
  /** By sequence number. */
  outcomes: Uint8Array
  /** After it an acceptance no longer counts for the rate. */
  readonly ending: Ending
  accepted: number
  acceptedInTime: number
}

/** What each load has for itself. */
export type Timings = {
  /** From when a request was due until it was answered; only of requests that were accepted whole. */
  readonly answered: Latency
  /** From when a request was due until it was sent: how late the generator itself was. */
  readonly late: Latency
}

/** Posts requests over one connection, one after the other. */
export type Poster = {
  /** Resolves when the answer is noted; to whether every event was accepted. Never rejects. */
  post(request: EncodedRequest, dueMicros: number): Promise<boolean>
  close(): void
}

const ANSWER_TIMEOUT_MS = 30_000

export function createPoster(
  target: Target,
  journal: Journal,
  timings: Timings,
  largestRequest: number,
): Poster {
  const connection = createConnection(target.port, ANSWER_TIMEOUT_MS)
  const scratch = Buffer.allocUnsafe(largestRequest)

  return {
    async post({ bytes, ids }, dueMicros) {
      const first = journal.next
      journal.next += ids.length
      bytes.copy(scratch)
      for (let i = 0; i < ids.length; i++) stampEventId(scratch, ids[i]!, first + i, dueMicros)
      timings.late.record(nowMicros() - dueMicros)
      const answer = await connection.post(scratch.subarray(0, bytes.length))
      const outcomes = answer ? readOutcomes(answer.status, answer.body, ids.length) : outcome.unknown
      const allAccepted = note(journal, first, ids.length, outcomes)
      if (allAccepted) timings.answered.record(nowMicros() - dueMicros)
      return allAccepted
    },
    close: () => connection.close(),
  }
}

/** Whether all were accepted. */
function note(
  journal: Journal,
  first: number,
  count: number,
  outcomes: Outcome | readonly Outcome[],
): boolean {
  if (first + count > journal.outcomes.length) journal.outcomes = grow(journal.outcomes, first + count)
  let accepted = 0
  for (let i = 0; i < count; i++) {
    const one = typeof outcomes === 'number' ? outcomes : outcomes[i]!
    journal.outcomes[first + i] = one
    if (one === outcome.accepted) accepted++
  }
  journal.accepted += accepted
  if (nowMicros() <= journal.ending.atMicros) journal.acceptedInTime += accepted
  return accepted === count
}

function grow(array: Uint8Array, atLeast: number): Uint8Array {
  const grown = new Uint8Array(Math.max(atLeast, array.length * 2))
  grown.set(array)
  return grown
}
