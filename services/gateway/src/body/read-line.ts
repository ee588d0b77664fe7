import { type Candidate, isObject, refusedCandidate } from './candidate.ts'
import { refuseLost } from './numbers.ts'
import { parseJson } from './parse-json.ts'
import { readCloudEvent } from './read-cloudevents.ts'
import { readBareEvent } from './read-json.ts'
import type { Line } from './split-lines.ts'
import { refuseHalves } from './surrogates.ts'

/**
 * The event of a line: a CloudEvent in structured mode when it has a `specversion`, else the bare form. What cannot be
 * read is a refused candidate: the next line is none of its business.
 */
export function readLine(line: Line, maxBytes: number): Candidate {
  if (line === 'too-long') return refuse('event-too-large', `A line may have at most ${maxBytes} bytes.`)
  // It is short enough, whatever it has.
  const json = parseJson(line, line.length)
  if (!json.ok) return refuse(json.code, json.detail)
  const { value } = json
  const posted = isObject(value) && 'specversion' in value ? readCloudEvent(value) : readBareEvent(value)
  const candidate = json.lost ? refuseLost(posted) : posted
  return json.halves ? refuseHalves(candidate) : candidate
}

function refuse(code: NonNullable<Candidate['refusal']>['code'], detail: string): Candidate {
  return refusedCandidate(undefined, undefined, undefined, { code, errors: [{ pointer: '', detail }] })
}
