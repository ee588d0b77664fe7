import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * `slc_<id>_<secret><checksum>`, hexadecimal but for the prefix: an id of 48 random bits that may be shown, a secret of
 * 192 random bits, and the CRC-32 of all that is before it. By prefix and checksum a scanner tells a key that leaked into
 * a repository or a log from other text.
 */
const FORM = /^slc_([0-9a-f]{12})_[0-9a-f]{56}$/
const CHECKSUM_LENGTH = 8
const PREFIX = 'slc_'

/** A new key. The token is shown once and stored nowhere; what is stored is its hash. */
export type NewApiKey = { readonly id: string; readonly token: string; readonly hash: string }

/** @param random as many random bytes as asked for; of the operating system without */
export function createApiKey(random: (bytes: number) => Buffer = randomBytes): NewApiKey {
  const id = random(6).toString('hex')
  const text = `${PREFIX}${id}_${random(24).toString('hex')}`
  const token = text + checksumOf(text)
  return { id, token, hash: `${HASH_PREFIX}${hash('sha256', token)}` }
}

/** Whether a token wants to be one of our keys, well-formed or not. */
export function isApiKeyLike(token: string): boolean {
  return token.startsWith(PREFIX)
}

/** The id in what looks like a key; undefined when nothing does. Says nothing about whether anybody knows it. */
export function apiKeyIdOf(token: string): string | undefined {
  return FORM.exec(token)?.[1]
}

/** Whether a key is as it was made: what was cut or mistyped is not. No proof of anything, anybody can make one. */
export function isApiKeyWhole(token: string): boolean {
  return FORM.test(token) && token.endsWith(checksumOf(token.slice(0, -CHECKSUM_LENGTH)))
}

export const HASH_PREFIX = 'sha256:'
export const HASH_FORM = /^sha256:[0-9a-f]{64}$/

/** The digits of a stored hash, for {@link isKeyOf}. */
export function digestOf(stored: string): Buffer {
  return Buffer.from(stored.slice(HASH_PREFIX.length), 'latin1')
}

/**
 * Whether a token is the one of this hash. One SHA-256 and no slow derivation: there is nothing to guess in 192 random
 * bits. Takes the same time whatever differs. Digits are compared, not bytes: Node hashes to text in half the time.
 */
export function isKeyOf(digest: Buffer, token: string): boolean {
  return timingSafeEqual(Buffer.from(hash('sha256', token), 'latin1'), digest)
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(CHECKSUM_LENGTH, '0')
}
