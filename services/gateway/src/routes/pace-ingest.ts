import { pause } from '@sluice/service'
import type { Candidate } from '../body/candidate.ts'
import type { Admission } from '../credentials/admission.ts'
import type { Result } from '../results.ts'

/** `firstIndex` is that of the first of the events in their stream. */
export type IngestPart = (candidates: readonly Candidate[], firstIndex: number) => Promise<readonly Result[]>

/**
 * Ingests the parts of a stream no faster than its credential may post: where a batch is refused what goes beyond, a stream
 * waits, and with it its client. So nothing of it is refused, and its keys keep their order.
 * @param signal ends the waiting: what then goes beyond is refused
 */
export function paceIngest(ingest: IngestPart, admission: Admission, signal: AbortSignal): IngestPart {
  return async function ingestPaced(candidates, firstIndex) {
    const { burst } = admission
    if (candidates.length <= burst && admission.secondsUntil(candidates.length) === 0)
      return ingest(candidates, firstIndex)
    const results: Result[] = []
    while (results.length < candidates.length) {
      const some = candidates.slice(results.length, results.length + Math.min(burst, candidates.length))
      // Asked again after each wait: another request of the credential may have been faster.
      for (
        let wait = admission.secondsUntil(some.length);
        wait > 0;
        wait = admission.secondsUntil(some.length)
      ) {
        if (signal.aborted) break
        await pause(Math.ceil(wait * 1000), signal)
      }
      results.push(...(await ingest(some, firstIndex + results.length)))
    }
    return results
  }
}
