/** The delays of a type that names none: a hiccup, a restart, an outage. */
export const RETRY_DELAYS: readonly string[] = Object.freeze(['5s', '1m', '10m'])

/** A delay as its topic spells it, in milliseconds; NaN when it is none, or longer than a record is kept. */
export function retryDelayMs(delay: string): number {
  const [, count, unit] = /^([1-9]\d{0,5})(ms|s|m|h)$/.exec(delay) ?? []
  if (count === undefined) return Number.NaN
  const ms = Number(count) * UNITS[unit as keyof typeof UNITS]
  return ms <= LONGEST_MS ? ms : Number.NaN
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const
const LONGEST_MS = 7 * 24 * UNITS.h
