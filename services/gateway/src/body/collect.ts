import type { Readable } from 'node:stream'

/**
 * Reads a request's body whole. `too-large` when it is larger than `maxBytes`; then as much again is read and
 * thrown away first, because a client that is still sending does not read an answer, and a connection closed on
 * it loses the answer.
 * Rejects when the client goes away.
 */
export function collectBody(payload: Readable, maxBytes: number): Promise<Buffer | 'too-large'> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | 'too-large'>()
  let chunks: Buffer[] = []
  let bytes = 0

  function onData(chunk: Buffer): void {
    bytes += chunk.length
    if (bytes <= maxBytes) chunks.push(chunk)
    else {
      chunks = []
      if (bytes > 2 * maxBytes) end(() => resolve('too-large'))
    }
  }

  function end(settle: () => void): void {
    payload.off('data', onData).off('end', onEnd).off('close', onClose)
    settle()
  }

  const onEnd = () =>
    end(() =>
      resolve(
        bytes > maxBytes ? 'too-large' : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes),
      ),
    )
  const onClose = () => end(() => reject(new ClientGoneError('The client went away.')))
  // The listener for errors stays: what comes after the answer must not end the process. `close` follows anyway.
  payload.on('data', onData).on('end', onEnd).on('close', onClose).on('error', ignore)
  return promise
}

/** The body ended before it was whole. There is nobody left to answer. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'
  readonly code = 'client-gone'
  readonly statusCode = 400
}

function ignore(): void {}
