import { isLane, LANES, type Lane } from '@sluice/events'
import { type ErrorDetail, MAX_ERRORS } from '../problems.ts'
import { isAbsent, nameKind } from './candidate.ts'

/** Longest values, in UTF-16 units. The key limits of Kafka and of most databases are far above. */
export const MAX_LENGTH = {
  id: 256,
  source: 512,
  type: 256,
  subject: 512,
  correlationid: 256,
  extension: 1024,
}

// Each reader returns the value; or nothing, when it is absent or when it is wrong, which it adds to `errors` unless there
// are enough.

/** A non-empty string of bounded length, of the characters that CloudEvents allows in strings. */
export function readText(
  errors: ErrorDetail[],
  name: string,
  value: unknown,
  maxLength: number,
): string | undefined {
  if (isAbsent(value)) return undefined
  if (typeof value !== 'string') return wrong(errors, name, `must be a string, not ${nameKind(value)}.`)
  if (value === '') return wrong(errors, name, 'must not be empty.')
  if (value.length > maxLength) return wrong(errors, name, `must not be longer than ${maxLength} characters.`)
  if (NOT_ALLOWED.test(value)) {
    return wrong(errors, name, 'must not contain control characters or code points that are no characters.')
  }
  return value
}

/** As {@link readText}, but absence is an error. */
export function requireText(
  errors: ErrorDetail[],
  name: string,
  value: unknown,
  maxLength: number,
): string | undefined {
  return isAbsent(value) ? missing(errors, name) : readText(errors, name, value, maxLength)
}

/** What CloudEvents asks of a source: a reference to a URI, absolute or not (RFC 3986, 4.1). */
export function readSource(
  errors: ErrorDetail[],
  value: unknown,
  read: typeof readText | typeof requireText,
): string | undefined {
  const source = read(errors, 'source', value, MAX_LENGTH.source)
  if (source === undefined || URI_REFERENCE.test(source)) return source
  return wrong(
    errors,
    'source',
    'must be a URI reference (RFC 3986), like /shops/berlin; percent-encode everything else.',
  )
}

/** An RFC 3339 timestamp of a day that exists. */
export function readTime(errors: ErrorDetail[], value: unknown): string | undefined {
  if (isAbsent(value)) return undefined
  if (typeof value === 'string' && TIMESTAMP.test(value) && isDayOfItsMonth(value)) return value
  return wrong(errors, 'time', 'must be an RFC 3339 timestamp, like 2026-11-24T10:30:00Z.')
}

export function readPriority(errors: ErrorDetail[], value: unknown): Lane | undefined {
  if (isAbsent(value)) return undefined
  if (isLane(value)) return value
  return wrong(errors, 'priority', `must be one of ${LANES.join(', ')}.`)
}

/** W3C trace context. An event's own one must be right. */
export function readTraceparent(errors: ErrorDetail[], value: unknown): string | undefined {
  if (isAbsent(value)) return undefined
  if (typeof value === 'string' && isTraceparent(value)) return value
  return wrong(
    errors,
    'traceparent',
    'must be a W3C traceparent, like 00-<32 hex digits>-<16 hex digits>-01.',
  )
}

/** Version 00 has exactly four fields; a higher one may have more behind them (Trace Context, 4.3). */
export function isTraceparent(value: string): boolean {
  return TRACEPARENT.test(value)
}

export function missing(errors: ErrorDetail[], name: string): undefined {
  return wrong(errors, name, 'is missing.')
}

export function wrong(errors: ErrorDetail[], name: string, what: string): undefined {
  if (errors.length < MAX_ERRORS) errors.push({ pointer: toPointer(name), detail: `"${name}" ${what}` })
}

/** The JSON Pointer of a member (RFC 6901). */
export function toPointer(member: string): string {
  return `/${member.slice(0, 256).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** CloudEvents 1.0, 3.1: no controls, no lone surrogates, no noncharacters. */
const NOT_ALLOWED = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u

/** A scheme, or no colon before the first slash; brackets only around an IP address; one fragment at most. */
const URI_REFERENCE =
  /^(?:[A-Za-z][A-Za-z\d+.-]*:|(?![^/?#]*:))(?:\/\/(?:[\w.~!$&'()*+,;=:-]|%[\dA-Fa-f]{2})*@?\[[\dA-Fa-fv:.]+\])?(?:[\w.~!$&'()*+,;=:@/-]|%[\dA-Fa-f]{2})*(?:\?(?:[\w.~!$&'()*+,;=:@/?-]|%[\dA-Fa-f]{2})*)?(?:#(?:[\w.~!$&'()*+,;=:@/?-]|%[\dA-Fa-f]{2})*)?$/

const TIMESTAMP =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,12})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/

const TRACEPARENT =
  /^(00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}|(?!00|ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]{0,200})?)$/

/** @param timestamp of the form of {@link TIMESTAMP} */
function isDayOfItsMonth(timestamp: string): boolean {
  const day = Number(timestamp.slice(8, 10))
  return day <= 28 || day <= daysOf(Number(timestamp.slice(0, 4)), Number(timestamp.slice(5, 7)))
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
