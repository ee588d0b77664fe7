import { createMetrics, metricCatalogue } from '@sluice/telemetry'
import { expect, test } from 'vitest'
import { metricsPage } from './metrics-page.ts'

const page = metricsPage(metricCatalogue)

test('every metric of the catalogue has exactly one row', () => {
  for (const { name, kind } of metricCatalogue) {
    expect(page.split(`\n| \`${name}\` | ${kind} |`)).toHaveLength(2)
  }
})

test('every histogram has its buckets', () => {
  const section = page.split('### Buckets')[1]!
  for (const { name, buckets } of metricCatalogue) {
    const line = section.split('\n').find((candidate) => candidate.includes(`\`${name}\``))
    expect(line?.endsWith(`: ${buckets?.join(', ')}`)).toBe(buckets && true)
  }
})

test('a bar in a help text does not break the table', () => {
  expect(metricsPage([{ name: 'x', kind: 'gauge', help: 'a|b', labels: [] }])).toContain('| a\\|b |')
})

test("what the preamble says of Node's metrics is exported", async () => {
  const exported = await createMetrics('gateway').text()
  const named = [...page.matchAll(/`((?:nodejs|process)_[a-z0-9_]+)`/g)].map(([, name]) => name!)
  expect(named.length).toBeGreaterThan(5)
  for (const name of named) expect(exported).toContain(`\n# TYPE ${name} `)
  for (const part of ['min', 'max', 'stddev', 'p50', 'p90', 'p99']) {
    expect(page).toContain(`_${part}_`)
    expect(exported).toContain(`# TYPE nodejs_eventloop_lag_${part}_seconds `)
  }
})
