import { expect, test } from 'vitest'
import { plantResults, plantRun } from './planted-results.ts'
import { renderTable } from './table.ts'

test('a figure is the median of the runs with its spread', () => {
  const runs = [100, 300, 200].map((rate, n) => plantRun({ run: n + 1, acceptedPerSecond: rate }))
  expect(renderTable(plantResults(runs))).toContain('| sluice | 200 (100–300) | 900 (900–900) |')
})

test('a failed run is left out of the figures, marked and explained', () => {
  const table = renderTable(
    plantResults([
      plantRun({ acceptedPerSecond: 100 }),
      plantRun({ run: 2, acceptedPerSecond: 9000, lost: 7, failed: '7 of 9 accepted events were lost.' }),
    ]),
  )
  expect(table).toContain('| sluice (1 of 2 FAILED) | 100 |')
  expect(table).toContain('- FAILED: A sluice run 2: 7 of 9 accepted events were lost.')
  expect(table).toMatch(/\| 7 \| 0 \|\n/)
})

test('only scenarios and lanes that were run are shown; what a system does not have is a dash', () => {
  const {
    endToEndPerSecond: _,
    drainedPerSecond: __,
    ...noop
  } = plantRun({ system: 'no-op HTTP', endToEnd: {} })
  const table = renderTable(plantResults([plantRun({}), noop]))
  expect(table).not.toContain('### B')
  expect(table).not.toContain('normal p50')
  expect(table).toContain('| no-op HTTP | 1,000 | – | – | 1 / 3 | – |')
})

test('says on what, when, from which commit and by which command', () => {
  const table = renderTable(plantResults([plantRun({})]))
  for (const part of [
    'v26',
    '4.3.1',
    'Some CPU',
    '0123456789 with changes',
    '2026-11-24',
    '--runs 3',
    '200,000',
  ]) {
    expect(table).toContain(part)
  }
})
