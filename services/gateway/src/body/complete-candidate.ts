import type { ErrorDetail, ProblemCode } from '../problems.ts'
import {
  MAX_LENGTH,
  missing,
  readPriority,
  readSource,
  readText,
  readTime,
  readTraceparent,
  requireText,
} from './attributes.ts'
import { type Candidate, isAbsent, refusedCandidate } from './candidate.ts'

/** What a form of event has found so far, by its own rules. */
export type FormFindings = {
  readonly code: ProblemCode
  readonly errors: ErrorDetail[]
  /** As {@link Candidate.extensions}. */
  readonly extensions: string
  /** Whether an event of this form must have an id and a source. */
  readonly identified: boolean
}

/** The last step of reading, the same for every form: the attributes that Sluice knows, and that there is data. */
export function completeCandidate(
  posted: Readonly<Record<string, unknown>>,
  { code, errors, extensions, identified }: FormFindings,
): Candidate {
  const readIdentity = identified ? requireText : readText
  const id = readIdentity(errors, 'id', posted['id'], MAX_LENGTH.id)
  const source = readSource(errors, posted['source'], readIdentity)
  const type = requireText(errors, 'type', posted['type'], MAX_LENGTH.type)
  const time = readTime(errors, posted['time'])
  const subject = readText(errors, 'subject', posted['subject'], MAX_LENGTH.subject)
  const priority = readPriority(errors, posted['priority'])
  const traceparent = readTraceparent(errors, posted['traceparent'])
  const correlationid = readText(errors, 'correlationid', posted['correlationid'], MAX_LENGTH.correlationid)
  const dataschema = readText(errors, 'dataschema', posted['dataschema'], MAX_LENGTH.extension)
  const data = posted['data']
  // Data in another member was refused already.
  if (isAbsent(data) && !('data_base64' in posted)) missing(errors, 'data')
  if (errors.length > 0) return refusedCandidate(posted, posted['id'], posted['type'], { code, errors })
  return {
    posted,
    id,
    source,
    type,
    time,
    subject,
    priority,
    traceparent,
    correlationid,
    dataschema,
    extensions,
    data,
    refusal: undefined,
  }
}
