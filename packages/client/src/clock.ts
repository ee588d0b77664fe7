/** Time and chance, so that tests can decide about both. */
export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls once, after `ms`; the function returned calls it off. */
  after(ms: number, call: () => void): () => void
  /** Uniform in [0, 1). */
  random(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, Math.min(ms, LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  },
  random: () => Math.random(),
}

/** A timer of 32 bits overflows to none at all. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
