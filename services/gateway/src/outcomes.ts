import type { PublishRecord } from '@sluice/kafka'
import { outcomeRecord } from '@sluice/service'
import type { Candidate } from './body/candidate.ts'
import type { Credential } from './credentials/credential.ts'
import type { Result } from './results.ts'

/**
 * The line in the books for an end that an event found in the gateway: filtered, or duplicate of one that was accepted.
 * What was accepted ends in a service, and what was not taken at all is the producer's to count.
 */
export function outcomeOf(
  candidate: Candidate,
  { id, type, filteredBy }: Result,
  { tenant, source }: Credential,
): PublishRecord {
  const outcome = filteredBy === undefined ? 'duplicate' : 'filtered'
  const identity = { tenant, source: candidate.source ?? source, id, type: type! }
  return outcomeRecord({ ...identity, by: 'gateway', outcome, reason: filteredBy?.decidedBy }, 'low')
}
