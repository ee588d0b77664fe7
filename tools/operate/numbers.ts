import { UsageError } from '../command-line.ts'

/** A whole number of a command line. @throws UsageError */
export function count(what: string, text: string, least: number): number {
  const value = Number(text)
  if (/^\d{1,15}$/.test(text) && value >= least) return value
  throw new UsageError(`${what} must be a whole number from ${least}, not "${text}".`)
}
