import type { PublishRecord } from '@sluice/kafka'
import { REDELIVERY_LANE, type Sender } from '@sluice/operations'
import { type RouteAnswer, refuse } from './route.ts'

export type WriteControl = (
  record: Pick<PublishRecord, 'key' | 'value' | 'headers'>,
  answer: RouteAnswer,
) => Promise<RouteAnswer>

/** Writes to a control topic. Answers when every in-sync replica has the record, or with why not. */
export function createWriteControl(sender: Sender, topic: string): WriteControl {
  return async function writeControl(record, answer) {
    const [outcome] = await sender.send([{ lane: REDELIVERY_LANE, topic, partition: 0, ...record }])
    if (outcome!.status === 'stored') return answer
    if (outcome!.status === 'unknown')
      return refuse('unconfirmed', 'Kafka did not confirm in time: look whether it holds, or do it again.')
    const detail = 'detail' in outcome! ? outcome.detail : outcome!.status
    return refuse('unavailable', `Nothing was changed: ${topic} does not take it. ${detail}`)
  }
}
