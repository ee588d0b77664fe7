/**
 * How long to wait before attempt `attempt` + 1: exponential with full jitter, so that many waiters do not
 * come back together. Between 0 and `min(maxMs, baseMs * 2^(attempt - 1))`.
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @param attempt attempts made so far, from 1
 * @param random uniform in [0, 1)
 */
export function backoffMs(attempt: number, options: Backoff, random: () => number): number {
  // 2 ** 1024 is infinite, and a base of 0 would make it NaN.
  return random() * Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt - 1, 1000))
}

export type Backoff = { readonly baseMs: number; readonly maxMs: number }
