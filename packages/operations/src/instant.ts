const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** How far from the epoch a Date reaches. */
export const FURTHEST_MS = 8.64e15

/**
 * A point in time as people write it: ISO 8601 (`2026-11-24`, `2026-11-24T17:00Z`; without a zone it is UTC), or how
 * long ago (`90s`, `15m`, `2h`, `7d`). Milliseconds since the epoch; undefined when it is neither.
 */
export function parseInstant(text: string, now: number): number | undefined {
  const ago = parseDuration(text)
  if (ago !== undefined) {
    const past = now - ago
    return Math.abs(past) <= FURTHEST_MS ? past : undefined
  }
  const [, date, time = '00:00', zone = 'Z'] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?))?(Z|[+-]\d{2}:\d{2})?$/.exec(text) ??
    []
  const instant = date === undefined ? Number.NaN : Date.parse(`${date}T${time}${zone}`)
  return Number.isNaN(instant) ? undefined : instant
}

/** A length of time like `90s`, `15m`, `2h` or `7d`, in milliseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  return unit === undefined ? undefined : Number(count) * UNIT_MS[unit]!
}

/** A point in time as `parseInstant` reads it, whenever that is. Kafka knows none before the epoch: those become it. */
export function instantText(at: number): string {
  return new Date(Math.max(0, at)).toISOString()
}

export const INSTANT_FORMS = 'like 2026-11-24T17:00Z, or 2h for two hours ago'
