/**
 * What finally became of an event.
 * - `accepted`: it is in Kafka. `duplicate`: it was before. `filtered`: valid, and dropped by the rule or decision in `decidedBy`.
 * - `rejected`: not stored, and never will be as it is; `code` and `errors` say why.
 * - `refused`: the client gave it up, and it is certain that nothing was stored.
 * - `unknown`: the client gave it up, and it may be stored. Publish it again with the same id, or look for it.
 */
export type Outcome = {
  readonly status: Status
  readonly id: string
  readonly type: string
  /** Why it was not taken: a code of the gateway, or one of {@link ClientCode}. `docs/errors.md` explains each. */
  readonly code?: string
  readonly errors?: readonly ErrorDetail[]
  /** Which rule had the last word, where the gateway says so. */
  readonly decidedBy?: string
  /** How many requests it was sent in. 0: it never left. */
  readonly attempts: number
}

export const STATUSES = ['accepted', 'filtered', 'duplicate', 'rejected', 'refused', 'unknown'] as const

export type Status = (typeof STATUSES)[number]

/** What is wrong, and where (JSON Pointer into the event). */
export type ErrorDetail = { readonly pointer: string; readonly detail: string }

/**
 * Codes of outcomes that the gateway never saw.
 * - `not-sent`: it never left: the deadline, `close` or its signal came first.
 * - `no-answer`: the last request with it had no answer that can be read.
 * - `no-token`: the function for the token failed.
 */
export type ClientCode = 'not-sent' | 'no-answer' | 'no-token'
