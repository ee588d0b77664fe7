import type { Lane } from '@sluice/events'
import type { ErrorDetail, ProblemCode } from '../problems.ts'

/**
 * One posted event, read but not yet judged: its attributes are well-formed, or `refusal` says what is not.
 * What was absent is undefined; defaults come later. An attribute that is `null` counts as absent (CloudEvents
 * JSON format, 2.2).
 */
export type Candidate = {
  /** As it was posted; two posts of one id are compared by it. */
  readonly posted: unknown
  readonly id: string | undefined
  readonly source: string | undefined
  readonly type: string | undefined
  readonly time: string | undefined
  readonly subject: string | undefined
  /** The producer's wish. */
  readonly priority: Lane | undefined
  readonly traceparent: string | undefined
  readonly correlationid: string | undefined
  readonly dataschema: string | undefined
  /** Further attributes as JSON members with a leading comma, to be stored as they are; mostly empty. */
  readonly extensions: string
  readonly data: unknown
  readonly refusal: Refusal | undefined
}

/** Why an event is not taken, for good. */
export type Refusal = { readonly code: ProblemCode; readonly errors: readonly ErrorDetail[] }

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

/** What stands for something that is no event at all. */
export function notAnEvent(posted: unknown): Candidate {
  return refusedCandidate(posted, undefined, undefined, {
    code: 'invalid-event',
    errors: [{ pointer: '', detail: `An event is a JSON object, not ${nameKind(posted)}.` }],
  })
}

/** A malformed event. Names its id and type as far as they can be told, for the answer. */
export function refusedCandidate(posted: unknown, id: unknown, type: unknown, refusal: Refusal): Candidate {
  return {
    posted,
    id: shorten(id),
    source: undefined,
    type: shorten(type),
    time: undefined,
    subject: undefined,
    priority: undefined,
    traceparent: undefined,
    correlationid: undefined,
    dataschema: undefined,
    extensions: '',
    data: undefined,
    refusal,
  }
}

/** "a string", "an array": how a message names what was posted. */
export function nameKind(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

const SHOWN_LENGTH = 256

function shorten(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, SHOWN_LENGTH) : undefined
}
