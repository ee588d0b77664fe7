import { expect, test } from 'vitest'
import { HANDLED_EVENTS, LAG_RECORDS, metricCatalogue, PUBLISH_DURATION } from './catalogue.ts'
import { createMetrics } from './metrics.ts'

const handled = { type: 'order-placed', lane: 'high', outcome: 'handled' }

test('a counter counts, whoever asked for the cell', async () => {
  const metrics = createMetrics('order-placed')
  metrics.counter(HANDLED_EVENTS, handled).add(2)
  metrics.counter(HANDLED_EVENTS, { ...handled }).add(1)
  expect(await metrics.text()).toContain(
    'sluice_handled_events_total{type="order-placed",lane="high",outcome="handled",service="order-placed"} 3',
  )
})

test('a histogram has cumulative buckets, a sum and a count', async () => {
  const metrics = createMetrics('gateway')
  const duration = metrics.histogram(PUBLISH_DURATION, { lane: 'high' })
  duration.observe(0.003)
  duration.observe(0.003, 2)
  duration.observe(1000)
  const text = await metrics.text()
  expect(text).toContain(
    'sluice_publish_duration_seconds_bucket{lane="high",le="0.0025",service="gateway"} 0',
  )
  expect(text).toContain('sluice_publish_duration_seconds_bucket{lane="high",le="0.005",service="gateway"} 3')
  expect(text).toContain('sluice_publish_duration_seconds_bucket{lane="high",le="+Inf",service="gateway"} 4')
  expect(text).toContain('sluice_publish_duration_seconds_count{lane="high",service="gateway"} 4')
  expect(text).toMatch(/sluice_publish_duration_seconds_sum\{lane="high",service="gateway"\} 1000\.009/)
})

test('gauges are refreshed before a scrape, in text and in JSON', async () => {
  const metrics = createMetrics('order-placed')
  const lag = metrics.gauge(LAG_RECORDS, { type: 'order-placed', lane: 'low' })
  metrics.onScrape(() => lag.set(7))
  const json = (await metrics.json()) as { name: string; values: { value: number }[] }[]
  expect(json.find((metric) => metric.name === LAG_RECORDS.name)?.values[0]?.value).toBe(7)
})

test('the event-loop delay is exported by every process', async () => {
  expect(await createMetrics('gateway').text()).toContain('nodejs_eventloop_lag_p99_seconds')
})

test('names follow the convention and are unique', () => {
  const names = metricCatalogue.map((metric) => metric.name)
  expect(new Set(names).size).toBe(names.length)
  for (const { name, kind, labels, buckets } of metricCatalogue) {
    expect(name).toMatch(/^sluice_[a-z_]+$/)
    expect(name.endsWith('_total')).toBe(kind === 'counter')
    expect(buckets !== undefined).toBe(kind === 'histogram')
    expect(labels).not.toContain('id')
  }
})
