import { setTimeout as delay } from 'node:timers/promises'
import { nowMicros } from '../measure/clock.ts'
import type { Ending, Poster } from './poster.ts'
import type { EncodedRequest } from './request.ts'

/**
 * Sends each request when it is due, however long the answers take; with all posters busy it waits in line, and
 * its latency counts from when it was due (no coordinated omission). What is due after the end is not sent.
 * Resolves when the last is answered.
 */
export async function runOpenLoop(
  posters: readonly Poster[],
  requests: readonly EncodedRequest[],
  due: Float64Array,
  ending: Ending,
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

  const isLeft = () => released < due.length && due[released]! < ending.atMicros
  while (isLeft()) {
    const now = nowMicros()
    while (isLeft() && due[released]! <= now) released++
    sendReleased()
    if (isLeft()) await delay(Math.max(0, (due[released]! - nowMicros()) / 1000))
  }
  while (underway.size > 0) await Promise.all(underway)
}
