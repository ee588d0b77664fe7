import { randomBytes } from 'node:crypto'
import { IDEMPOTENCY_EVICTIONS, IDEMPOTENCY_IDS, IDEMPOTENCY_SHARED, type Metrics } from '@sluice/telemetry'
import { type ContentHash, hashContent } from './hash-content.ts'
import { createHashIdentity, type HashIdentity } from './hash-identity.ts'

/** The claim on an identity, until it is settled. */
export type Claim = number

/** An event whose identity is taken. */
export type Repeat =
  | { readonly of: 'accepted' }
  | { readonly of: 'in-flight'; readonly claim: Claim }
  | { readonly of: 'other-content' }

/**
 * Which events were accepted lately, and which are in flight. `Outcome` is what repeats of an event in flight are told.
 *
 * An identity is free, in flight or accepted:
 * - free → in flight: `claim`
 * - in flight → accepted: `settle` as accepted. It is remembered from now on.
 * - in flight → free: `settle` as anything else: whatever comes next is judged afresh.
 * - accepted → free: `maxAgeMs` later, or when `maxIds` were accepted after it.
 * What is in flight neither expires nor counts, so every claim must be settled, once.
 *
 * Identities are compared whole: a wrong repeat would lose an event. Contents are compared by {@link hashContent}.
 */
export type IdempotencyWindow<Outcome> = {
  /** Takes the identity, or says what has it. */
  claim(tenant: string, source: string, id: string, content: unknown): Claim | Repeat
  /** Calls `told` with what becomes of a claim that is in flight. */
  share(claim: Claim, told: (outcome: Outcome) => void): void
  /** Ends a claim and tells those that share it. */
  settle(claim: Claim, accepted: boolean, outcome: Outcome): void
}

export type WindowOptions = {
  /** 0: nothing is remembered; only what is in flight is known. */
  readonly maxIds: number
  /** 0: as for `maxIds`. */
  readonly maxAgeMs: number
  /** Milliseconds of a clock that never goes back. */
  readonly clock?: (() => number) | undefined
  readonly hashIdentity?: HashIdentity
  readonly metrics: Metrics
}

/**
 * A hash table with chains, in columns: an object for each id would be twice the memory, and half a million of them a
 * burden for the collector. An entry is a number, its row. Columns of numbers are allocated for `maxIds` at once; the
 * system gives them memory when they are first written.
 *
 * Accepted entries also stand in a queue, oldest first. New entries go to the front of their chain, so one that expired
 * is not seen behind its successor and may wait for its turn in the queue.
 */
export function createIdempotencyWindow<Outcome>(options: WindowOptions): IdempotencyWindow<Outcome> {
  const maxIds = options.maxAgeMs === 0 ? 0 : options.maxIds
  const { maxAgeMs } = options
  const clock = options.clock ?? (() => performance.now())
  const hashIdentity = options.hashIdentity ?? createHashIdentity(randomSecret())

  let rows = allocate(maxIds + SPARE)
  const ids: string[] = []
  const sources: string[] = []
  const tenants: string[] = []
  const sharing = new Map<Claim, ((outcome: Outcome) => void)[]>()
  const content: ContentHash = { a: 0, b: 0 }

  /** Rows that were given back, linked by `next`. */
  let free = NONE
  let oldest = NONE
  let newest = NONE
  let size = 0

  const evictions = options.metrics.counter(IDEMPOTENCY_EVICTIONS, {})
  const shared = options.metrics.counter(IDEMPOTENCY_SHARED, {})
  const remembered = options.metrics.gauge(IDEMPOTENCY_IDS, {})
  options.metrics.onScrape(() => remembered.set(size))

  return {
    claim(tenant, source, id, posted) {
      hashContent(posted, content)
      const hash = hashIdentity(source, id)
      const { buckets, hashes, next } = rows
      for (let row = buckets[hash & rows.mask]! - 1; row !== NONE; row = next[row]!) {
        if (
          hashes[row] === hash &&
          ids[row] === id &&
          sources[row] === source &&
          tenants[row] === tenant &&
          !isExpired(row)
        )
          return repeatOf(row)
      }
      return insert(hash, tenant, source, id)
    },
    share(claim, told) {
      shared.add(1)
      const others = sharing.get(claim)
      if (others) others.push(told)
      else sharing.set(claim, [told])
    },
    settle(claim, accepted, outcome) {
      if (accepted && maxIds > 0) accept(claim)
      else remove(claim)
      const told = sharing.get(claim)
      if (!told) return
      sharing.delete(claim)
      for (const tell of told) tell(outcome)
    },
  }

  function isExpired(row: number): boolean {
    return rows.newer[row] !== IN_FLIGHT && clock() - rows.acceptedAt[row]! >= maxAgeMs
  }

  function repeatOf(row: number): Repeat {
    if (rows.contentA[row] !== content.a || rows.contentB[row] !== content.b) return OTHER_CONTENT
    return rows.newer[row] === IN_FLIGHT ? { of: 'in-flight', claim: row } : ACCEPTED
  }

  function insert(hash: number, tenant: string, source: string, id: string): Claim {
    let row = free
    if (row !== NONE) free = rows.next[row]!
    else {
      row = ids.length
      if (row === rows.next.length) rows = grow(rows)
    }
    const { buckets, next, newer, hashes, contentA, contentB, mask } = rows
    ids[row] = id
    // Most events in a row are of one source: one string for them.
    sources[row] = newest !== NONE && sources[newest] === source ? sources[newest]! : source
    tenants[row] = tenant
    hashes[row] = hash
    contentA[row] = content.a
    contentB[row] = content.b
    newer[row] = IN_FLIGHT
    next[row] = buckets[hash & mask]! - 1
    buckets[hash & mask] = row + 1
    return row
  }

  function accept(row: number): void {
    const now = clock()
    if (size === maxIds) {
      forgetOldest()
      evictions.add(1)
    }
    // Two for each that comes: it never falls behind, and never has much to do at once.
    for (let i = 0; i < 2 && oldest !== NONE && now - rows.acceptedAt[oldest]! >= maxAgeMs; i++)
      forgetOldest()
    rows.acceptedAt[row] = now
    rows.newer[row] = NONE
    if (newest === NONE) oldest = row
    else rows.newer[newest] = row
    newest = row
    size++
  }

  function forgetOldest(): void {
    const row = oldest
    oldest = rows.newer[row]!
    if (oldest === NONE) newest = NONE
    size--
    remove(row)
  }

  /** Out of its chain, and free to be used again. */
  function remove(row: number): void {
    const { buckets, next, hashes, mask } = rows
    const bucket = hashes[row]! & mask
    if (buckets[bucket] === row + 1) buckets[bucket] = next[row]! + 1
    else {
      let before = buckets[bucket]! - 1
      while (next[before] !== row) before = next[before]!
      next[before] = next[row]!
    }
    ids[row] = ''
    sources[row] = ''
    tenants[row] = ''
    next[row] = free
    free = row
  }
}

/** Room for events in flight, beside what is remembered. There may be more: then the table grows. */
const SPARE = 1024

const NONE = -1
/** In `newer`: not in the queue. */
const IN_FLIGHT = -2

const ACCEPTED: Repeat = { of: 'accepted' }
const OTHER_CONTENT: Repeat = { of: 'other-content' }

type Rows = {
  /** The first row of each chain, plus one: 0 is none. */
  readonly buckets: Int32Array
  readonly mask: number
  /** The next row of the chain, or of the free ones. */
  readonly next: Int32Array
  /** The row that was accepted next. */
  readonly newer: Int32Array
  readonly hashes: Int32Array
  readonly contentA: Int32Array
  readonly contentB: Int32Array
  readonly acceptedAt: Float64Array
}

function allocate(atLeast: number): Rows {
  let length = 1024
  while (length < atLeast) length *= 2
  return {
    buckets: new Int32Array(length),
    mask: length - 1,
    next: new Int32Array(length),
    newer: new Int32Array(length),
    hashes: new Int32Array(length),
    contentA: new Int32Array(length),
    contentB: new Int32Array(length),
    acceptedAt: new Float64Array(length),
  }
}

/** Called only when every row is in use. */
function grow(rows: Rows): Rows {
  const grown = allocate(rows.next.length * 2)
  const { buckets, next, hashes, mask } = grown
  grown.newer.set(rows.newer)
  hashes.set(rows.hashes)
  grown.contentA.set(rows.contentA)
  grown.contentB.set(rows.contentB)
  grown.acceptedAt.set(rows.acceptedAt)
  // Chain by chain from its end, so that newer ones stay in front of what they followed.
  const chain: number[] = []
  for (const first of rows.buckets) {
    for (let row = first - 1; row !== NONE; row = rows.next[row]!) chain.push(row)
    for (let row = chain.pop(); row !== undefined; row = chain.pop()) {
      const bucket = hashes[row]! & mask
      next[row] = buckets[bucket]! - 1
      buckets[bucket] = row + 1
    }
  }
  return grown
}

function randomSecret(): [number, number] {
  const bytes = randomBytes(8)
  return [bytes.readInt32LE(0), bytes.readInt32LE(4)]
}
