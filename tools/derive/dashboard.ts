import { LANES } from '@sluice/events'
import {
  BREAKER_OPEN,
  DEAD_LETTERS,
  EVENT_AGE,
  HANDLED_EVENTS,
  HANDLER_DURATION,
  INGEST_EVENTS,
  LAG_RECORDS,
  LAG_SECONDS,
  LOST_BY_RETENTION,
  type MetricSpec,
  PUBLISH_BUFFER_BYTES,
  PUBLISH_DURATION,
  RETRIES,
  STUCK_RECORDS,
} from '@sluice/telemetry'

/** One line, or one number, of a panel. */
export type Query = { readonly expr: string; readonly legend: string }

type Panel = {
  readonly title: string
  /** What the reader cannot see in the title. */
  readonly description?: string
  /** One of Grafana's units. */
  readonly unit: 'short' | 's' | 'eps' | 'bytes' | 'percentunit'
  readonly kind: 'timeseries' | 'stat'
  /** Of 24 columns. */
  readonly width: number
  readonly queries: readonly Query[]
}

type Row = { readonly title: string; readonly panels: readonly Panel[] }

/** What the two variables at the top leave. */
const BY_TYPE = 'type=~"$type"'
const CHOSEN = 'type=~"$type",lane=~"$lane"'

const ROWS: readonly Row[] = [
  {
    title: 'Now',
    panels: [
      stat('Accepted', 'eps', total(rate(INGEST_EVENTS, 'outcome="accepted"'))),
      stat('Handled', 'eps', total(rate(HANDLED_EVENTS))),
      stat('Lag', 'short', total(LAG_RECORDS.name)),
      stat('Dead letters', 'short', total(DEAD_LETTERS.name)),
    ],
  },
  {
    title: 'Throughput',
    panels: [
      lines('Accepted, by type and lane', 'eps', [
        by(['type', 'lane'], rate(INGEST_EVENTS, `outcome="accepted",${CHOSEN}`)),
      ]),
      lines('Handled, by type and lane', 'eps', [by(['type', 'lane'], rate(HANDLED_EVENTS, CHOSEN))]),
      lines('Answers, by outcome and code', 'eps', [by(['outcome', 'code'], rate(INGEST_EVENTS))]),
    ],
  },
  {
    title: 'Latency',
    panels: [
      lines(
        'From the gateway to the end of handling, by type and lane',
        's',
        [
          quantile(0.5, ['type', 'lane'], EVENT_AGE, CHOSEN),
          quantile(0.99, ['type', 'lane'], EVENT_AGE, CHOSEN),
        ],
        'Outputs stored. Bounded by the buckets of docs/metrics.md.',
      ),
      lines('Handler, by type', 's', [
        quantile(0.5, ['type'], HANDLER_DURATION, BY_TYPE),
        quantile(0.99, ['type'], HANDLER_DURATION, BY_TYPE),
      ]),
      lines("Kafka's acknowledgement, by service and lane", 's', [
        quantile(0.99, ['service', 'lane'], PUBLISH_DURATION),
      ]),
    ],
  },
  {
    title: 'Lag',
    panels: [
      lines('Events to do, by type and lane', 'short', [by(['type', 'lane'], select(LAG_RECORDS, CHOSEN))]),
      lines(
        'Age of the oldest, by type and lane',
        's',
        [by(['type', 'lane'], select(LAG_SECONDS, CHOSEN), 'max')],
        'Of those that were fetched.',
      ),
      lines('Waits for Kafka, by service and lane', 'bytes', [
        by(['service', 'lane'], select(PUBLISH_BUFFER_BYTES)),
      ]),
    ],
  },
  {
    title: 'Trouble',
    panels: [
      lines(
        'Dead letters, by type and reason',
        'short',
        [by(['type', 'reason'], select(DEAD_LETTERS, BY_TYPE))],
        'Since the start of each process.',
      ),
      lines('Retries, by type and lane', 'eps', [by(['type', 'lane'], rate(RETRIES, CHOSEN))]),
      lines(
        'Stands still',
        'short',
        [
          { ...by(['service'], select(BREAKER_OPEN), 'max'), legend: '{{service}}: breaker open' },
          { ...by(['service'], select(STUCK_RECORDS)), legend: '{{service}}: dead letters refused' },
          { ...by(['topic'], select(LOST_BY_RETENTION)), legend: '{{topic}}: lost by retention' },
        ],
        '0 and no line are good.',
      ),
    ],
  },
  {
    title: 'Processes',
    panels: [
      lines('Replicas', 'short', [by(['service'], 'up{job="sluice"}')]),
      lines('CPU, of one core', 'percentunit', [
        by(['service'], 'rate(process_cpu_seconds_total{job="sluice"}[$__rate_interval])'),
      ]),
      lines('Memory, the largest replica', 'bytes', [
        by(['service'], 'process_resident_memory_bytes{job="sluice"}', 'max'),
      ]),
    ],
  },
]

/** Every query of the dashboard, with the variables in it. */
export const dashboardQueries: readonly Query[] = ROWS.flatMap(({ panels }) =>
  panels.flatMap(({ queries }) => queries),
)

/**
 * The dashboard "Sluice" as Grafana provisions it. Types come from what Prometheus has, so that a new one needs
 * nothing here.
 */
export function dashboard(): string {
  let y = 0
  let id = 0
  const panels = ROWS.flatMap((row) => {
    const header = {
      type: 'row',
      id: ++id,
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: 24, h: 1 },
    }
    y++
    const height = row.panels[0]!.kind === 'stat' ? 4 : 8
    let x = 0
    const placed = row.panels.map((panel) => {
      const laid = layOut(panel, ++id, { x, y, w: panel.width, h: height })
      x += panel.width
      return laid
    })
    y += height
    return [header, ...placed]
  })
  const document = {
    uid: 'sluice',
    title: 'Sluice',
    description: 'Derived: change tools/derive/dashboard.ts, then npm run derive.',
    tags: ['sluice'],
    schemaVersion: 41,
    editable: false,
    refresh: '10s',
    time: { from: 'now-30m', to: 'now' },
    templating: { list: [typeVariable(), laneVariable()] },
    panels,
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

function stat(title: string, unit: Panel['unit'], query: Query): Panel {
  return { title, unit, kind: 'stat', width: 6, queries: [query] }
}

function lines(title: string, unit: Panel['unit'], queries: readonly Query[], description?: string): Panel {
  return { title, unit, kind: 'timeseries', width: 8, queries, ...(description && { description }) }
}

/** 0 where nothing was counted yet: a series is there once its process has something to say. */
function total(vector: string): Query {
  return { expr: `sum(${vector}) or vector(0)`, legend: '' }
}

function by(labels: readonly string[], vector: string, fold: 'sum' | 'max' = 'sum'): Query {
  return { expr: `${fold} by (${labels.join(', ')}) (${vector})`, legend: legendOf(labels) }
}

function quantile(
  part: number,
  labels: readonly string[],
  { name }: MetricSpec<'histogram'>,
  only = '',
): Query {
  const buckets = `sum by (le, ${labels.join(', ')}) (rate(${name}_bucket{${only}}[$__rate_interval]))`
  return { expr: `histogram_quantile(${part}, ${buckets})`, legend: `p${part * 100} ${legendOf(labels)}` }
}

function rate({ name }: MetricSpec<'counter'>, only = ''): string {
  return `rate(${name}{${only}}[$__rate_interval])`
}

function select({ name }: MetricSpec, only = ''): string {
  return `${name}{${only}}`
}

function legendOf(labels: readonly string[]): string {
  return labels.map((label) => `{{${label}}}`).join(' ')
}

const SOURCE = { type: 'prometheus', uid: 'prometheus' }

function layOut({ title, description, unit, kind, queries }: Panel, id: number, gridPos: object) {
  return {
    type: kind,
    id,
    title,
    ...(description && { description }),
    gridPos,
    datasource: SOURCE,
    fieldConfig: {
      defaults: { unit, min: 0, custom: kind === 'stat' ? {} : { fillOpacity: 10 } },
      overrides: [],
    },
    options:
      kind === 'stat'
        ? { reduceOptions: { calcs: ['lastNotNull'] }, graphMode: 'area' }
        : {
            legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
            tooltip: { mode: 'multi', sort: 'desc' },
          },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
    })),
  }
}

function typeVariable() {
  const query = `label_values(${HANDLED_EVENTS.name}, type)`
  return {
    name: 'type',
    label: 'Type',
    type: 'query',
    datasource: SOURCE,
    query: { query, refId: 'types' },
    refresh: 2,
    sort: 1,
    ...MANY,
  }
}

function laneVariable() {
  return {
    name: 'lane',
    label: 'Lane',
    type: 'custom',
    query: LANES.join(','),
    options: LANES.map((lane) => ({ text: lane, value: lane, selected: false })),
    ...MANY,
  }
}

const MANY = {
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { text: ['All'], value: ['$__all'] },
}
