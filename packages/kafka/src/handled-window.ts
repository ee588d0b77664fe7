/** What a window says of an identity that is claimed: nothing, that it was handled, or who is at it. */
export type Claimed<Holder> = Holder | typeof HANDLED | undefined

/** Its event was handled to the end. */
export const HANDLED = Symbol('handled')

/**
 * The identities of one partition number that were handled lately. Exact: what it calls handled was handled, and of
 * the last `limit` identities that were handled it forgets none.
 *
 *     unknown ── claim ──▶ held ── settle ──▶ handled ── `limit` others were settled ──▶ unknown
 *        ▲                  └── release ──┐
 *        └────────────────────────────────┘
 *
 * Handled means that everything that follows from the event is stored: an identity that is merely held says nothing
 * about its repeats yet, so they wait for its holder. What is held is not counted and never forgotten.
 */
export type HandledWindow<Holder> = {
  /** Makes `holder` the holder of an identity of which nothing is known, and says what was known. */
  claim(identity: string, holder: Holder): Claimed<Holder>
  /** It was handled, whoever held it. */
  settle(identity: string): void
  /** Its holder gives it up unhandled. */
  release(identity: string): void
  /** How many are known as handled. */
  readonly size: number
}

/** @param limit how many handled identities are kept; 0: none, and every claim is granted. */
export function createHandledWindow<Holder>(limit: number): HandledWindow<Holder> {
  const known = new Map<string, Holder | typeof HANDLED>()
  /** The handled ones in the order in which they were settled, in a ring. */
  const ring: string[] = []
  let oldest = 0

  return {
    claim(identity, holder) {
      if (limit === 0) return undefined
      const found = known.get(identity)
      if (found === undefined) known.set(identity, holder)
      return found
    },
    settle(identity) {
      if (limit === 0 || known.get(identity) === HANDLED) return
      known.set(identity, HANDLED)
      if (ring.length < limit) {
        ring.push(identity)
        return
      }
      known.delete(ring[oldest]!)
      ring[oldest] = identity
      oldest = oldest + 1 === limit ? 0 : oldest + 1
    },
    release(identity) {
      if (known.get(identity) !== HANDLED) known.delete(identity)
    },
    get size() {
      return ring.length
    },
  }
}
