import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readAnswer, retryAfterMs } from './read-answer.ts'

const NOW = Date.UTC(2026, 10, 24, 12, 30)
const IDS = ['a', 'b', 'c']

function read(status: number, body: unknown, retryAfter: string | null = null) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return readAnswer({ status, body: text, retryAfter }, IDS, NOW)
}

const rejected = {
  index: 1,
  id: 'b',
  status: 'rejected',
  code: 'schema',
  errors: [{ pointer: '/data', detail: 'No.' }],
}
const refused = { index: 2, id: 'c', status: 'refused', code: 'overloaded' }

test('results stand for their events; accepted ones may be left out', () => {
  const verdicts = [
    { status: 'accepted' },
    { status: 'rejected', code: 'schema', errors: rejected.errors },
    { status: 'refused', code: 'overloaded' },
  ]
  const all = [{ index: 0, id: 'a', status: 'accepted' }, rejected, refused]
  for (const results of [all, [rejected, refused], [refused, rejected]]) {
    expect(read(207, { accepted: 1, results })).toEqual({
      kind: 'verdicts',
      verdicts,
      waitMs: 0,
      holdsAll: false,
    })
  }
})

test.each([
  ['one too few', { accepted: 0, results: [rejected, refused] }],
  ['one too many', { accepted: 2, results: [rejected, refused] }],
  ['no count', { results: [rejected, refused] }],
  ['one twice', { accepted: 1, results: [rejected, rejected] }],
  ['the id of another event', { accepted: 1, results: [{ ...rejected, id: 'x' }, refused] }],
  ['an index too high', { accepted: 2, results: [{ ...rejected, index: 3 }] }],
  ['a status that nobody knows', { accepted: 2, results: [{ ...rejected, status: 'eaten' }] }],
  ['a result that is none', { accepted: 2, results: [null] }],
  ['half of an answer', '{"accepted":3,"resul'],
  ['nothing', ''],
  ['a page', '<html>Welcome to the hotel</html>'],
])('an answer with %s says nothing', (_, body) => {
  for (const status of [200, 202, 207, 503]) {
    expect(read(status, body)).toMatchObject({
      kind: 'again',
      verdict: { status: 'unknown', code: 'no-answer' },
    })
  }
})

test('a refusal of the whole request is one of its size or form, or one of the request alone', () => {
  const problem = { code: 'body-too-large', detail: 'A body may have at most 9 bytes.' }
  const verdict = {
    status: 'rejected',
    code: 'body-too-large',
    errors: [{ pointer: '', detail: problem.detail }],
  }
  expect(read(413, problem)).toEqual({ kind: 'divide', verdict })
  expect(read(400, { code: 'too-deep' })).toEqual({
    kind: 'divide',
    verdict: { status: 'rejected', code: 'too-deep' },
  })
  for (const status of [401, 403, 404, 405, 415]) expect(read(status, { code: 'x' }).kind).toBe('verdict')
  expect(read(403, '<html>')).toEqual({ kind: 'verdict', verdict: { status: 'rejected', code: 'http-403' } })
})

test('after a 429 nothing was stored, after a 5xx nobody knows; both say how long to wait', () => {
  expect(read(429, '', '7')).toEqual({
    kind: 'again',
    verdict: { status: 'refused', code: 'rate-limited' },
    waitMs: 7000,
  })
  for (const status of [408, 500, 502, 503, 504]) {
    expect(read(status, { code: 'internal' }, '2')).toEqual({
      kind: 'again',
      verdict: { status: 'unknown', code: 'internal' },
      waitMs: 2000,
    })
  }
  const limited = IDS.map((id, index) => ({ index, id, status: 'refused', code: 'rate-limited' }))
  expect(read(429, { accepted: 0, results: limited }, '3')).toMatchObject({ waitMs: 3000, holdsAll: true })
})

test('Retry-After is seconds or a date', () => {
  expect(retryAfterMs('12', NOW)).toBe(12_000)
  expect(retryAfterMs('Tue, 24 Nov 2026 12:31:00 GMT', NOW)).toBe(60_000)
  for (const value of [null, '', '-1', 'soon', 'Tue, 24 Nov 2026 12:29:00 GMT'])
    expect(retryAfterMs(value, NOW)).toBe(0)
  expect(retryAfterMs('99999999999', NOW)).toBe(3_600_000)
})

test('whatever comes, it is read, and accepted is never made up', () => {
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), fc.oneof(fc.json(), fc.string()), (status, body) => {
      const answer = readAnswer({ status, body, retryAfter: null }, IDS, NOW)
      expect(answer.kind).not.toBe('verdicts')
    }),
  )
})
