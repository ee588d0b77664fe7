import type { Readable } from 'node:stream'
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'

/** How a body is compressed (RFC 9110, 8.4; RFC 8878). */
export type Coding = 'identity' | 'gzip' | 'zstd'

/** Those that are supported, for `Accept-Encoding`. */
export const CODINGS = 'gzip, zstd'

/** What a `Content-Encoding` says; nothing when that is not supported: another one, or several. */
export function codingOf(contentEncoding: string | undefined): Coding | undefined {
  if (contentEncoding === undefined) return 'identity'
  const coding = contentEncoding.trim().toLowerCase()
  if (coding === 'x-gzip') return 'gzip'
  return coding === 'identity' || coding === 'gzip' || coding === 'zstd' ? coding : undefined
}

/** Beyond its free bytes, a body may not become larger than this by decompression. */
export const MAX_RATIO = 100
/** zstd's own limit would let one body take 128 MiB of memory; up to level 19 it needs 8 MiB. */
const MAX_WINDOW_LOG = 23
const CHUNK_BYTES = 64 * 1024

/**
 * The body as it was before it was compressed. Errs with what {@link whyNotDecompressed} explains, and reads what is left of
 * `body` to nowhere, so that its connection can go on; just closes when `body` does before its end.
 * @param freeBytes as much may come out whatever went in
 */
export function decompress(body: Readable, coding: Coding, freeBytes: number): Readable {
  if (coding === 'identity') return body
  const plain =
    coding === 'gzip'
      ? createGunzip({ chunkSize: CHUNK_BYTES })
      : createZstdDecompress({
          chunkSize: CHUNK_BYTES,
          params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
        })
  let bytes = 0
  plain
    .on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > freeBytes && bytes > MAX_RATIO * plain.bytesWritten) plain.destroy(new RatioError())
    })
    .on('close', () => body.resume())
  body
    .on('error', () => {})
    .on('close', () => {
      if (!body.readableEnded) plain.destroy()
    })
    .pipe(plain)
  return plain
}

/** Why a body could not be decompressed; nothing when that is not what the error is about. */
export function whyNotDecompressed(error: Error): 'invalid-compression' | 'body-too-large' | undefined {
  if (error instanceof RatioError) return 'body-too-large'
  return (error as NodeJS.ErrnoException).code?.startsWith('Z') ? 'invalid-compression' : undefined
}

class RatioError extends Error {
  override readonly name = 'RatioError'
}
