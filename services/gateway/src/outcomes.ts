import { DEFAULT_TENANT } from '@sluice/events'
import type { Publisher, PublishOutcome } from '@sluice/kafka'
import { outcomeRecord } from '@sluice/service'
import type { Candidate } from './body/candidate.ts'
import { DEFAULT_SOURCE } from './encode-value.ts'
import type { Result } from './results.ts'

/**
 * Writes the ends that events find in the gateway to the books: filtered, and duplicate of another in its request.
 * What was accepted ends in a service, and what was not taken at all is the producer's to count.
 * Undefined: there is none. The promise resolves when each is settled; one that Kafka does not take is left out, and
 * changes nothing for the event.
 */
export type TellOutcomes = (
  candidates: readonly Candidate[],
  results: readonly Result[],
) => Promise<void> | undefined

export function createTellOutcomes(publisher: Pick<Publisher, 'publish'>): TellOutcomes {
  return function tellOutcomes(candidates, results) {
    const records = results.flatMap(({ id, type, status, filteredBy }, index) => {
      if (status !== 'filtered' && status !== 'duplicate') return []
      const source = candidates[index]!.source ?? DEFAULT_SOURCE
      const identity = { tenant: DEFAULT_TENANT, source, id, type: type! }
      return [outcomeRecord({ ...identity, by: 'gateway', outcome: status, reason: filteredBy }, 'low')]
    })
    if (records.length === 0) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    let open = records.length
    const receipt = {
      settled(_index: number, _outcome: PublishOutcome): void {
        if (--open === 0) resolve()
      },
    }
    for (const [index, record] of records.entries()) publisher.publish(record, receipt, index)
    return promise
  }
}
