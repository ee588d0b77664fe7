import { expect, test } from 'vitest'
import { plantResults, plantRun } from './planted-results.ts'
import { renderTable } from './table.ts'

const rowOf = (table: string, name: string) =>
  table.split('\n').find((line) => line.startsWith(`| ${name} |`))

test('a figure is the median of the runs with its spread', () => {
  const runs = [100, 300, 200].map((rate, n) => plantRun({ run: n + 1, acceptedPerSecond: rate }))
  const table = renderTable(plantResults(runs))
  expect(rowOf(table, 'accepted/s')).toBe('| accepted/s | 200 (100–300) |')
  expect(rowOf(table, 'end to end/s, sustained')).toBe('| end to end/s, sustained | 950 |')
})

test('the ratio to the baseline is of runs with the same number', () => {
  const table = renderTable(
    plantResults([
      plantRun({ run: 1, acceptedPerSecond: 400 }),
      plantRun({ run: 2, acceptedPerSecond: 900 }),
      plantRun({ run: 1, acceptedPerSecond: 200, system: 'monolith' }),
      plantRun({ run: 2, acceptedPerSecond: 300, system: 'monolith' }),
    ]),
  )
  expect(table).toContain('|  | sluice | monolith | sluice ÷ monolith |')
  expect(rowOf(table, 'accepted/s')).toContain('| 2.50 (2–3) |')
})

test('each number of replicas is a system of its own', () => {
  const twice = plantRun({
    system: 'sluice × 2',
    processes: [
      { name: 'gateway', count: 2, cpuMicrosPerEvent: 12, peakMemoryMb: 100 },
      { name: 'generator', count: 1, cpuMicrosPerEvent: 99, peakMemoryMb: 50 },
    ],
  })
  const table = renderTable(plantResults([plantRun({}), twice]))
  expect(table).toContain('|  | sluice | sluice × 2 |')
  expect(rowOf(table, 'CPU µs/event, with Kafka')).toBe('| CPU µs/event, with Kafka | 11 | 12 |')
  expect(rowOf(table, 'gateway')).toBe('| gateway | 11, 120 MB | 12, 100 MB |')
})

test('a failed run is left out of the figures, marked and explained', () => {
  const table = renderTable(
    plantResults([
      plantRun({ acceptedPerSecond: 100 }),
      plantRun({ run: 2, acceptedPerSecond: 9000, lost: 7, failed: '7 of 9 accepted events were lost.' }),
    ]),
  )
  expect(table).toContain('|  | sluice (1 of 2 FAILED) |')
  expect(rowOf(table, 'accepted/s')).toBe('| accepted/s | 100 |')
  expect(rowOf(table, 'lost')).toBe('| lost | 7 |')
  expect(table).toContain('- FAILED: A sluice run 2: 7 of 9 accepted events were lost.')
})

test('what was not drained in time is not called lost, and that nothing was lost is not claimed', () => {
  const table = renderTable(plantResults([plantRun({ undrained: 5 }), plantRun({ system: 'monolith' })]))
  expect(rowOf(table, 'not drained in time')).toMatch(/^\| not drained in time \| 5 \| 0 \|/)
  expect(rowOf(table, 'lost')).toMatch(/^\| lost \| not known \| 0 \|/)
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
  expect(rowOf(table, 'end to end/s, sustained')).toBe('| end to end/s, sustained | 950 | – |')
  expect(rowOf(table, 'lost')).toBe('| lost | 0 | – |')
})

test('how long was posted is shown when a backlog ended it', () => {
  const early = plantRun({ system: 'monolith', endedEarly: true, seconds: 2.4 })
  expect(renderTable(plantResults([plantRun({})]))).not.toContain('posting, s')
  expect(rowOf(renderTable(plantResults([plantRun({}), early])), 'posting, s')).toContain('| 15 | 2.40 |')
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
