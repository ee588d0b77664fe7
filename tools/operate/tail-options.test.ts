import { catalogue } from '@sluice/events'
import { expect, test } from 'vitest'
import { parseTailCommand } from './tail-options.ts'
import { parseWhereCommand } from './where-options.ts'

const now = Date.parse('2026-11-24T12:00:00Z')
const tail = (...args: string[]) => parseTailCommand(args, { now, entries: catalogue })
const where = (...args: string[]) => parseWhereCommand(args, { now, entries: catalogue })

test('a tail begins now, with all lanes and everything that happens, unless it is told otherwise', () => {
  expect(tail('order-placed')).toMatchObject({
    ...{
      entry: { definition: { type: 'order-placed' } },
      from: 'now',
      max: Number.POSITIVE_INFINITY,
      json: false,
    },
    ...{ lanes: undefined, keys: undefined, ids: undefined, statuses: undefined },
  })
  expect(
    tail(
      'order-placed',
      ...['--lane', 'high', '--since', '10m', '--key', 'c-1', '--key', 'c-2', '--id', 'a'],
      ...['--status', 'dead-letter', '--max', '3', '--json'],
    ),
  ).toMatchObject({
    ...{ lanes: ['high'], from: now - 600_000, keys: ['c-1', 'c-2'], ids: ['a'] },
    ...{ statuses: ['dead-letter'], max: 3, json: true },
  })
  expect(tail('order-placed', '--from-start')).toMatchObject({ from: 'start' })
  expect(tail('--help')).toBe('help')
})

test.each([
  [[], 'Name one event type'],
  [['order-placed', 'page-viewed'], 'Name one event type'],
  [['order-place'], 'Did you mean order-placed?'],
  [['nothing-like-it-at-all'], 'There are order-placed, '],
  [['order-placed', '--lane', 'low'], 'order-placed has no lane "low". It has high, normal.'],
  [['order-placed', '--status', 'done'], 'There is no status "done". There are stored, '],
  [['order-placed', '--since', 'yesterday'], '--since takes a time'],
  [['order-placed', '--since', '1h', '--from-start'], 'cannot both be followed'],
  [['order-placed', '--max', '0'], '--max must be a whole number from 1'],
  [['order-placed', '--bogus'], "Unknown option '--bogus'"],
])('tail %j cannot be followed', (args, problem) => {
  expect(() => tail(...args)).toThrow(problem)
})

test('where looks back a day, or as far as the id is old', () => {
  expect(where('a')).toMatchObject({ id: 'a', since: now - 87_000_000, source: undefined, json: false })
  expect(
    where('a', '--since', '7d', '--source', '/s', '--tenant', 't', '--type', 'order-placed', '--json'),
  ).toEqual({
    ...{ id: 'a', since: now - 604_800_000, source: '/s', tenant: 't', type: 'order-placed', json: true },
  })
  expect(where('-h')).toBe('help')
})

test.each([
  [[], 'Name one id'],
  [['a', 'b'], 'Name one id'],
  [['a', '--type', 'order-plaecd'], 'Did you mean order-placed?'],
  [['a', '--since', ''], '--since takes a time'],
])('where %j cannot be followed', (args, problem) => {
  expect(() => where(...args)).toThrow(problem)
})
