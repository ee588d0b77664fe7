import { GENERATION, SERVICE } from '@sluice/events'
import { type Headers, type IncomingRecord, type PublishRecord, partitionOf } from '@sluice/kafka'
import { REDELIVERY_LANE } from './sender.ts'

/** What the records of a replay run carry, so that the service takes a repeat of the run for one. */
export function generationOfRun(run: string): string {
  return `replay-${run}`
}

/**
 * A copy of an event for one service, in the lane that it is in. Undefined for what is itself a copy: its original is
 * what counts, and a replay must not feed on itself.
 * @param partitions of the topic
 */
export function replayedRecord(
  record: IncomingRecord,
  {
    service,
    run,
    partitions,
  }: { readonly service: string; readonly run: string; readonly partitions: number },
): PublishRecord | undefined {
  const { key, value, topic, headers } = record
  if (headers[GENERATION] !== undefined) return undefined
  return {
    lane: REDELIVERY_LANE,
    topic,
    partition: key === null ? record.partition : partitionOf(key.toString(), partitions),
    key,
    value,
    headers: { ...(headers as Headers), [GENERATION]: generationOfRun(run), [SERVICE]: service },
  }
}
