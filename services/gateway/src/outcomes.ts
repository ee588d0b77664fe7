import { DEFAULT_TENANT } from '@sluice/events'
import type { Publisher, PublishOutcome } from '@sluice/kafka'
import { outcomeRecord } from '@sluice/service'
import type { Candidate } from './body/candidate.ts'
import { DEFAULT_SOURCE } from './encode-value.ts'
import type { Result } from './results.ts'

/**
 * Writes the ends that events find in the gateway to the books: filtered, and duplicate of another in its request.
 * What was accepted ends in a service, and what was not taken at all is the producer's to count.
 * Undefined: there is none. Otherwise `settled` is called once for each, and then the promise resolves.
 */
export type TellOutcomes = (
  candidates: readonly Candidate[],
  results: readonly Result[],
  settled: (result: Result, outcome: PublishOutcome) => void,
) => Promise<void> | undefined

export function createTellOutcomes(publisher: Pick<Publisher, 'publish'>): TellOutcomes {
  return function tellOutcomes(candidates, results, settled) {
    const ended = results.flatMap((result, index) => {
      const { id, type, status, filteredBy } = result
      if (status !== 'filtered' && status !== 'duplicate') return []
      const source = candidates[index]!.source ?? DEFAULT_SOURCE
      const identity = { tenant: DEFAULT_TENANT, source, id, type: type! }
      const end = { ...identity, by: 'gateway', outcome: status, reason: filteredBy }
      return [{ result, record: outcomeRecord(end, 'low') }]
    })
    if (ended.length === 0) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    let open = ended.length
    const receipt = {
      settled(index: number, outcome: PublishOutcome): void {
        settled(ended[index]!.result, outcome)
        if (--open === 0) resolve()
      },
    }
    for (const [index, { record }] of ended.entries()) publisher.publish(record, receipt, index)
    return promise
  }
}
