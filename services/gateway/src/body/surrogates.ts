import { type ErrorDetail, MAX_ERRORS } from '../problems.ts'
import { toPointer } from './attributes.ts'
import { type Candidate, refusedCandidate } from './candidate.ts'

// Half of a surrogate pair is no character, and no UTF-8 can hold it. JSON lets it be written as an escape; what readers
// make of that differs: an error, another character, or the half. Mostly it is an emoji that was cut in two.

/** Whether strings of a JSON text in UTF-8 may have half of a pair: only an escape can give one. */
export function mayHaveHalves(text: string): boolean {
  return text.includes(String.raw`\u`) && /\\u[dD][89a-fA-F]/.test(text)
}

/** Refuses an event with half of a pair in a string or key, and names each. */
export function refuseHalves(candidate: Candidate): Candidate {
  if (candidate.refusal) return candidate
  const errors: ErrorDetail[] = []
  findHalves(candidate.posted, '', errors)
  if (errors.length === 0) return candidate
  return refusedCandidate(candidate.posted, candidate.id, candidate.type, { code: 'invalid-event', errors })
}

function findHalves(value: unknown, pointer: string, errors: ErrorDetail[]): void {
  if (errors.length >= MAX_ERRORS) return
  if (typeof value === 'string') {
    if (!value.isWellFormed()) errors.push({ pointer, detail: `This text ${HALF}` })
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      const at = pointer + toPointer(key)
      if (!key.isWellFormed()) errors.push({ pointer: at, detail: `The name of this member ${HALF}` })
      findHalves(member, at, errors)
    }
  }
}

const HALF = 'has half of a surrogate pair, like a character that was cut in two.'
