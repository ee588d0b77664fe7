import { isLane, type Lane, textOf } from '@sluice/events'
import type { IncomingRecord } from '@sluice/kafka'

/** What is wrong with an event, and where: a JSON Pointer into it. */
export type RejectedDetail = { readonly pointer: string; readonly detail: string }

/** Why an event was rejected, and whose it was: all that judging it once more needs beside what was posted. */
export type Rejection = {
  /** As it was answered, also where the gateway made it: an event that is let in later is still the same. */
  readonly id: string
  /** As posted; null when there was none. */
  readonly type: string | null
  /** One of docs/errors.md. */
  readonly code: string
  /** The first of them: no more than {@link MAX_ERRORS_CHARACTERS}. */
  readonly errors: readonly RejectedDetail[]
  readonly credential: string
  readonly tenant: string
  /** The credential's, of events that were posted without. */
  readonly source: string
  /** The highest priority that the credential might ask for. */
  readonly maxPriority: Lane
  /** The gateway's clock, milliseconds since the epoch, as text. */
  readonly receivedat: string
  /** The schema that the gateway had for the type; undefined: it did not know the type. */
  readonly dataschema: string | undefined
  /** From the HTTP header. */
  readonly traceparent: string | undefined
}

/** An event in the quarantine, without its payload. */
export type RejectedEvent = Omit<Rejection, 'receivedat'> & {
  /** In the quarantine. */
  readonly offset: number
  /** When the gateway received it, milliseconds since the epoch. */
  readonly at: number
}

const PREFIX = 'rejected-'

/** As JSON. */
const MAX_ERRORS_CHARACTERS = 4096

/** The headers that say it, on a record whose value is the event as it was posted. */
export function rejectionHeaders(rejection: Rejection): Record<string, string> {
  const { id, type, code, errors, credential, tenant, source, maxPriority, receivedat } = rejection
  const { dataschema, traceparent } = rejection
  return {
    'rejected-code': code,
    'rejected-errors': encodeErrors(errors),
    'rejected-id': id,
    'rejected-credential': credential,
    'rejected-tenant': tenant,
    'rejected-source': source,
    'rejected-max-priority': maxPriority,
    'rejected-receivedat': receivedat,
    ...(type !== null && { 'rejected-type': type }),
    ...(dataschema !== undefined && { 'rejected-dataschema': dataschema }),
    ...(traceparent !== undefined && { 'rejected-traceparent': traceparent }),
  }
}

/**
 * The record of the quarantine, read. Undefined where it is not the gateway's: without its headers nobody knows whose
 * event it is.
 */
export function readRejectedEvent({ headers, offset }: IncomingRecord): RejectedEvent | undefined {
  const read = (name: string) => textOf(headers[`${PREFIX}${name}`])
  const [id, code, credential, tenant, source] = ['id', 'code', 'credential', 'tenant', 'source'].map(read)
  const maxPriority = read('max-priority')
  const at = Number(read('receivedat') ?? Number.NaN)
  if (id === undefined || code === undefined || credential === undefined) return undefined
  if (tenant === undefined || source === undefined || !isLane(maxPriority)) return undefined
  if (!Number.isSafeInteger(at) || at < 0) return undefined
  return {
    ...{ offset, at, id, code, credential, tenant, source, maxPriority },
    type: read('type') ?? null,
    errors: decodeErrors(read('errors')),
    dataschema: read('dataschema'),
    traceparent: read('traceparent'),
  }
}

function encodeErrors(errors: readonly RejectedDetail[]): string {
  let text = ''
  for (const error of errors) {
    const next = JSON.stringify(error)
    if (text.length + next.length > MAX_ERRORS_CHARACTERS) break
    text += text === '' ? next : `,${next}`
  }
  return `[${text}]`
}

function decodeErrors(text: string | undefined): readonly RejectedDetail[] {
  try {
    const errors: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(errors) ? errors.filter(isDetail) : []
  } catch {
    return []
  }
}

function isDetail(error: unknown): error is RejectedDetail {
  if (typeof error !== 'object' || error === null) return false
  const { pointer, detail } = error as Partial<Record<keyof RejectedDetail, unknown>>
  return typeof pointer === 'string' && typeof detail === 'string'
}
