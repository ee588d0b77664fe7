import type { Late } from './drain/estimate-drain.ts'
import {
  type ErrorDetail,
  encodeProblem,
  PROBLEM_JSON,
  type ProblemCode,
  problems,
  retryAfterOf,
} from './problems.ts'
import type { Drop, Way } from './type-plans.ts'

export const STATUSES = ['accepted', 'filtered', 'duplicate', 'rejected', 'refused', 'unknown'] as const

/** What became of an event; the contract says what each means. */
export type Status = (typeof STATUSES)[number]

/** The result of one event. Mutable until its request is answered. */
export type Result = {
  readonly id: string
  /** The id as JSON. */
  readonly idText: string
  /** As posted; null when there was none. */
  readonly type: string | null
  status: Status
  code: ProblemCode | undefined
  errors: readonly ErrorDetail[] | undefined
  /** Where it was sent, once that was decided. */
  way: Way | undefined
  /** What dropped it, when it was filtered. */
  filteredBy: Drop | undefined
  /** Why its lane takes nothing, when it was refused because its services are behind. */
  late: Late | undefined
}

/** A result that promises nothing yet: until more is known, and if a bug keeps it so, the event is unconfirmed. */
export function createResult(id: string, type: string | undefined): Result {
  return {
    id,
    idText: JSON.stringify(id),
    type: type ?? null,
    status: 'unknown',
    code: 'unconfirmed',
    errors: undefined,
    way: undefined,
    filteredBy: undefined,
    late: undefined,
  }
}

export function settleAs(result: Result, status: Status, code: ProblemCode | undefined): void {
  result.status = status
  result.code = code
}

export function reject(result: Result, code: ProblemCode, errors: readonly ErrorDetail[]): undefined {
  settleAs(result, 'rejected', code)
  result.errors = errors
}

/** An HTTP response before it is one. */
export type Answer = {
  readonly status: number
  readonly contentType: string
  readonly body: string
  /** Seconds. */
  readonly retryAfter?: number | undefined
}

/** The answer to a request with one event: its result, or the problem that it has. */
export function answerOne(result: Result): Answer {
  const { code, late } = result
  if (code === undefined) return { status: 202, contentType: JSON_TYPE, body: encodeResult(result, 0) }
  return {
    status: problems[code].status,
    contentType: PROBLEM_JSON,
    body: encodeProblem(code, {
      ...(late && { detail: describeLate(late) }),
      errors: result.errors,
      members: {
        outcome: result.status,
        id: result.id,
        eventType: result.type,
        drainSeconds: late?.drainSeconds,
      },
    }),
    retryAfter: late?.retryAfter ?? retryAfterOf(code),
  }
}

function describeLate({ drainSeconds, budgetSeconds }: Late): string {
  return `Nothing was stored. What waits in this lane, or in a more urgent one of its type, would take ${drainSeconds} s, and may take ${budgetSeconds}. Send it again later, with the same id.`
}

/**
 * The answer to a batch: counts by status, then the results in the order of the events.
 * @param minimal leaves out the results of accepted events.
 */
export function answerBatch(results: readonly Result[], minimal: boolean): Answer {
  const counts = createCounts()
  let list = ''
  let rateLimited = 0
  for (let index = 0; index < results.length; index++) {
    const result = results[index]!
    counts[result.status]++
    if (result.code === 'rate-limited') rateLimited++
    if (minimal && result.status === 'accepted') continue
    if (list !== '') list += ','
    list += encodeResult(result, index)
  }
  const summary = JSON.stringify(counts)
  const status = rateLimited > 0 && rateLimited === results.length ? 429 : batchStatus(counts)
  return {
    status,
    contentType: JSON_TYPE,
    body: `${summary.slice(0, -1)},"results":[${list}]}`,
    retryAfter: status === 503 || status === 429 ? longestWait(results) : undefined,
  }
}

export type Counts = Record<Status, number>

export function createCounts(): Counts {
  return { accepted: 0, filtered: 0, duplicate: 0, rejected: 0, refused: 0, unknown: 0 }
}

/**
 * The results of a part of a stream, a line each. Adds them to `counts`.
 * @param offset the index of the first
 * @param minimal leaves out the results of accepted events.
 */
export function encodeLines(
  results: readonly Result[],
  offset: number,
  minimal: boolean,
  counts: Counts,
): string {
  let lines = ''
  for (let index = 0; index < results.length; index++) {
    const result = results[index]!
    counts[result.status]++
    if (!minimal || result.status !== 'accepted') lines += `${encodeResult(result, offset + index)}\n`
  }
  return lines
}

/** The last line of a stream that was read to its end. */
export function encodeSummary(counts: Counts): string {
  return `${JSON.stringify({ summary: counts })}\n`
}

/**
 * The last line of a stream that ends before the client ended it.
 * @param next the index of the first event that was not taken
 */
export function encodeStreamError(code: ProblemCode, next: number): string {
  return `{"error":${encodeProblem(code)},"next":${next}}\n`
}

/** All taken: 202. All rejected: 422. All to be sent again: 503. Anything else: 207. Over its rate alone: 429. */
export function batchStatus(counts: Readonly<Counts>): number {
  const taken = counts.accepted + counts.filtered + counts.duplicate
  const again = counts.refused + counts.unknown
  if (counts.rejected === 0 && again === 0) return 202
  if (taken === 0 && again === 0) return 422
  if (taken === 0 && counts.rejected === 0) return 503
  return 207
}

/** A problem with the request as a whole. */
export function answerProblem(code: ProblemCode, detail?: string): Answer {
  return {
    status: problems[code].status,
    contentType: PROBLEM_JSON,
    body: encodeProblem(code, detail === undefined ? {} : { detail }),
    retryAfter: retryAfterOf(code),
  }
}

const JSON_TYPE = 'application/json'

function encodeResult(result: Result, index: number): string {
  const { id, idText, type, status, code, errors, way, filteredBy, late } = result
  if (status === 'accepted') return `{"index":${index},"id":${idText}${way!.acceptedResult}`
  return JSON.stringify({
    index,
    id,
    type,
    status,
    priority: way?.lane,
    decidedBy: (filteredBy ?? way)?.decidedBy,
    code,
    retryable: code && problems[code].retryable,
    errors: errors && errors.length > 0 ? errors : undefined,
    drainSeconds: late?.drainSeconds,
  })
}

function longestWait(results: readonly Result[]): number {
  return Math.max(
    1,
    ...new Set(results.map(({ code, late }) => late?.retryAfter ?? (code && retryAfterOf(code)) ?? 1)),
  )
}
