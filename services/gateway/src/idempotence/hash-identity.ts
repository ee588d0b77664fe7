/** Where an identity is looked for: 32 bits. Equal identities have equal hashes; others mostly have not. */
export type HashIdentity = (source: string, id: string) => number

/**
 * HalfSipHash-1-3 (Aumasson and Bernstein), two UTF-16 units at a time: without the secret nobody can find ids that
 * share a hash, and so make each look-up a long walk. V8's own hash of a string that was just read costs more.
 * @param secret two random numbers of 32 bits
 */
export function createHashIdentity(secret: readonly [number, number]): HashIdentity {
  const [k0, k1] = secret

  return function hashIdentity(source, id) {
    v0 = k0
    v1 = k1
    v2 = 0x6c796765 ^ k0
    v3 = 0x74656462 ^ k1
    absorb(source)
    absorb(id)
    take((source.length << 16) | id.length)
    v2 ^= 0xff
    round()
    round()
    round()
    return v1 ^ v3
  }
}

let v0 = 0
let v1 = 0
let v2 = 0
let v3 = 0

/** The lengths that are absorbed last tell what was of the one text and what of the other. */
function absorb(text: string): void {
  const even = text.length & ~1
  for (let i = 0; i < even; i += 2) take(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16))
  if (even < text.length) take(text.charCodeAt(even))
}

function take(word: number): void {
  v3 ^= word
  round()
  v0 ^= word
}

function round(): void {
  v0 = (v0 + v1) | 0
  v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
  v0 = (v0 << 16) | (v0 >>> 16)
  v2 = (v2 + v3) | 0
  v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
  v0 = (v0 + v3) | 0
  v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
  v2 = (v2 + v1) | 0
  v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
  v2 = (v2 << 16) | (v2 >>> 16)
}
