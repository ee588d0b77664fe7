import type { Readable } from 'node:stream'
import { whyNotDecompressed } from './decompress.ts'

/**
 * Reads a request's body whole. `body-too-large` when it is larger than `maxBytes`; then as much again is read and
 * thrown away first, because a client that is still sending does not read an answer, and a connection closed on
 * it loses the answer. `invalid-compression` for the like reason only when the client has sent everything.
 * @param done called once; with an error when the client goes away
 * @param sent what the client sends; `payload` unless that is made from it
 */
export function collectBody(
  payload: Readable,
  maxBytes: number,
  done: CollectDone,
  sent: Readable = payload,
): void {
  let chunks: Buffer[] = []
  let bytes = 0
  let settled = false
  let failed = false

  function settle(error: Error | null, body?: CollectedBody): void {
    if (settled) return
    settled = true
    chunks = []
    if (payload !== sent) payload.destroy()
    done(error, body)
  }

  function settleGone(): void {
    if (!settled) settle(new ClientGoneError('The client went away.'))
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
        if (bytes > 2 * maxBytes) settle(null, 'body-too-large')
      }
    })
    .on('end', () => {
      if (settled) return
      if (bytes > maxBytes) settle(null, 'body-too-large')
      else settle(null, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes))
    })
    .on('close', () => {
      if (!failed) settleGone()
    })
    .on('error', (error) => {
      const why = whyNotDecompressed(error)
      if (why === undefined) return
      failed = true
      chunks = []
      if (sent.readableEnded) settle(null, why)
      else sent.once('end', () => settle(null, why)).once('close', settleGone)
    })
}

export type CollectedBody = Buffer | 'body-too-large' | 'invalid-compression'

export type CollectDone = (error: Error | null, body?: CollectedBody) => void

/** The body ended before it was whole. There is nobody left to answer. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'
  readonly code = 'client-gone'
  readonly statusCode = 400
}
