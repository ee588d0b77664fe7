import type { ErrorDetail } from '../problems.ts'
import { wrong } from './attributes.ts'
import { type Candidate, isObject, notAnEvent } from './candidate.ts'
import { completeCandidate } from './complete-candidate.ts'

/**
 * Reads the bare form: `{type, data, id?, source?, time?, subject?, priority?}`. Any other member is an error:
 * it would be lost.
 */
export function readBareEvent(posted: unknown): Candidate {
  if (!isObject(posted)) return notAnEvent(posted)
  const errors: ErrorDetail[] = []
  for (const name in posted) {
    if (!MEMBERS.has(name)) {
      wrong(errors, name.slice(0, 256), `is not a member of an event. The members are ${KNOWN}.`)
    }
  }
  return completeCandidate(posted, { code: 'invalid-event', errors, extensions: '', identified: false })
}

const MEMBERS = new Set(['type', 'data', 'id', 'source', 'time', 'subject', 'priority'])
const KNOWN = [...MEMBERS].join(', ')
