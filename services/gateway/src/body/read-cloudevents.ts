import type { IncomingHttpHeaders } from 'node:http'
import type { ErrorDetail, ProblemCode } from '../problems.ts'
import { MAX_LENGTH, missing, readText, toPointer, wrong } from './attributes.ts'
import { type Candidate, isAbsent, isObject, nameKind, notAnEvent, refusedCandidate } from './candidate.ts'
import { completeCandidate } from './complete-candidate.ts'
import { isJsonMediaType } from './media-type.ts'

/**
 * Reads a CloudEvents 1.0 event in structured mode (JSON event format 1.0). Attributes that Sluice does not know
 * are kept, if CloudEvents allows them; those that only the gateway may set are refused.
 */
export function readCloudEvent(posted: unknown): Candidate {
  if (!isObject(posted)) return notAnEvent(posted)
  const errors: ErrorDetail[] = []
  let code: ProblemCode = 'invalid-event'
  let extensions = ''
  for (const name in posted) {
    if (READ_BELOW.has(name) || isAbsent(posted[name])) continue
    if (RESERVED.has(name)) {
      code = 'reserved-attribute'
      wrong(errors, name, 'is set by the gateway alone.')
    } else if (name === 'data_base64') {
      code = 'unsupported-data'
      wrong(errors, name, 'is not supported. Post JSON in "data".')
    } else {
      extensions += encodeExtension(errors, name, posted[name])
    }
  }
  if (isAbsent(posted['specversion'])) missing(errors, 'specversion')
  else if (posted['specversion'] !== '1.0') wrong(errors, 'specversion', 'must be "1.0".')
  const contentType = readText(errors, 'datacontenttype', posted['datacontenttype'], MAX_LENGTH.extension)
  if (contentType !== undefined && !isJsonMediaType(contentType)) {
    code = 'unsupported-data'
    wrong(errors, 'datacontenttype', 'must be application/json, or another JSON type, in UTF-8.')
  }
  return completeCandidate(posted, { code, errors, extensions, identified: true })
}

/**
 * Reads a CloudEvents event in binary mode (HTTP binding 1.0): attributes in `ce-*` headers, the body is `data`.
 * Its errors point into the same event in structured mode, and name the header.
 * @param rawHeaders names and values in turn, as they came: Node joins what came twice to one value
 */
export function readBinaryCloudEvent(rawHeaders: readonly string[], data: unknown): Candidate {
  const event: Record<string, unknown> = { data }
  const errors: ErrorDetail[] = []
  const seen = new Set<string>()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const header = rawHeaders[at]!.toLowerCase()
    if (!header.startsWith(PREFIX)) continue
    const name = header.slice(PREFIX.length)
    const value = decodeHeader(rawHeaders[at + 1]!)
    if (seen.has(name)) {
      errors.push({ pointer: toPointer(name), detail: `The header "${header}" stands more than once.` })
    } else if (name === 'data' || !ATTRIBUTE_NAME.test(name)) {
      errors.push({ pointer: toPointer(name), detail: `The header "${header}" does not name an attribute.` })
    } else if (value === undefined) {
      errors.push({
        pointer: toPointer(name),
        detail: `The header "${header}" must be printable ASCII, everything else percent-encoded as UTF-8.`,
      })
    } else {
      event[name] = value
    }
    seen.add(name)
  }
  if (errors.length > 0) {
    // Headers that contradict each other are no event that could be judged again.
    return refusedCandidate(undefined, event['id'], event['type'], { code: 'invalid-event', errors })
  }
  const candidate = readCloudEvent(event)
  const { refusal } = candidate
  if (!refusal) return candidate
  return { ...candidate, refusal: { ...refusal, errors: refusal.errors.map(nameHeader) } }
}

/** Whether the headers say that a body of `application/json` is the data of an event in binary mode. */
export function isBinaryMode(headers: IncomingHttpHeaders): boolean {
  for (const header in headers) if (header.startsWith(PREFIX)) return true
  return false
}

const PREFIX = 'ce-'

/** CloudEvents 1.0, 3.1: lower-case letters and digits. It asks for at most 20; longer ones are common. */
const ATTRIBUTE_NAME = /^[a-z0-9]{1,64}$/

/** What only Sluice may say about an event. */
const RESERVED = new Set(['receivedat', 'tenant', 'causationid', 'decidedby'])

const READ_BELOW = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'time',
  'subject',
  'priority',
  'traceparent',
  'correlationid',
  'dataschema',
  'datacontenttype',
  'data',
])

/** `,"name":value`, or nothing and an error. */
function encodeExtension(errors: ErrorDetail[], name: string, value: unknown): string {
  if (!ATTRIBUTE_NAME.test(name)) {
    wrong(
      errors,
      name.slice(0, 256),
      'is not an attribute name: lower-case letters and digits only, at most 64.',
    )
    return ''
  }
  switch (typeof value) {
    case 'string':
      if (value === '') break
      if (readText(errors, name, value, MAX_LENGTH.extension) === undefined) return ''
      break
    case 'boolean':
      break
    case 'number':
      // CloudEvents 1.0, 3.1: integers are 32 bits wide and signed.
      if (value === (value | 0)) break
      wrong(errors, name, 'must be a whole number of 32 bits; send other numbers as strings.')
      return ''
    default:
      wrong(errors, name, `must be a string, a boolean or a whole number, not ${nameKind(value)}.`)
      return ''
  }
  return `,"${name}":${JSON.stringify(value)}`
}

/** HTTP binding 1.0, 3.1.3.2: optional quotes, then percent-encoding. Undefined when that is not kept to. */
function decodeHeader(value: string): string | undefined {
  if (!/^[\x20-\x7e]*$/.test(value)) return undefined
  const quoted = /^"(.*)"$/.exec(value)
  const text = quoted ? quoted[1]!.replace(/\\(.)/g, '$1') : value
  try {
    return text.includes('%') ? decodeURIComponent(text) : text
  } catch {
    return undefined
  }
}

function nameHeader({ pointer, detail }: ErrorDetail): ErrorDetail {
  const isOfBody = pointer === '/data' || pointer.startsWith('/data/')
  return { pointer, detail: isOfBody ? detail : `Header ce-${pointer.slice(1)}: ${detail}` }
}
