import { hash } from 'node:crypto'
import type { Output } from './define-event.ts'
import { dataSchemaOf, type Event } from './envelope.ts'
import { nearestLane } from './lanes.ts'

/**
 * The id of an output: a hash of its cause's identity, its own type and its place among the outputs. The
 * same input makes the same ids on every attempt and every replica, so a reader can drop what was written
 * twice. 160 bits as base64url.
 */
export function outputId(cause: Event, type: string, index: number): string {
  return hash(
    'sha256',
    `${cause.tenant}\n${cause.source}\n${cause.id}\n${type}\n${index}`,
    'base64url',
  ).slice(0, 27)
}

/**
 * Completes an output into an event: identity, lineage, trace and tenant from its cause, its cause's
 * priority clipped to its own lanes. Deterministic. `service` becomes its source.
 */
export function completeOutput(output: Output, index: number, service: string): Event {
  const { definition, cause } = output
  return {
    specversion: '1.0',
    id: outputId(cause, definition.type, index),
    source: `/services/${service}`,
    type: definition.type,
    time: cause.time,
    ...(output.subject === undefined ? undefined : { subject: output.subject }),
    datacontenttype: 'application/json',
    dataschema: dataSchemaOf(definition.type, definition.version),
    priority: nearestLane(cause.priority, definition.lanes),
    receivedat: cause.receivedat,
    tenant: cause.tenant,
    ...(cause.traceparent === undefined ? undefined : { traceparent: cause.traceparent }),
    correlationid: cause.correlationid ?? cause.id,
    causationid: cause.id,
    data: output.data,
  }
}
