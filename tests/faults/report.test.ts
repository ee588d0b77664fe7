import { expect, it } from 'vitest'
import { makeCleanHistory } from './books/clean-history.ts'
import { closeBooks } from './books/close-books.ts'
import type { Recovery } from './books/history.ts'
import { describeRun, faultTable } from './report.ts'
import type { Run } from './run-scenario.ts'

it('has a line for each scenario', () => {
  const rows = [
    { scenario: 'gateway-killed', runs: [makeRun(2, [recovery(900), recovery(1200)])], errors: [] },
    { scenario: 'poison', runs: [makeRun(1, []), makeRun(0, [])], errors: ['Kafka did not start.'] },
  ]
  expect(faultTable(rows)).toBe(
    [
      'scenario        runs         events  lost   repeated  doubled  out of order  recovery',
      'gateway-killed  1                30     0  0 / 2 / 0        0             0  1.2 of 10 s',
      'poison          3, 1 FAILED      60     0  0 / 1 / 0        0             0  –',
    ].join('\n'),
  )
})

it('says which recovery was late, and that one never came', () => {
  expect(faultTable([{ scenario: 'a', runs: [makeRun(0, [recovery(12_000)])], errors: [] }])).toContain(
    '12.0 of 10 s LATE',
  )
  expect(describeRun(makeRun(0, [recovery(12_000)])).join('\n')).toContain(
    'late: the gateway worked again after 12000 ms, not 10000 ms',
  )
  const never = { what: 'the gateway', limitMs: 10_000 }
  expect(faultTable([{ scenario: 'a', runs: [makeRun(0, [never])], errors: [] }])).toContain('never of 10 s')
})

function recovery(tookMs: number): Recovery {
  return { what: 'the gateway', limitMs: 10_000, tookMs }
}

/** A run in which the first outputs were written again. */
function makeRun(repeats: number, recoveries: readonly Recovery[]): Run {
  const history = makeCleanHistory({ seed: 2, events: 30, troubled: false, outcomeTopic: false })
  history.repeatsAllowed = true
  const outputs = history.records.filter(({ event }) => event?.causationid !== undefined).slice(0, repeats)
  history.records.push(...outputs.map((record) => ({ ...record, offset: record.offset + 10_000 })))
  return {
    scenario: 'any',
    seed: 1,
    verdict: closeBooks(history),
    history,
    recoveries,
    notes: [],
    seconds: 1,
  }
}
