import type { Event } from './envelope.ts'
import { CONTENT_TYPE, type RecordHeaders, textOf } from './headers.ts'

/**
 * The other form of a stored event: CloudEvents' binary mode on Kafka. The attributes are headers, and the value is the
 * data behind the frame of Confluent's schema registry: a zero byte and the id of the schema, four bytes, big-endian.
 * Opt-in; see docs/schema-registry.md.
 */

/** The content type of a record whose value is framed JSON. No `+json`: the frame makes the value none. */
export const FRAMED_JSON = 'application/vnd.sluice.framed-json'

const MAGIC_BYTE = 0
const FRAME_BYTES = 5
/** Of the header of a CloudEvents attribute. */
const PREFIX = 'ce_'
/** Of the attributes that every event may have: a third of the time that a text put together anew for each takes. */
const HEADER_NAMES = new Map(
  [
    ...[
      'specversion',
      'id',
      'source',
      'type',
      'time',
      'subject',
      'dataschema',
      'priority',
      'receivedat',
      'tenant',
    ],
    ...['traceparent', 'correlationid', 'causationid'],
  ].map((name) => [name, PREFIX + name]),
)

/** Whether a value is framed. No JSON text begins with the byte that tells. */
export function isFramed(value: Uint8Array): boolean {
  return value[0] === MAGIC_BYTE
}

/** The schema that a value names; undefined when it is not framed, or ends inside its frame. */
export function schemaIdOf(value: Buffer | null): number | undefined {
  if (value === null || value.length < FRAME_BYTES || !isFramed(value)) return undefined
  return value.readInt32BE(1)
}

/** The framed form of an event. Attributes become text, as in every binary mode: a number is read back as digits. */
export function encodeFramed(
  event: Event,
  schemaId: number,
): { readonly value: Buffer; readonly headers: Readonly<Record<string, string>> } {
  const text = JSON.stringify(event.data)
  const value = Buffer.allocUnsafe(FRAME_BYTES + Buffer.byteLength(text))
  value[0] = MAGIC_BYTE
  value.writeInt32BE(schemaId, 1)
  value.write(text, FRAME_BYTES)
  const headers: Record<string, string> = { [CONTENT_TYPE]: FRAMED_JSON }
  for (const name in event) {
    const attribute = event[name as keyof Event]
    if (name !== 'data' && name !== 'datacontenttype' && attribute !== undefined) {
      headers[HEADER_NAMES.get(name) ?? PREFIX + name] = String(attribute)
    }
  }
  return { value, headers }
}

/**
 * The members of the event of a framed record, unchecked.
 * @throws SyntaxError when what is framed is not JSON
 */
export function readFramed(value: Buffer, headers: RecordHeaders): Record<string, unknown> {
  const event: Record<string, unknown> = {}
  for (const name in headers) {
    if (name.startsWith(PREFIX)) event[name.slice(PREFIX.length)] = textOf(headers[name])
  }
  event['datacontenttype'] = 'application/json'
  event['data'] = JSON.parse(value.toString('utf8', FRAME_BYTES))
  return event
}

/** One attribute of a framed record, without reading the others. */
export function readAttribute(headers: RecordHeaders, name: string): string | undefined {
  return textOf(headers[PREFIX + name])
}
