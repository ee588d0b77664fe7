import { type Identity, OUTCOME_PARTITIONS, OUTCOMES_TOPIC } from '@sluice/events'
import { type PublishRecord, partitionOf } from '@sluice/kafka'
import { z } from 'zod'

/** How an event ended, in the books. */
export type Outcome = Identity & {
  readonly type: string
  /** `gateway`, or the service. */
  readonly by: string
  readonly outcome: 'handled' | 'filtered' | 'duplicate' | 'dead-letter' | 'skipped'
  /** What filtered it, as in its result: `rule:bots`. Or why it is a dead letter. */
  readonly reason?: string | undefined
  readonly hop?: number | undefined
  readonly generation?: string | undefined
}

/** The setting OUTCOMES, of the gateway and the services. */
export function outcomesSetting() {
  return z
    .enum(['on', 'off'])
    .default('off')
    .transform((value) => value === 'on')
    .describe(
      `Whether each end of an event is written to ${OUTCOMES_TOPIC}, which must be there: npm run topics -- --outcomes.`,
    )
}

/** The record that tells it, in the lane of its event. What is undefined is left out. */
export function outcomeRecord(outcome: Outcome, lane: string): PublishRecord {
  const { tenant, source, id, type, by, outcome: end, reason, hop, generation } = outcome
  return {
    lane,
    topic: OUTCOMES_TOPIC,
    partition: partitionOf(id, OUTCOME_PARTITIONS),
    key: id,
    value: JSON.stringify({ tenant, source, id, type, by, outcome: end, reason, hop, generation }),
  }
}
