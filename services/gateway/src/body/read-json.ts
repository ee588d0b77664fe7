import type { ErrorDetail } from '../problems.ts'
import { MAX_LENGTH, missing, readPriority, readText, readTime, requireText, wrong } from './attributes.ts'
import { type Candidate, isAbsent, isObject, notAnEvent, refusedCandidate } from './candidate.ts'

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
  const type = requireText(errors, 'type', posted['type'], MAX_LENGTH.type)
  const id = readText(errors, 'id', posted['id'], MAX_LENGTH.id)
  const source = readText(errors, 'source', posted['source'], MAX_LENGTH.source)
  const time = readTime(errors, posted['time'])
  const subject = readText(errors, 'subject', posted['subject'], MAX_LENGTH.subject)
  const priority = readPriority(errors, posted['priority'])
  const data = posted['data']
  if (isAbsent(data)) missing(errors, 'data')
  if (errors.length > 0) {
    return refusedCandidate(posted, posted['id'], posted['type'], { code: 'invalid-event', errors })
  }
  return {
    posted,
    id,
    source,
    type,
    time,
    subject,
    priority,
    traceparent: undefined,
    correlationid: undefined,
    dataschema: undefined,
    extensions: '',
    data,
    refusal: undefined,
  }
}

const MEMBERS = new Set(['type', 'data', 'id', 'source', 'time', 'subject', 'priority'])
const KNOWN = [...MEMBERS].join(', ')
