import { type Decision, decodeDecision } from '@sluice/decisions'
import { DECISIONS_TOPIC } from '@sluice/events'
import type { IncomingRecord } from '@sluice/kafka'
import { readTopics } from '../e2e/topic-log.ts'

/** The decisions on Kafka, from the topic's start, read as a gateway reads them. */
export async function readDecisions(brokers: string) {
  const log = await readTopics(brokers, [DECISIONS_TOPIC])
  return {
    async find(wanted: (decision: Decision) => boolean, describe: string): Promise<Decision> {
      const isWanted = (_: unknown, record: IncomingRecord) => decisionsIn([record]).some(wanted)
      const { record } = await log.find(isWanted, describe)
      return decisionsIn([record])[0]!
    },
    /** In the order in which they were written, repeats too; no gateway would take what is not among them. */
    all: () => decisionsIn(log.all().map(({ record }) => record)),
    close: () => log.close(),
  }
}

function decisionsIn(records: readonly IncomingRecord[]): Decision[] {
  return records.flatMap((record) => {
    const decoded = decodeDecision(record)
    return 'decision' in decoded ? [decoded.decision] : []
  })
}
