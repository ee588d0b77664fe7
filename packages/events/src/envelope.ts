import { isFramed, readFramed } from './framed.ts'
import type { RecordHeaders } from './headers.ts'
import type { Lane } from './lanes.ts'

/**
 * A CloudEvents 1.0 event as it travels on Kafka. Optional attributes are absent, never `null`.
 * Identity is `(tenant, source, id)`.
 */
export type Event<Data = unknown> = {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  /** RFC 3339; when it happened, by the producer's clock. */
  readonly time: string
  readonly subject?: string
  readonly datacontenttype: 'application/json'
  /** `urn:sluice:<type>:<version>`. */
  readonly dataschema: string
  readonly priority: Lane
  /**
   * The gateway's clock when it took the first event of this chain, milliseconds since the epoch. A string,
   * because CloudEvents integers end at 2^31. Event age and end-to-end latency count from here.
   */
  readonly receivedat: string
  readonly tenant: string
  /** W3C trace context, as the producer sent it. */
  readonly traceparent?: string
  /** The id of the event that began this chain; absent on that event itself. */
  readonly correlationid?: string
  /** The id of the event that this one follows from. */
  readonly causationid?: string
  readonly data: Data
}

/** The tenant of everything that arrives without credentials. */
export const DEFAULT_TENANT = 'default'

export function dataSchemaOf(type: string, version: number): string {
  return `urn:sluice:${type}:${version}`
}

/** The event as the JSON text that is a record's value. */
export function encodeEvent(event: Event): string {
  return JSON.stringify(event)
}

/** What is read of a record to know its event. */
export type StoredRecord = { readonly value: Buffer | null; readonly headers: RecordHeaders }

/** Why a record holds no event. Thrown by {@link decodeEvent}; the consumer makes it a dead letter. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly code = 'undecodable'
}

/**
 * The event of a record, in either form: the whole event as JSON, or its data framed and its attributes as headers. The
 * value's first byte tells them apart. Checks the envelope only; the definition checks `data`.
 * @throws DecodeError when the value is empty, holds no JSON, or something is missing that every event has.
 */
export function decodeEvent(record: StoredRecord): Event {
  const { value } = record
  if (value === null || value.length === 0) throw new DecodeError('The record has no value.')
  const framed = isFramed(value)
  let event: Partial<Record<keyof Event, unknown>>
  try {
    event = framed ? readFramed(value, record.headers) : JSON.parse(value.toString())
  } catch (cause) {
    throw new DecodeError(`The value is not ${framed ? 'framed ' : ''}JSON.`, { cause })
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    throw new DecodeError('The value is not a JSON object.')
  }
  for (const attribute of REQUIRED) {
    if (typeof event[attribute] !== 'string') {
      throw new DecodeError(
        framed
          ? `The header "ce_${attribute}" is missing.`
          : `The attribute "${attribute}" is missing or not a string.`,
      )
    }
  }
  if (!('data' in event)) throw new DecodeError('The event has no data.')
  return event as Event
}

const REQUIRED = ['id', 'source', 'type', 'time', 'priority', 'receivedat', 'tenant'] as const
