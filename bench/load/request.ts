import { blankEventId } from './event-id.ts'
import { templates } from './templates.ts'

/** A whole HTTP request, encoded once. Before it is sent it is copied and its ids are stamped. */
export type EncodedRequest = {
  readonly bytes: Buffer
  /** Where the id of each event begins. */
  readonly ids: readonly number[]
}

/**
 * The requests that one pass over `chosen` makes: one event each (an object), or `batchSize` events (an array).
 * What does not fill a batch is left out.
 */
export function encodeRequests(
  run: string,
  path: string,
  chosen: readonly number[],
  batchSize: number,
): EncodedRequest[] {
  const requests: EncodedRequest[] = []
  for (let at = 0; at + batchSize <= chosen.length; at += batchSize) {
    const events = chosen.slice(at, at + batchSize).map((template) => encodeEvent(run, template))
    requests.push(encodeRequest(path, batchSize === 1 ? events[0]! : `[${events.join(',')}]`, run))
  }
  return requests
}

function encodeEvent(run: string, index: number): string {
  const { type, priority, data } = templates[index]!
  const head = { id: blankEventId(run, index), source: '/bench', type, time: '2026-11-24T09:15:00.000Z' }
  return JSON.stringify({ ...head, ...(priority && { priority }), data })
}

function encodeRequest(path: string, body: string, run: string): EncodedRequest {
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: bench',
    'content-type: application/json',
    'prefer: return=minimal',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
  const ids: number[] = []
  const idOfThisRun = Buffer.from(`"id":"${run}-`)
  for (let at = bytes.indexOf(idOfThisRun); at !== -1; at = bytes.indexOf(idOfThisRun, at + 1)) {
    ids.push(at + ID_PREFIX.length)
  }
  return { bytes, ids }
}

const ID_PREFIX = '"id":"'
