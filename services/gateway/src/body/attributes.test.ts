import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ErrorDetail } from '../problems.ts'
import { isTraceparent, readText, readTime } from './attributes.ts'

function accepts(read: (errors: ErrorDetail[]) => unknown): boolean {
  const errors: ErrorDetail[] = []
  read(errors)
  return errors.length === 0
}

test.each([
  '2026-11-24T10:30:00Z',
  '2026-11-24t10:30:00z',
  '2026-11-24T10:30:00.123456+05:30',
  '2024-02-29T00:00:00Z',
  '2000-02-29T00:00:00Z',
  '2026-06-30T23:59:60Z',
])('%s is a time', (value) => {
  expect(accepts((errors) => readTime(errors, value))).toBe(true)
})

test.each([
  '2026-11-24',
  '2026-11-24T10:30:00',
  '2026-11-24 10:30:00Z',
  '2026-02-29T00:00:00Z',
  '1900-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-11-24T24:00:00Z',
  '2026-11-24T10:30:00+5',
  'yesterday',
  '',
  1764000000000,
  {},
])('%j is no time', (value) => {
  expect(accepts((errors) => readTime(errors, value))).toBe(false)
})

test('every moment that Date writes is a time', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date(Date.UTC(9999, 0)), noInvalidDate: true }),
      (date) => {
        expect(accepts((errors) => readTime(errors, date.toISOString()))).toBe(true)
      },
    ),
  )
})

test.each(['a\u0000b', 'a\nb', '\u007f', '\u0085', '\ud800', '\uffff', '', 'x'.repeat(11), 5, true, [], {}])(
  '%j is no text of at most ten characters',
  (value) => {
    expect(accepts((errors) => readText(errors, 'id', value, 10))).toBe(false)
  },
)

test.each(['a', 'ü', '€', '😀', 'a b', '"\\', undefined, null])('%j is text, or absent', (value) => {
  expect(accepts((errors) => readText(errors, 'id', value, 10))).toBe(true)
})

const TRACE = 'a'.repeat(32)
const SPAN = 'b'.repeat(16)

test.each([`00-${TRACE}-${SPAN}-01`, `01-${TRACE}-${SPAN}-00`, `cc-${TRACE}-${SPAN}-01-more`])(
  '%s is a traceparent',
  (value) => expect(isTraceparent(value)).toBe(true),
)

test.each([
  `00-${TRACE}-${SPAN}-01-more`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}`,
  '',
])('%s is no traceparent', (value) => {
  expect(isTraceparent(value)).toBe(false)
})
