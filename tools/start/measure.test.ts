import { expect, it } from 'vitest'
import { type MetricsJson, quantile, type Sample, summarise } from './measure.ts'

type Value = [name: string, labels: Record<string, string>, value: number]

/** Metrics as an admin server gives them; histogram buckets are written as `le` labels. */
function metrics(...values: Value[]): MetricsJson {
  return [...new Set(values.map(([name]) => name))].map((family) => ({
    name: family,
    values: values
      .filter(([name]) => name === family)
      .map(([name, labels, value]) => ({
        value,
        labels,
        ...('le' in labels ? { metricName: `${name}_bucket` } : {}),
      })),
  }))
}

function sample(atMs: number, processes: Record<string, MetricsJson>, silent: string[] = []): Sample {
  return { atMs, metrics: new Map(Object.entries(processes)), silent: new Set(silent) }
}

const accepted = (type: string, lane: string, value: number): Value => [
  'sluice_ingest_events_total',
  { type, lane, outcome: 'accepted' },
  value,
]

const source = (type: string, ...services: string[]) => ({ type, services })

it('turns counters into rates per lane, over the time between the samples', () => {
  const before = sample(1000, { gateway: metrics(accepted('a', 'high', 10), accepted('b', 'low', 0)) })
  const after = sample(3000, { gateway: metrics(accepted('a', 'high', 16), accepted('b', 'low', 5)) })
  const [a, b] = summarise(before, after, [source('a'), source('b')])
  expect(a!.inPerSecond).toEqual({ high: 3, normal: 0, low: 0 })
  expect(b!.inPerSecond).toEqual({ high: 0, normal: 0, low: 2.5 })
})

it('counts a process that restarted from zero', () => {
  const before = sample(0, { gateway: metrics(accepted('a', 'high', 100)) })
  const after = sample(1000, { gateway: metrics(accepted('a', 'high', 4)) })
  expect(summarise(before, after, [source('a')])[0]!.inPerSecond?.high).toBe(4)
})

it('adds up the processes that handle a type', () => {
  const handled = (value: number): MetricsJson =>
    metrics(
      ['sluice_handled_events_total', { type: 'a', lane: 'high', outcome: 'handled' }, value],
      ['sluice_consumer_lag_records', { type: 'a', lane: 'low' }, 2],
      ['sluice_dead_letters_total', { type: 'a', reason: 'schema' }, 1],
    )
  const before = sample(0, { one: handled(1), two: handled(1) })
  const after = sample(1000, { one: handled(3), two: handled(4) })
  expect(summarise(before, after, [source('a')])[0]).toMatchObject({
    handledPerSecond: 5,
    lag: { high: 0, normal: 0, low: 4 },
    deadLetters: 2,
  })
})

it('takes the latency of what was handled between the samples', () => {
  const ages = (fast: number, slow: number): MetricsJson =>
    metrics(
      ['sluice_event_age_seconds', { type: 'a', lane: 'high', le: '0.01' }, fast],
      ['sluice_event_age_seconds', { type: 'a', lane: 'high', le: '1' }, fast + slow],
      ['sluice_event_age_seconds', { type: 'a', lane: 'high', le: '+Inf' }, fast + slow],
    )
  const before = sample(0, { a: ages(0, 1000) })
  const [summary] = summarise(before, sample(1000, { a: ages(100, 1000) }), [source('a')])
  expect(summary!.p50Seconds).toBeCloseTo(0.005)
  expect(summary!.p99Seconds).toBeCloseTo(0.0099)
  expect(summarise(before, before, [source('a')])[0]!.p50Seconds).toBeUndefined()
})

it('shows events of no known type only when there were any', () => {
  const quiet = sample(0, {})
  const noisy = sample(1000, {
    gateway: metrics(['sluice_ingest_events_total', { type: '', lane: '', outcome: 'rejected' }, 3]),
  })
  expect(summarise(quiet, quiet, [source('a')]).map(({ type }) => type)).toEqual(['a'])
  expect(summarise(quiet, noisy, [source('a')]).map(({ type, rejected }) => [type, rejected])).toEqual([
    ['a', 0],
    ['(unknown type)', 3],
  ])
})

it('estimates a quantile between the bounds, and stays at the last one beyond', () => {
  const buckets = [
    { le: 1, count: 50 },
    { le: 2, count: 100 },
    { le: Number.POSITIVE_INFINITY, count: 100 },
  ]
  expect(quantile(buckets, 0.5)).toBe(1)
  expect(quantile(buckets, 0.75)).toBe(1.5)
  const beyond = [
    { le: 1, count: 0 },
    { le: Number.POSITIVE_INFINITY, count: 9 },
  ]
  expect(quantile(beyond, 0.5)).toBe(1)
  expect(quantile([], 0.5)).toBeUndefined()
})

it('knows no rate and no lag of a process that does not answer, and keeps its totals', () => {
  const service = metrics(
    ['sluice_consumer_lag_records', { type: 'a', lane: 'low' }, 2],
    ['sluice_event_age_seconds', { type: 'a', lane: 'high', le: '1' }, 5],
    ['sluice_dead_letters_total', { type: 'a', reason: 'schema' }, 1],
  )
  const processes = { gateway: metrics(accepted('a', 'high', 1)), one: service, two: service }
  const types = [source('a', 'one', 'two'), source('b', 'three')]
  const before = sample(0, {})

  const [a, b] = summarise(before, sample(1000, processes, ['two']), types)
  expect(a).toMatchObject({
    handledPerSecond: undefined,
    lag: undefined,
    p50Seconds: undefined,
    deadLetters: 2,
  })
  expect(a!.inPerSecond).toEqual({ high: 1, normal: 0, low: 0 })
  expect(b).toMatchObject({ handledPerSecond: 0, lag: { high: 0, normal: 0, low: 0 } })

  const [quiet] = summarise(before, sample(1000, processes, ['gateway']), types)
  expect(quiet).toMatchObject({ inPerSecond: undefined, handledPerSecond: 0 })
})
