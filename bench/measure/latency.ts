import { createHistogram } from 'node:perf_hooks'

/** A distribution of latencies, in milliseconds with three significant digits. */
export type LatencySummary = {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** Collects latencies in a high dynamic range histogram: every value counts, none is sampled. */
export type Latency = {
  record(micros: number): void
  /** Adds everything that another one collected. */
  add(other: Latency): void
  summary(): LatencySummary | undefined
  /** @internal what `add` reads. */
  readonly histogram: ReturnType<typeof createHistogram>
}

const LONGEST_MICROS = 3_600_000_000

/** Node's own histogram is HdrHistogram; nothing better kept is to be had from the registry. */
export function createLatency(): Latency {
  const histogram = createHistogram({ lowest: 1, highest: LONGEST_MICROS, figures: 3 })
  const at = (percentile: number) => histogram.percentile(percentile) / 1000
  return {
    histogram,
    record: (micros) => histogram.record(Math.min(Math.max(1, Math.round(micros)), LONGEST_MICROS)),
    add: (other) => histogram.add(other.histogram),
    summary() {
      if (histogram.count === 0) return undefined
      return {
        count: histogram.count,
        p50: at(50),
        p90: at(90),
        p99: at(99),
        p999: at(99.9),
        max: histogram.max / 1000,
      }
    },
  }
}
