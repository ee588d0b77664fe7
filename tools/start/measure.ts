import type { Lane } from '@sluice/events'
import { DEAD_LETTERS, EVENT_AGE, HANDLED_EVENTS, INGEST_EVENTS, LAG_RECORDS } from '@sluice/telemetry'

/** A process's metrics as its admin server gives them for `Accept: application/json`. */
export type MetricsJson = readonly {
  readonly name: string
  readonly values: readonly {
    readonly value: number
    readonly labels: Readonly<Record<string, string | number>>
    readonly metricName?: string
  }[]
}[]

/** The metrics of all processes at one moment, by process. */
export type Sample = {
  readonly atMs: number
  readonly metrics: ReadonlyMap<string, MetricsJson>
  /** Processes that did not answer; what is known of them is from before. */
  readonly silent: ReadonlySet<string>
}

/** An event type and the processes that handle it. */
export type TypeSource = { readonly type: string; readonly services: readonly string[] }

/**
 * What happened to one event type, across all processes. A rate, a lag or a latency is absent while a process
 * that it comes from does not answer; totals are then those last known.
 */
export type TypeSummary = {
  readonly type: string
  /** Accepted by the gateway, each second of the interval. */
  readonly inPerSecond: Readonly<Record<Lane, number>> | undefined
  /** Handled by its services, each second of the interval. */
  readonly handledPerSecond: number | undefined
  /** Records that its services have not finished. */
  readonly lag: Readonly<Record<Lane, number>> | undefined
  /** End-to-end latency in the interval, estimated from the buckets; absent also when nothing was handled. */
  readonly p50Seconds: number | undefined
  readonly p99Seconds: number | undefined
  /** Since the processes started. */
  readonly filtered: number
  readonly rejected: number
  readonly deadLetters: number
}

/**
 * Compares two samples. A process that restarted in between counts from zero. Types are in the order of
 * `types`; others that producers made up are summed up as `(unknown type)`.
 */
export function summarise(before: Sample, after: Sample, types: readonly TypeSource[]): TypeSummary[] {
  const seconds = Math.max((after.atMs - before.atMs) / 1000, 0.001)
  const summaries = types.map((source) => summariseType(before, after, seconds, source))
  const unknown = summariseType(before, after, seconds, { type: UNKNOWN, services: [] })
  return unknown.rejected > 0 ? [...summaries, { ...unknown, type: '(unknown type)' }] : summaries
}

/** The value that a share `q` of the observations does not exceed, in between bounds by straight line. */
export function quantile(buckets: readonly Bucket[], q: number): number | undefined {
  const total = buckets.at(-1)?.count ?? 0
  if (total <= 0) return undefined
  const rank = q * total
  let lower: Bucket = { le: 0, count: 0 }
  for (const bucket of buckets) {
    if (bucket.count >= rank) {
      // Past the last bound nothing is known; the bound itself is the honest answer.
      if (bucket.le === Number.POSITIVE_INFINITY) return lower.le
      const share = (rank - lower.count) / (bucket.count - lower.count)
      return lower.le + share * (bucket.le - lower.le)
    }
    lower = bucket
  }
  return lower.le
}

/** A histogram's bucket: observations of at most `le`. */
export type Bucket = { readonly le: number; readonly count: number }

/** The label `type` of events whose type no definition knows. */
const UNKNOWN = ''

/** The process that counts what comes in. */
const GATEWAY = 'gateway'

type Labels = Readonly<Record<string, string>>

function summariseType(before: Sample, after: Sample, seconds: number, source: TypeSource): TypeSummary {
  const { type, services } = source
  const gatewayAnswers = !after.silent.has(GATEWAY)
  const servicesAnswer = !services.some((service) => after.silent.has(service))
  const perSecond = (name: string, labels: Labels) => grown(before, after, name, labels) / seconds
  const now = (name: string, labels: Labels) => total(after, name, { type, ...labels })
  const ages = servicesAnswer ? growth(before, after, { type }) : []
  return {
    type,
    inPerSecond: gatewayAnswers
      ? perLane((lane) => perSecond(INGEST_EVENTS.name, { type, lane, outcome: 'accepted' }))
      : undefined,
    handledPerSecond: servicesAnswer
      ? perSecond(HANDLED_EVENTS.name, { type, outcome: 'handled' })
      : undefined,
    lag: servicesAnswer ? perLane((lane) => now(LAG_RECORDS.name, { lane })) : undefined,
    p50Seconds: quantile(ages, 0.5),
    p99Seconds: quantile(ages, 0.99),
    filtered: now(INGEST_EVENTS.name, { outcome: 'filtered' }),
    rejected: now(INGEST_EVENTS.name, { outcome: 'rejected' }),
    deadLetters: now(DEAD_LETTERS.name, {}),
  }
}

function perLane(measure: (lane: Lane) => number): Record<Lane, number> {
  return { high: measure('high'), normal: measure('normal'), low: measure('low') }
}

/** The sum of a metric's values over all processes, of those that carry the labels. */
function total(sample: Sample, name: string, labels: Labels): number {
  return [...sample.metrics.values()].reduce((sum, metrics) => sum + sumOf(metrics, name, labels), 0)
}

/** How much a counter grew, process by process; one that shrank has started again from zero. */
function grown(before: Sample, after: Sample, name: string, labels: Labels): number {
  return [...after.metrics].reduce((sum, [process, metrics]) => {
    const now = sumOf(metrics, name, labels)
    const earlier = sumOf(before.metrics.get(process) ?? [], name, labels)
    return sum + (now >= earlier ? now - earlier : now)
  }, 0)
}

function growth(before: Sample, after: Sample, labels: Labels): Bucket[] {
  const counts = new Map<number, number>()
  for (const [process, metrics] of after.metrics) {
    const now = bucketsOf(metrics, labels)
    const earlier = bucketsOf(before.metrics.get(process) ?? [], labels)
    const restarted = [...now].some(([le, count]) => count < (earlier.get(le) ?? 0))
    for (const [le, count] of now) {
      counts.set(le, (counts.get(le) ?? 0) + count - (restarted ? 0 : (earlier.get(le) ?? 0)))
    }
  }
  return [...counts].map(([le, count]) => ({ le, count })).sort((a, b) => a.le - b.le)
}

function bucketsOf(metrics: MetricsJson, labels: Labels): Map<number, number> {
  const { name } = EVENT_AGE
  const counts = new Map<number, number>()
  for (const entry of valuesOf(metrics, name, labels)) {
    if (entry.metricName !== `${name}_bucket`) continue
    const le = entry.labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(entry.labels['le'])
    counts.set(le, (counts.get(le) ?? 0) + entry.value)
  }
  return counts
}

function sumOf(metrics: MetricsJson, name: string, labels: Labels): number {
  return valuesOf(metrics, name, labels).reduce((sum, entry) => sum + entry.value, 0)
}

function valuesOf(metrics: MetricsJson, name: string, labels: Labels): MetricsJson[number]['values'] {
  const values = metrics.find((metric) => metric.name === name)?.values ?? []
  return values.filter((entry) => Object.entries(labels).every(([key, value]) => entry.labels[key] === value))
}
