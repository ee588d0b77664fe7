import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LANES, PARTITIONS_PER_TYPE } from '@sluice/events'
import { type MetricSpec, metricCatalogue } from '@sluice/telemetry'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

type Rule = {
  readonly alert: string
  readonly expr: string
  readonly annotations: { readonly summary: string }
}
const { groups } = parse(read('infra/prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)

type Panel = {
  readonly title: string
  readonly type: string
  readonly targets?: readonly { readonly expr: string }[]
}
const dashboard = JSON.parse(read('infra/grafana/dashboards/sluice.json')) as {
  panels: readonly (Panel & { id: number; gridPos: { x: number; y: number; w: number; h: number } })[]
  templating: { list: readonly { name: string; query: string | { query: string } }[] }
}
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

describe('what is asked of Prometheus', () => {
  it('is about metrics that there are, and labels that they have', () => {
    const variables = dashboard.templating.list.flatMap(({ query }) =>
      typeof query === 'string' ? [] : [query.query],
    )
    expect(queries.length).toBeGreaterThan(15)
    expect(rules.length).toBeGreaterThan(8)
    expect([...queries, ...variables, ...rules.map(({ expr }) => expr)].flatMap(findStrangers)).toEqual([])
  })

  it.each([
    ['sum(sluice_no_such_metric_total)', 'sluice_no_such_metric_total'],
    ['rate(sluice_event_age_seconds[1m])', 'sluice_event_age_seconds'],
    ['sluice_retries_total_bucket', 'sluice_retries_total_bucket'],
    ['sum by (colour) (sluice_retries_total)', 'colour'],
    ['sluice_retries_total{colour="red"}', 'colour'],
  ])('is found wrong where it is: %s', (query, stranger) => {
    expect(findStrangers(query)).toContain(stranger)
  })
})

describe('the dashboard', () => {
  it('shows throughput, latency and lag by type and lane, and dead letters', () => {
    const byTypeAndLane = (metric: string) =>
      queries.some((query) => query.includes(metric) && /by \((le, )?type, lane\)/.test(query))
    for (const metric of [
      'ingest_events_total',
      'handled_events_total',
      'event_age_seconds',
      'lag_records',
      'lag_seconds',
    ])
      expect(byTypeAndLane(`sluice_${metric}`) || byTypeAndLane(`sluice_consumer_${metric}`), metric).toBe(
        true,
      )
    expect(queries.some((query) => query.includes('sluice_dead_letters_total'))).toBe(true)
  })

  it('lets every lane be chosen', () => {
    expect(dashboard.templating.list.find(({ name }) => name === 'lane')!.query).toBe(LANES.join(','))
  })

  it('has no two panels in one place, or with one id', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(Math.max(...dashboard.panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24)
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
  })
})

describe('the alerts', () => {
  it('are each tested', () => {
    const tests = read('infra/prometheus/alerts.test.yml')
    for (const { alert } of rules) expect(tests, alert).toContain(alert)
  })

  it('are each in the operators’ page', () => {
    const page = read('docs/operations.md')
    for (const { alert } of rules) expect(page, alert).toContain(`\`${alert}\``)
  })

  it('know how many partitions there are to read', () => {
    const { expr, annotations } = rules.find(({ alert }) => alert === 'SluicePartitionsUnread')!
    expect(expr).toMatch(new RegExp(`< ${PARTITIONS_PER_TYPE}$`))
    expect(annotations.summary).toContain(` of ${PARTITIONS_PER_TYPE} partitions`)
  })

  const hasPromtool = spawnSync('promtool', ['--version']).status === 0
  it.skipIf(!hasPromtool)('fire when they have to, by promtool', () => {
    const promtool = (...args: string[]) => execFileSync('promtool', args, { cwd: ROOT, encoding: 'utf8' })
    expect(promtool('check', 'config', 'infra/prometheus/prometheus.yml')).toContain('SUCCESS')
    promtool('test', 'rules', 'infra/prometheus/alerts.test.yml')
  })
})

/** Metrics of ours that are not in the catalogue, and labels that those of the query do not have. */
function findStrangers(query: string): string[] {
  const names = [...query.matchAll(/\bsluice_\w+/g)].map(([name]) => name)
  const specs = names.flatMap((name) => metricCatalogue.filter((spec) => seriesOf(spec).includes(name)))
  const unknown = names.filter((name) => !specs.some((spec) => seriesOf(spec).includes(name)))
  if (names.length === 0) return unknown
  const known = new Set(['service', 'job', 'instance', 'le', ...specs.flatMap(({ labels }) => labels)])
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(/,\s*/))
  const matched = [...query.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label]) => label!)
  return [...unknown, ...[...grouped, ...matched].filter((label) => !known.has(label))]
}

/** A histogram has three, none of which is its name. */
function seriesOf({ name, kind }: MetricSpec): string[] {
  return kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
}
