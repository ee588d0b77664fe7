import type { IncomingMessage } from 'node:http'
import type { ProblemCode } from '../problems.ts'
import { type Candidate, nameKind } from './candidate.ts'
import type { BodyForm } from './media-type.ts'
import { refuseLost } from './numbers.ts'
import { parseJson } from './parse-json.ts'
import { isBinaryMode, readBinaryCloudEvent, readCloudEvent } from './read-cloudevents.ts'
import { readBareEvent } from './read-json.ts'
import { refuseHalves } from './surrogates.ts'

export type ReadBody =
  | { readonly kind: 'one'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'batch'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'problem'; readonly code: ProblemCode; readonly detail: string }

export type BodyLimits = {
  readonly maxBatchEvents: number
  /** Of a body of more than 64 KiB, of all its events together. */
  readonly maxValues: number
}

/** The candidates in a body, or why it cannot be read at all. */
export function readBody(
  form: Exclude<BodyForm, 'lines'>,
  head: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
  body: Buffer,
  { maxBatchEvents, maxValues }: BodyLimits,
): ReadBody {
  const json = parseJson(body, maxValues)
  if (!json.ok) return problem(json.code, json.detail)
  const read = readValue(form, head, json.value, maxBatchEvents)
  if (read.kind === 'problem' || !(json.lost || json.halves)) return read
  const candidates = json.lost ? read.candidates.map(refuseLost) : read.candidates
  return { ...read, candidates: json.halves ? candidates.map(refuseHalves) : candidates }
}

function readValue(
  form: Exclude<BodyForm, 'lines'>,
  { headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
  value: unknown,
  maxBatchEvents: number,
): ReadBody {
  if (form === 'bare' && isBinaryMode(headers)) {
    return { kind: 'one', candidates: [readBinaryCloudEvent(rawHeaders, value)] }
  }
  const read = form === 'bare' ? readBareEvent : readCloudEvent
  if (!Array.isArray(value)) {
    if (form !== 'structured-batch') return { kind: 'one', candidates: [read(value)] }
    return problem('invalid-event', `A batch is a JSON array of events, not ${nameKind(value)}.`)
  }
  if (form === 'structured') {
    return problem('invalid-event', 'For an array of events use application/cloudevents-batch+json.')
  }
  // CloudEvents lets a batch be empty (JSON format, 4.2).
  if (value.length === 0 && form === 'bare') return problem('empty-batch', 'The array has no events.')
  if (value.length > maxBatchEvents) {
    return problem(
      'batch-too-large',
      `A batch may have ${maxBatchEvents} events; this one has ${value.length}.`,
    )
  }
  return { kind: 'batch', candidates: value.map(read) }
}

function problem(code: ProblemCode, detail: string): ReadBody {
  return { kind: 'problem', code, detail }
}
