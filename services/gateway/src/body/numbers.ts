import { type ErrorDetail, MAX_ERRORS } from '../problems.ts'
import { toPointer } from './attributes.ts'
import { type Candidate, refusedCandidate } from './candidate.ts'

// Two kinds of numbers are lost in JavaScript: those beyond its range, which JSON.parse makes Infinity and
// JSON.stringify null, and whole numbers beyond 2^53, which it rounds. Fractions are rounded by every reader: no fault.

/** Stands for a lost number in a value that was parsed by {@link parseMarkingLost}. */
const LOST = Symbol('a number that cannot be kept')

/** Whether a parsed number may be another one than was posted. */
export function isDoubtful(value: unknown): boolean {
  return typeof value === 'number' && (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER)
}

/** As JSON.parse, but numbers that cannot be kept are marked. Slow. Not for text that nests deeply. */
export function parseMarkingLost(text: string): { readonly value: unknown; readonly lost: boolean } {
  let lost = false
  const mark = (_key: string, value: unknown, context: { source?: string }) => {
    if (!isDoubtful(value) || isKept(context.source!)) return value
    lost = true
    return LOST
  }
  const value = JSON.parse(text, mark as (key: string, value: unknown) => unknown)
  return { value, lost }
}

/** Refuses an event with lost numbers, and names each. */
export function refuseLost(candidate: Candidate): Candidate {
  if (candidate.refusal) return candidate
  const errors: ErrorDetail[] = []
  findLost(candidate.posted, '', errors)
  if (errors.length === 0) return candidate
  // Nor is it kept as it was posted: it is not known any more.
  return refusedCandidate(undefined, candidate.id, candidate.type, { code: 'inexact-number', errors })
}

/** A whole number of more than 309 digits is not finite, so the exact comparison is short. */
function isKept(source: string): boolean {
  const value = Number(source)
  return Number.isFinite(value) && (!/^-?\d+$/.test(source) || BigInt(source) === BigInt(value))
}

function findLost(value: unknown, pointer: string, errors: ErrorDetail[]): void {
  if (errors.length >= MAX_ERRORS) return
  if (value === LOST) {
    errors.push({ pointer, detail: 'This number cannot be kept exactly. Send it as a string.' })
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) findLost(member, pointer + toPointer(key), errors)
  }
}
