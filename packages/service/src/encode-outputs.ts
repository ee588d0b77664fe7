import {
  CLOUDEVENTS_JSON,
  CONTENT_TYPE,
  completeOutput,
  createOutputEncoder,
  type EventDefinition,
  encodeFramed,
  laneTopic,
  nearestLane,
  type Output,
  PARTITIONS_PER_TYPE,
} from '@sluice/events'
import { type PublishRecord, partitionOf } from '@sluice/kafka'
import { OutputError } from './errors.ts'
import type { HandlerResult } from './handler.ts'

/**
 * Turns what a handler returned into records: ids, lineage and priority from the cause, each in the topic of its
 * lane. Made once per service; `produces` is what the service may write.
 * @param schemaIds by type: outputs are stored framed; undefined: as whole CloudEvents
 * The result throws OutputError for an output that is not declared or not valid: a bug of the handler.
 */
export function createEncodeOutputs(
  produces: readonly EventDefinition[],
  service: string,
  schemaIds?: ReadonlyMap<string, number>,
) {
  const plans = new Map(
    produces.map((definition) => [
      definition,
      {
        encodeOutput: createOutputEncoder(definition, service),
        schemaId: schemaIds?.get(definition.type),
        topics: Object.fromEntries(definition.lanes.map((lane) => [lane, laneTopic(definition.type, lane)])),
      },
    ]),
  )

  return function encodeOutputs(result: HandlerResult): readonly PublishRecord[] {
    if (result === undefined) return NONE
    return Array.isArray(result) ? (result as readonly Output[]).map(encode) : [encode(result as Output, 0)]
  }

  function encode(output: Output, index: number): PublishRecord {
    const { definition, cause, data } = output
    const plan = plans.get(definition)
    if (!plan) {
      throw new OutputError(
        `The handler returned a "${definition?.type}", which its service does not declare under produces.`,
      )
    }
    const errors = definition.validate(data)
    if (errors) {
      const text = errors.map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`).join(' ')
      throw new OutputError(`The handler returned a "${definition.type}" that is not valid. ${text}`)
    }
    const lane = nearestLane(cause.priority, definition.lanes)
    const key = definition.key(data)
    const { schemaId } = plan
    const framed =
      schemaId === undefined ? undefined : encodeFramed(completeOutput(output, index, service), schemaId)
    return {
      lane,
      topic: plan.topics[lane]!,
      partition: partitionOf(key, PARTITIONS_PER_TYPE),
      key,
      value: framed ? framed.value : plan.encodeOutput(output, index, lane),
      headers: framed ? framed.headers : HEADERS,
    }
  }
}

const NONE: readonly PublishRecord[] = Object.freeze([])
const HEADERS = Object.freeze({ [CONTENT_TYPE]: CLOUDEVENTS_JSON })
