/**
 * The hash of a JSON value, 64 bits in two halves. The order of an object's members does not count, that of an
 * array's items does; nothing is defaulted and absent is not `null`.
 *
 * Not cryptographic: whoever wants to can make two contents of one hash. All that comes of it is that the second, under
 * an identity of the same tenant, is called a repeat of the first. By chance it is one in 2^64.
 *
 * Writes to `into` instead of returning, because it runs for every event.
 * @param value as JSON.parse makes it, nested no deeper than the stack allows
 */
export function hashContent(value: unknown, into: ContentHash): void {
  a = SEED_A
  b = SEED_B
  add(value)
  into.a = mix(a ^ b) | 0
  into.b = mix(b) | 0
}

export type ContentHash = { a: number; b: number }

const SEED_A = 0x811c9dc5
const SEED_B = 0x2f0b4c47
const PRIME_A = 0x01000193
const PRIME_B = 0x85ebca6b

/** What each kind of value begins with, so that `"1"` is not `1`, `[]` not `{}`. */
const NULL = 1
const FALSE = 2
const TRUE = 3
const NUMBER = 4
const STRING = 5
const ARRAY = 6
const OBJECT = 7

/** The two lanes of the hash so far. */
let a = 0
let b = 0

const float = new Float64Array(1)
const words = new Int32Array(float.buffer)

function add(value: unknown): void {
  switch (typeof value) {
    case 'string':
      take(STRING)
      addText(value)
      return
    case 'number':
      take(NUMBER)
      // -0 and 0 are one number.
      float[0] = value + 0
      take(words[0]!)
      take(words[1]!)
      return
    case 'boolean':
      take(value ? TRUE : FALSE)
      return
  }
  if (value === null || value === undefined) take(NULL)
  else if (Array.isArray(value)) addItems(value)
  else addMembers(value as Readonly<Record<string, unknown>>)
}

function addItems(items: readonly unknown[]): void {
  take(ARRAY)
  take(items.length)
  for (let i = 0; i < items.length; i++) add(items[i])
}

/** Each member is hashed by itself, and the sum of them does not know their order. */
function addMembers(object: Readonly<Record<string, unknown>>): void {
  const beforeA = a
  const beforeB = b
  let sumA = 0
  let sumB = 0
  let count = 0
  for (const name in object) {
    a = SEED_A
    b = SEED_B
    addText(name)
    add(object[name])
    sumA = (sumA + mix(a ^ (b >>> 7))) | 0
    sumB = (sumB + mix(b)) | 0
    count++
  }
  a = beforeA
  b = beforeB
  take(OBJECT)
  take(count)
  take(sumA)
  b ^= sumB
  take(sumB)
}

/** {@link take} for each UTF-16 unit, in local variables: most of the time goes here, and they save a quarter of it. */
function addText(text: string): void {
  take(text.length)
  let x = a
  let y = b
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    x = Math.imul(x ^ unit, PRIME_A)
    y = Math.imul(((y << 13) | (y >>> 19)) ^ unit, PRIME_B)
  }
  a = x
  b = y
}

/** FNV-1a in one lane, in the other with a rotation, so that they do not fail together. */
function take(word: number): void {
  a = Math.imul(a ^ word, PRIME_A)
  b = Math.imul(((b << 13) | (b >>> 19)) ^ word, PRIME_B)
}

/** The finalizer of MurmurHash3: every bit depends on every bit. */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
