import { createHash } from 'node:crypto'

/** Gives the id of the event at an index of the request. */
export type IdOfIndex = (index: number) => string

/**
 * Ids for the events of a request that have none, from its `Idempotency-Key`: the same for the same key and index, so a
 * request that is sent again repeats its events. The key itself is not told to whoever reads the events.
 */
export function idsFromKey(key: string): IdOfIndex {
  const prefix = createHash('sha256').update(key).digest('base64url').slice(0, 22)
  return (index) => `${prefix}-${index}`
}

/**
 * The key that a header holds: a string of RFC 9651, in quotes, as draft-ietf-httpapi-idempotency-key-header asks for; or
 * bare, as many clients send it. Undefined: it is neither, or longer than 256 characters.
 */
export function parseIdempotencyKey(header: string): string | undefined {
  const quoted = QUOTED.exec(header)
  const key = quoted ? quoted[1]!.replace(/\\(.)/g, '$1') : header
  if (key === '' || key.length > MAX_LENGTH) return undefined
  return quoted || TOKEN.test(header) ? key : undefined
}

const MAX_LENGTH = 256

/** RFC 9651, 3.3.3: printable ASCII, with `"` and `\` escaped. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/

/** RFC 9110, 5.6.2, and what stands in keys of base64 or of URIs. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~:/=-]+$/
