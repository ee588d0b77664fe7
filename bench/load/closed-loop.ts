import { setTimeout as delay } from 'node:timers/promises'
import { nowMicros } from '../measure/clock.ts'
import type { Ending, Poster } from './poster.ts'
import type { EncodedRequest } from './request.ts'

/** What a well-behaved producer waits after it was refused. */
const REFUSED_PAUSE_MS = 100

/**
 * Each poster sends its next request as soon as the last one is answered, until the end. Resolves when the last
 * is answered. Finds out how much a system can take; its latencies say little, because a slow answer delays
 * the next question.
 */
export async function runClosedLoop(
  posters: readonly Poster[],
  requests: readonly EncodedRequest[],
  ending: Ending,
): Promise<void> {
  let turn = 0
  await Promise.all(
    posters.map(async (poster) => {
      for (let now = nowMicros(); now < ending.atMicros; now = nowMicros()) {
        const accepted = await poster.post(requests[turn++ % requests.length]!, now)
        if (!accepted) await delay(REFUSED_PAUSE_MS)
      }
    }),
  )
}
