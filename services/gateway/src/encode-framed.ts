import { dataSchemaOf, type Event, type EventDefinition, encodeFramed } from '@sluice/events'
import type { Candidate } from './body/candidate.ts'
import type { Receipt } from './encode-value.ts'
import type { Way } from './type-plans.ts'

/**
 * The event as `encodeValue` writes it, framed: value and headers of its record. Attributes of the producer's own become
 * text, as CloudEvents' binary mode has no other.
 */
export function encodeFramedCandidate(
  candidate: Candidate,
  id: string,
  { type, version }: EventDefinition,
  { lane }: Way,
  receipt: Receipt,
  schemaId: number,
): ReturnType<typeof encodeFramed> {
  const { source, time, subject, correlationid, extensions, data } = candidate
  const { credential, receivedat } = receipt
  const traceparent = candidate.traceparent ?? receipt.traceparent
  const event: Event = {
    specversion: '1.0',
    id,
    source: source ?? credential.source,
    type,
    time: time ?? receipt.time,
    ...(subject !== undefined && { subject }),
    datacontenttype: 'application/json',
    dataschema: dataSchemaOf(type, version),
    priority: lane,
    receivedat,
    tenant: credential.tenant,
    ...(traceparent !== undefined && { traceparent }),
    ...(correlationid !== undefined && { correlationid }),
    ...(extensions !== '' && JSON.parse(`{${extensions.slice(1)}}`)),
    data,
  }
  return encodeFramed(event, schemaId)
}
