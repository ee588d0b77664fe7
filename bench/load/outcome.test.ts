import { expect, test } from 'vitest'
import { outcome, readOutcomes } from './outcome.ts'

const { accepted, notStored, unknown } = outcome

test.each([
  ['a batch', 202, '{"accepted":100,"filtered":0,"results":[]}', 100],
  ['one event, by its result', 202, '{"index":0,"id":"x","status":"accepted"}', 1],
  ['one event, by a count', 202, '{"accepted":1}', 1],
])('%s is accepted whole', (_what, status, body, count) => {
  expect(readOutcomes(status, body, count)).toBe(accepted)
})

test('a mixed batch is read result by result; what the answer leaves out was accepted', () => {
  const results = [
    { index: 1, status: 'rejected' },
    { index: 2, status: 'refused' },
    { index: 3, status: 'unknown' },
  ]
  expect(readOutcomes(207, JSON.stringify({ accepted: 1, results }), 4)).toEqual([
    accepted,
    notStored,
    notStored,
    unknown,
  ])
})

test('ten accepted are not taken for a hundred, nor a filtered event for an accepted one', () => {
  expect(readOutcomes(202, '{"accepted":10,"results":[{"index":0,"status":"filtered"}]}', 100)).not.toBe(
    accepted,
  )
  expect(readOutcomes(202, '{"index":0,"status":"filtered"}', 1)).toBe(unknown)
})

test.each([
  [422, '{"code":"schema"}', notStored],
  [503, '{"code":"overloaded"}', notStored],
  [503, '{"code":"unconfirmed"}', unknown],
  [500, '<html>', unknown],
])('one event answered with %i %s', (status, body, expected) => {
  expect(readOutcomes(status, body, 1)).toBe(expected)
})

test('a batch that is answered with an error as a whole', () => {
  expect(readOutcomes(413, '{"code":"body-too-large"}', 5)).toBe(notStored)
  expect(readOutcomes(502, 'not json', 5)).toBe(unknown)
})
