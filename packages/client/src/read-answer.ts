import type { Verdict } from './entry.ts'
import { type ErrorDetail, STATUSES, type Status } from './outcome.ts'

/** The answer to a request, read. `waitMs`: how long to wait at least before anything of it is sent again. */
export type Answer =
  /** One verdict per event, in order. `holdsAll`: too many requests came, so others have to wait, too. */
  | {
      readonly kind: 'verdicts'
      readonly verdicts: readonly Verdict[]
      readonly waitMs: number
      readonly holdsAll: boolean
    }
  /** It is the request that is wrong: too large, or made unreadable by one of its events. */
  | { readonly kind: 'divide'; readonly verdict: Verdict }
  /** For all events alike, for good: not because of any of them. */
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  /** Nothing is known of any event but this. */
  | { readonly kind: 'again'; readonly verdict: Verdict; readonly waitMs: number }

/** An answer as it came. */
export type RawAnswer = {
  readonly status: number
  readonly retryAfter: string | null
  readonly body: string
}

/**
 * Reads the answer to a posted array. Results are believed when there is one for each event, under its id; accepted
 * ones may be left out (RFC 7240, `return=minimal`). What cannot be read says nothing: then it is not known what became
 * of the events, except after a 4xx, with which HTTP says that the request was not carried out.
 *
 * @param ids those of the events, in order
 * @param now milliseconds since the epoch, for a `Retry-After` that is a date
 */
export function readAnswer(raw: RawAnswer, ids: readonly string[], now: number): Answer {
  const { status } = raw
  const body = parse(raw.body)
  const waitMs = retryAfterMs(raw.retryAfter, now)
  const verdicts = readVerdicts(body, ids)
  if (verdicts) return { kind: 'verdicts', verdicts, waitMs, holdsAll: status === 429 }
  const code = isText(body?.['code']) ? body['code'] : undefined
  const again = (outcome: Status, fallback: string): Answer => ({
    kind: 'again',
    verdict: { status: outcome, code: code ?? fallback },
    waitMs,
  })
  if (status === 429) return again('refused', 'rate-limited')
  if (status < 400 || status >= 500 || status === 408 || status === 425) return again('unknown', NO_ANSWER)
  const detail = isText(body?.['detail']) ? body['detail'] : undefined
  const errors =
    readErrors(body?.['errors']) ?? (detail === undefined ? undefined : [{ pointer: '', detail }])
  const verdict = { status: 'rejected', code: code ?? `http-${status}`, ...(errors && { errors }) } as const
  return { kind: status === 400 || status === 413 ? 'divide' : 'verdict', verdict }
}

export const NO_ANSWER = 'no-answer'

/** Seconds or a date (RFC 9110, 10.2.3); 0 when there is none that can be read. */
export function retryAfterMs(value: string | null, now: number): number {
  if (value === null) return 0
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, LONGEST_WAIT_MS)
  const date = Date.parse(value)
  return Number.isNaN(date) ? 0 : Math.min(Math.max(0, date - now), LONGEST_WAIT_MS)
}

/** Whatever an answer asks for, something is tried once an hour. */
const LONGEST_WAIT_MS = 60 * 60 * 1000

type Members = Readonly<Record<string, unknown>>

function readVerdicts(body: Members | undefined, ids: readonly string[]): Verdict[] | undefined {
  if (!Array.isArray(body?.['results'])) return undefined
  const verdicts: (Verdict | undefined)[] = new Array(ids.length).fill(undefined)
  let read = 0
  for (const result of body['results']) {
    const { index, id, status, code, errors, decidedBy } = result ?? {}
    if (!isIndex(index, ids.length) || id !== ids[index] || !STATUSES.includes(status)) return undefined
    if (verdicts[index] !== undefined) return undefined
    const details = readErrors(errors)
    verdicts[index] = {
      status,
      ...(isText(code) && { code }),
      ...(details && { errors: details }),
      ...(isText(decidedBy) && { decidedBy }),
    }
    read++
  }
  const told = verdicts.filter((verdict) => verdict?.status === 'accepted').length
  if (body['accepted'] !== ids.length - read + told) return undefined
  for (let index = 0; index < verdicts.length; index++) verdicts[index] ??= ACCEPTED
  return verdicts as Verdict[]
}

const ACCEPTED: Verdict = Object.freeze({ status: 'accepted' })

function readErrors(errors: unknown): ErrorDetail[] | undefined {
  if (!Array.isArray(errors)) return undefined
  return errors
    .filter((error) => isText(error?.pointer) && isText(error.detail))
    .map(({ pointer, detail }) => ({ pointer, detail }))
}

function parse(body: string): Members | undefined {
  try {
    const value = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isIndex(value: unknown, length: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < length
}
