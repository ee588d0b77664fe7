import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrived, giveUp, laneRecord } from '../test-fixtures/letters.ts'
import { readDeadLetter } from './dead-letter.ts'
import { filtersOf, isSelected, parseFilters } from './selection.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const letter = readDeadLetter(
  arrived(giveUp(laneRecord(3), { reason: 'timeout' }), { offset: 17, timestamp: NOW - 3_600_000 }),
)

describe('a filter', () => {
  it.each([
    [[], true],
    [['reason=timeout'], true],
    [['reason=poison'], false],
    [['reason=poison', 'reason=timeout'], true],
    [['reason=timeout', 'key=c-4'], false],
    [['key=c-3', 'id=o-3', 'error-type=RangeError', 'offset=17'], true],
    [['offset=18', 'offset=17'], true],
    [['id=o-4'], false],
    [['since=2h'], true],
    [['since=30m'], false],
    [['until=30m'], true],
    [['since=2026-11-24T11:00Z'], true],
    [['until=2026-11-24T11:00Z'], false],
  ])('%j', (filters, selected) => {
    const parsed = parseFilters(filters, NOW)
    expect(parsed).toHaveProperty('selection')
    if ('selection' in parsed) expect(isSelected(letter, parsed.selection)).toBe(selected)
  })

  it.each([
    'reason',
    'reason=',
    'colour=red',
    '=x',
    'offset=x',
    'offset=-1',
    'since=yesterday',
    'constructor=x',
  ])('that is "%s" selects nothing: it is named', (filter) => {
    expect(parseFilters([filter], NOW)).toEqual({ problem: expect.stringContaining(`"${filter}"`) })
  })

  it('of a time may be given once', () => {
    expect(parseFilters(['since=1h', 'since=2h'], NOW)).toEqual({ problem: '"since" may be given once.' })
  })
})

it('a selection, written as filters, is read as the same', () => {
  const texts = fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 })
  const time = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) })
  const selections = fc.record(
    {
      ...{ reasons: texts, errorTypes: texts, keys: texts, ids: texts },
      offsets: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      ...{ since: time, until: time },
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(selections, (selection) => {
      expect(parseFilters(filtersOf(selection), NOW)).toEqual({ selection })
    }),
  )
  expect(filtersOf({ since: NOW })).toEqual(['since=2026-11-24T12:00:00.000Z'])
})
