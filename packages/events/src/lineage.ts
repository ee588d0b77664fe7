import { hash } from 'node:crypto'
import type { EventDefinition, Output } from './define-event.ts'
import { dataSchemaOf, type Event } from './envelope.ts'
import { type Lane, nearestLane } from './lanes.ts'

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

/**
 * Writes outputs of one definition as record values: byte for byte `encodeEvent(completeOutput(output, index,
 * service))`, in two thirds of the time, because what is the same for all of them is written once, here.
 * `lane` must be the priority that `completeOutput` gives.
 */
export function createOutputEncoder({ type, version, lanes }: EventDefinition, service: string) {
  const begin = '{"specversion":"1.0","id":"'
  const origin = `","source":${JSON.stringify(`/services/${service}`)},"type":"${type}","time":`
  const envelopes = new Map(
    lanes.map((lane) => [
      lane,
      `,"datacontenttype":"application/json","dataschema":"${dataSchemaOf(type, version)}","priority":"${lane}",`,
    ]),
  )

  return function encodeOutput({ cause, data, subject }: Output, index: number, lane: Lane): string {
    const id = outputId(cause, type, index)
    let time = JSON.stringify(cause.time)
    if (subject !== undefined) time += `,"subject":${JSON.stringify(subject)}`
    const rest = JSON.stringify({
      receivedat: cause.receivedat,
      tenant: cause.tenant,
      traceparent: cause.traceparent,
      correlationid: cause.correlationid ?? cause.id,
      causationid: cause.id,
      data,
    })
    return begin + id + origin + time + envelopes.get(lane) + rest.slice(1)
  }
}
