import { GENERATION, HOP, laneTopic, ORIGIN, SERVICE } from '@sluice/events'
import { type Headers, type IncomingRecord, type PublishRecord, partitionOf } from '@sluice/kafka'
import { type DeadLetter, isAboutLetter, readDeadLetter } from './dead-letter.ts'
import type { DeadLetterQueue } from './dead-letter-queue.ts'
import { REDELIVERY_LANE } from './sender.ts'

/** How often a letter was redriven, on the record that the next redrive writes. Services keep it when they give it up. */
const REPLAY_COUNT = 'dlq-replay-count'

/**
 * The record that sends a dead letter back to its lane: key and value byte for byte, and its own headers without those
 * about the letter. The partition is its key's; of a record without a key, the one that it was in.
 *
 * The generation counts redrives. So two redrives of one letter have the same, and the service takes the second for the
 * repeat that it is; a letter that failed again has the next.
 *
 * Undefined where the letter does not come from a lane of its type: nothing else may be written to by way of a header.
 * @param partitions of the lane topics, by name
 */
export function redrivenRecord(
  record: IncomingRecord,
  queue: DeadLetterQueue,
  partitions: ReadonlyMap<string, number>,
): PublishRecord | undefined {
  const letter = readDeadLetter(record)
  const { type, lanes } = queue.definition
  const topic = letter.origin?.topic
  const count = topic === undefined ? undefined : partitions.get(topic)
  if (topic === undefined || count === undefined) return undefined
  if (!lanes.some((lane) => laneTopic(type, lane) === topic)) return undefined
  const own = Object.entries(record.headers).filter(
    ([name]) => !isAboutLetter(name) && !OF_THE_DELIVERY.includes(name),
  )
  return {
    lane: REDELIVERY_LANE,
    topic,
    partition:
      record.key === null ? letter.origin!.partition % count : partitionOf(record.key.toString(), count),
    key: record.key,
    value: record.value,
    headers: {
      ...(Object.fromEntries(own) as Headers),
      [GENERATION]: nextGeneration(letter),
      [SERVICE]: queue.service,
      [REPLAY_COUNT]: String(letter.replayCount + 1),
    },
  }
}

/** They belong to the delivery that failed; a redriven record begins anew. */
const OF_THE_DELIVERY: readonly string[] = [HOP, ORIGIN, GENERATION, SERVICE]

/** A replay that failed stays that replay's: another redrive of the same event must not stand for it. */
function nextGeneration({ generation, replayCount }: DeadLetter): string {
  const redrive = `redrive-${replayCount + 1}`
  const [, replay] = /^(replay-.+?)(?:\/redrive-\d+)?$/s.exec(generation) ?? []
  return replay === undefined ? redrive : `${replay}/${redrive}`
}
