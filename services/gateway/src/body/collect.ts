import type { Readable } from 'node:stream'

/**
 * Reads a request's body whole. `too-large` when it is larger than `maxBytes`; then as much again is read and
 * thrown away first, because a client that is still sending does not read an answer, and a connection closed on
 * it loses the answer.
 * @param done called once; with an error when the client goes away
 */
export function collectBody(payload: Readable, maxBytes: number, done: CollectDone): void {
  let chunks: Buffer[] = []
  let bytes = 0
  let settled = false

  function settle(error: Error | null, body?: Buffer | 'too-large'): void {
    settled = true
    chunks = []
    done(error, body)
  }

  // The listeners stay: to take them off again costs more than to call them once more. The one for errors must,
  // too: what comes after the answer must not end the process, and `close` follows anyway.
  payload
    .on('data', (chunk: Buffer) => {
      if (settled) return
      bytes += chunk.length
      if (bytes <= maxBytes) chunks.push(chunk)
      else {
        chunks = []
        if (bytes > 2 * maxBytes) settle(null, 'too-large')
      }
    })
    .on('end', () => {
      if (settled) return
      if (bytes > maxBytes) settle(null, 'too-large')
      else settle(null, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes))
    })
    .on('close', () => {
      if (!settled) settle(new ClientGoneError('The client went away.'))
    })
    .on('error', ignore)
}

export type CollectDone = (error: Error | null, body?: Buffer | 'too-large') => void

/** The body ended before it was whole. There is nobody left to answer. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'
  readonly code = 'client-gone'
  readonly statusCode = 400
}

function ignore(): void {}
