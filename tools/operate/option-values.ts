import { INSTANT_FORMS, parseDuration, parseInstant } from '@sluice/operations'
import { UsageError } from '../command-line.ts'

/** A whole number of a command line. @throws UsageError */
export function count(what: string, text: string, least: number): number {
  const value = Number(text)
  if (/^\d{1,15}$/.test(text) && value >= least) return value
  throw new UsageError(`${what} must be a whole number from ${least}, not "${text}".`)
}

/** A time of a command line, in milliseconds since the epoch. @throws UsageError */
export function instant(option: string, text: string, now: number): number {
  const found = parseInstant(text, now)
  if (found !== undefined) return found
  throw new UsageError(`${option} takes a time, ${INSTANT_FORMS}; not "${text}".`)
}

/**
 * An option that would not be followed is no option of the command.
 * @throws UsageError
 */
export function refuseOthers(
  values: Readonly<Record<string, unknown>>,
  allowed: readonly string[],
  seeHelp: string,
): void {
  for (const [name, value] of Object.entries(values)) {
    const isGiven = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false
    if (isGiven && name !== 'json' && !allowed.includes(name)) {
      throw new UsageError(`--${name} has no meaning here. ${seeHelp}`)
    }
  }
}

/** A length of time of a command line, in milliseconds. @throws UsageError */
export function duration(option: string, text: string): number {
  const found = parseDuration(text)
  if (found !== undefined) return found
  throw new UsageError(`${option} takes a length of time, like 90d, 24h or 15m; not "${text}".`)
}

/** The filters of a selection; `--offset n` is one of them. */
export function filtersOf(values: {
  readonly filter?: readonly string[] | undefined
  readonly offset?: string | undefined
}): readonly string[] {
  const { filter = [], offset } = values
  return offset === undefined ? filter : [...filter, `offset=${offset}`]
}

/**
 * What is redriven is said: everything, or a selection, and not both.
 * @throws UsageError
 */
export function requireSelection(all: boolean, filters: readonly string[], seeHelp: string): void {
  if (all !== filters.length > 0) return
  throw new UsageError(
    all
      ? '--all and a selection contradict each other.'
      : `Say what to redrive: --all, --filter or --offset. ${seeHelp}`,
  )
}
