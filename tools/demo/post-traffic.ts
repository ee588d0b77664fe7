import { setTimeout as delay } from 'node:timers/promises'
import type { DemoPost } from './traffic.ts'

export type PostOptions = {
  /** The gateway, without a path. */
  readonly url: string
  readonly eventsPerSecond: number
  readonly next: () => DemoPost
  readonly signal: AbortSignal
  /** Stops by itself after so many events. */
  readonly limit?: number
  readonly say: (line: string) => void
}

/** Events by the status that the gateway answered. */
export type PostCounts = Record<string, number>

const TIMEOUT_MS = 10_000
const LONGEST_PAUSE_MS = 5000

/**
 * Posts at a steady rate until the signal aborts. When the gateway is away or overloaded it waits, longer each
 * time, says so once, and goes on with new events: what was not taken meanwhile is not posted again.
 */
export async function postTraffic(options: PostOptions): Promise<PostCounts> {
  const { eventsPerSecond, next, signal, limit = Number.POSITIVE_INFINITY, say } = options
  const counts: PostCounts = {}
  let posted = 0
  let pauseMs = 0
  let due = performance.now()
  while (!signal.aborted && posted < limit) {
    await pause(due - performance.now(), signal)
    if (signal.aborted) break
    const post = next()
    const statuses = await send(options.url, post, signal)
    if (statuses === undefined) {
      if (signal.aborted) break
      if (pauseMs === 0) say(`The gateway at ${options.url} does not take events; trying on.`)
      pauseMs = Math.min(Math.max(250, pauseMs * 2), LONGEST_PAUSE_MS)
      due = performance.now() + pauseMs
      continue
    }
    posted += post.kinds.length
    for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1
    if (pauseMs > 0) say(`The gateway at ${options.url} takes events again.`)
    pauseMs = 0
    // After a hiccup the rate goes on from now: a crowd of late events would be no demonstration of it.
    due = Math.max(due, performance.now() - 1000) + (post.kinds.length / eventsPerSecond) * 1000
  }
  return counts
}

/** The status of each event, or nothing when none was taken and it makes sense to wait. */
async function send(url: string, post: DemoPost, signal: AbortSignal): Promise<string[] | undefined> {
  try {
    const response = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(post.body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    const answer = (await response.json()) as { status?: unknown; results?: { status: string }[] }
    if (response.status === 503 || response.status === 429) return undefined
    if (answer.results !== undefined) return answer.results.map((result) => result.status)
    // A problem's `status` is HTTP's number; a result's is a word.
    return [typeof answer.status === 'string' ? answer.status : 'rejected']
  } catch {
    return undefined
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { signal }).catch(() => {})
}
