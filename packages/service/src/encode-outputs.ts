import {
  CLOUDEVENTS_JSON,
  CONTENT_TYPE,
  completeOutput,
  type EventDefinition,
  encodeEvent,
  laneTopic,
  type Output,
  PARTITIONS_PER_TYPE,
} from '@sluice/events'
import { type PublishRecord, partitionOf } from '@sluice/kafka'
import { OutputError } from './errors.ts'
import type { HandlerResult } from './handler.ts'

/**
 * Turns what a handler returned into records: ids, lineage and priority from the cause, each in the topic of its
 * lane. Made once per service; `produces` is what the service may write.
 * The result throws OutputError for an output that is not declared or not valid: a bug of the handler.
 */
export function createEncodeOutputs(produces: readonly EventDefinition[], service: string) {
  const topics = new Map(
    produces.map((definition) => [
      definition,
      Object.fromEntries(definition.lanes.map((lane) => [lane, laneTopic(definition.type, lane)])),
    ]),
  )

  return function encodeOutputs(result: HandlerResult): readonly PublishRecord[] {
    if (result === undefined) return NONE
    return (Array.isArray(result) ? (result as readonly Output[]) : [result as Output]).map(encode)
  }

  function encode(output: Output, index: number): PublishRecord {
    const { definition, data } = output
    const ofLane = topics.get(definition)
    if (!ofLane) {
      throw new OutputError(
        `The handler returned a "${definition?.type}", which its service does not declare under produces.`,
      )
    }
    const errors = definition.validate(data)
    if (errors) {
      const text = errors.map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`).join(' ')
      throw new OutputError(`The handler returned a "${definition.type}" that is not valid. ${text}`)
    }
    const event = completeOutput(output, index, service)
    const key = definition.key(data)
    return {
      lane: event.priority,
      topic: ofLane[event.priority]!,
      partition: partitionOf(key, PARTITIONS_PER_TYPE),
      key,
      value: encodeEvent(event),
      headers: HEADERS,
    }
  }
}

const NONE: readonly PublishRecord[] = Object.freeze([])
const HEADERS = Object.freeze({ [CONTENT_TYPE]: CLOUDEVENTS_JSON })
