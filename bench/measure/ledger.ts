import { outcome } from '../load/outcome.ts'

export type Balance = {
  /** Accepted, and all outputs were seen. */
  readonly handled: number
  /** Accepted, and an output is missing. */
  readonly lost: number
  /** Outputs that were seen again, or that their cause should not have. */
  readonly doubled: number
  /** Not known to be accepted, yet handled: what a timeout leaves behind. No fault. */
  readonly unasked: number
  /** Sequence numbers of a few that were lost. */
  readonly examples: readonly number[]
}

/** Keeps the books of one phase by the identity of each output: its cause's sequence number and its slot. */
export type Ledger = {
  /** Notes an output; to whether it completed its cause. `expected` has a bit for each output of the cause. */
  see(sequence: number, slot: number, expected: number): boolean
  /** How many causes have all their outputs. */
  complete(): number
  balance(outcomes: Uint8Array): Balance
}

const EXAMPLES = 5

export function createLedger(): Ledger {
  /** By sequence number: a bit for each output that was seen. */
  let seen = new Uint8Array(1 << 16)
  let isComplete = new Uint8Array(1 << 16)
  let completed = 0
  let doubled = 0

  return {
    see(sequence, slot, expected) {
      while (sequence >= seen.length) {
        seen = twice(seen)
        isComplete = twice(isComplete)
      }
      const bit = 1 << slot
      const before = seen[sequence]!
      if ((before & bit) !== 0 || (expected & bit) === 0) {
        doubled++
        return false
      }
      seen[sequence] = before | bit
      if ((before | bit) !== expected) return false
      isComplete[sequence] = 1
      completed++
      return true
    },
    complete: () => completed,
    balance(outcomes) {
      let handled = 0
      let lost = 0
      const examples: number[] = []
      for (let sequence = 0; sequence < outcomes.length; sequence++) {
        if (outcomes[sequence] !== outcome.accepted) continue
        if (isComplete[sequence] === 1) handled++
        else {
          lost++
          if (examples.length < EXAMPLES) examples.push(sequence)
        }
      }
      return { handled, lost, doubled, unasked: completed - handled, examples }
    },
  }
}

function twice(array: Uint8Array): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(array.length * 2)
  grown.set(array)
  return grown
}
