import { collectDefaultMetrics, type Metric, Registry } from 'prom-client'
import type { MetricKind, MetricSpec } from './catalogue.ts'

/** One labelled counter, bound once; adding to it costs an addition. */
export type Counter = { add(count: number): void }

export type Gauge = { set(value: number): void }

export type Histogram = {
  /** @param value in the metric's unit; `count` observations of it. */
  observe(value: number, count?: number): void
}

type Labels<Label extends string> = Readonly<Record<Label, string>>

/**
 * The metrics of one process. Asking twice for the same spec and labels gives the same cell: bind once,
 * outside the hot path. prom-client hashes the labels at every increment; here only a scrape pays for labels.
 */
export type Metrics = {
  counter<Label extends string>(spec: MetricSpec<'counter', Label>, labels: Labels<Label>): Counter
  gauge<Label extends string>(spec: MetricSpec<'gauge', Label>, labels: Labels<Label>): Gauge
  histogram<Label extends string>(spec: MetricSpec<'histogram', Label>, labels: Labels<Label>): Histogram
  /** Runs before each scrape, to set gauges that nobody keeps up to date. */
  onScrape(refresh: () => void): void
  /** Prometheus text format. */
  text(): Promise<string>
  /** The same as objects: `[{name, type, values: [{value, labels, metricName?}]}]`. */
  json(): Promise<unknown>
  readonly contentType: string
}

/** Node wakes up as often as this to look: at its 10 ms it is half of what a process without work costs. */
const EVENT_LOOP_PRECISION_MS = 100

/** @param service the value of the label `service` on everything. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS })

  const families = new Map<string, Family>()
  const refreshers: (() => void)[] = []
  const refresh = () => {
    for (const run of refreshers) run()
  }

  function cell<Kind extends MetricKind>(
    spec: MetricSpec<Kind>,
    labels: Readonly<Record<string, string>>,
    make: () => Cell,
  ): Cell {
    let family = families.get(spec.name)
    if (!family) {
      family = { spec, cells: new Map() }
      families.set(spec.name, family)
      registry.registerMetric(toPromMetric(family))
    }
    const key = spec.labels.map((label) => labels[label]).join('\n')
    let found = family.cells.get(key)
    if (!found) {
      found = make()
      found.labels = labels
      family.cells.set(key, found)
    }
    return found
  }

  return {
    counter: (spec, labels) => cell(spec, labels, () => new Scalar()) as Scalar,
    gauge: (spec, labels) => cell(spec, labels, () => new Scalar()) as Scalar,
    histogram: (spec, labels) =>
      cell(spec, labels, () => new Distribution(spec.buckets ?? [])) as Distribution,
    onScrape: (run) => void refreshers.push(run),
    text: () => {
      refresh()
      return registry.metrics()
    },
    json: () => {
      refresh()
      return registry.getMetricsAsJSON()
    },
    contentType: registry.contentType,
  }
}

type Family = { readonly spec: MetricSpec; readonly cells: Map<string, Cell> }
type Cell = Scalar | Distribution
type Value = { value: number; labels: Record<string, string | number>; metricName?: string }

class Scalar {
  labels: Readonly<Record<string, string>> = {}
  value = 0

  add(count: number): void {
    this.value += count
  }

  set(value: number): void {
    this.value = value
  }

  values(): Value[] {
    return [{ value: this.value, labels: { ...this.labels } }]
  }
}

class Distribution {
  labels: Readonly<Record<string, string>> = {}
  readonly #bounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number, count = 1): void {
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.#counts[bucket]! += count
    this.#sum += value * count
  }

  /** Cumulative buckets, as the exposition format wants them. */
  values(name: string): Value[] {
    let total = 0
    const values: Value[] = this.#bounds.map((le, bucket) => {
      total += this.#counts[bucket]!
      return { value: total, labels: { ...this.labels, le }, metricName: `${name}_bucket` }
    })
    total += this.#counts[this.#bounds.length]!
    values.push(
      { value: total, labels: { ...this.labels, le: '+Inf' }, metricName: `${name}_bucket` },
      { value: this.#sum, labels: { ...this.labels }, metricName: `${name}_sum` },
      { value: total, labels: { ...this.labels }, metricName: `${name}_count` },
    )
    return values
  }
}

/** What prom-client's registry asks of a metric; its own classes would count again what the cells have. */
function toPromMetric({ spec, cells }: Family): Metric {
  const { name, help, kind } = spec
  return {
    name,
    get: async () => ({
      name,
      help,
      type: kind,
      aggregator: 'sum',
      values: [...cells.values()].flatMap((cell) => cell.values(name)),
    }),
    reset: () => cells.clear(),
  } as unknown as Metric
}
