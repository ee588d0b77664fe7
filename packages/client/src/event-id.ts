/**
 * A UUID of version 7 (RFC 9562, 5.7). Made from `getRandomValues`, which a page has that is not served over TLS, too.
 * @param now milliseconds since the epoch
 */
export function createEventId(now: number): string {
  if (used === POOL_BYTES) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const time = Math.trunc(now).toString(16).padStart(12, '0')
  const random = (at: number) => BYTES[pool[used + at]!]!
  const version = BYTES[0x70 | (pool[used]! & 0x0f)]!
  const variant = BYTES[0x80 | (pool[used + 2]! & 0x3f)]!
  const id = `${time.slice(0, 8)}-${time.slice(8)}-${version}${random(1)}-${variant}${random(3)}-${random(4)}${random(5)}${random(6)}${random(7)}${random(8)}${random(9)}`
  used += ID_BYTES
  return id
}

const ID_BYTES = 10
/** A call for random bytes costs more than all the rest of an id. */
const POOL_BYTES = 128 * ID_BYTES
const pool = new Uint8Array(POOL_BYTES)
let used = POOL_BYTES

/** Each byte as two hexadecimal digits. */
const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
