import { setTimeout as delay } from 'node:timers/promises'
import { nowMicros } from '../measure/clock.ts'
import type { Poster } from './poster.ts'
import type { EncodedRequest } from './request.ts'

/**
 * Sends each request when it is due, however long the answers take; with all posters busy it waits in line, and
 * its latency counts from when it was due (no coordinated omission). Resolves when the last is answered.
 */
export async function runOpenLoop(
  posters: readonly Poster[],
  requests: readonly EncodedRequest[],
  due: Float64Array,
): Promise<void> {
  const idle = [...posters]
  const underway = new Set<Promise<void>>()
  let released = 0
  let sent = 0

  function sendReleased(): void {
    while (sent < released && idle.length > 0) {
      const poster = idle.shift()!
      const n = sent++
      const done = poster.post(requests[n % requests.length]!, due[n]!).then(() => {
        underway.delete(done)
        idle.push(poster)
        sendReleased()
      })
      underway.add(done)
    }
  }

  while (released < due.length) {
    const now = nowMicros()
    while (released < due.length && due[released]! <= now) released++
    sendReleased()
    if (released < due.length) await delay(Math.max(0, (due[released]! - nowMicros()) / 1000))
  }
  while (underway.size > 0) await Promise.all(underway)
}
