import type { Lane } from '@sluice/events'
import { hasFailed, type RunResult } from './result.ts'
import { type Spread, spreadOf } from './spread.ts'

/** Something that a run says about its system; `undefined` when it has nothing to say. */
export type Figure = { readonly name: string; readonly of: (run: RunResult) => number | undefined }

/** The bench's own, whose work is not the system's. */
export const OWN_PROCESSES: ReadonlySet<string> = new Set(['generator', 'observer'])

export const acceptedRate: Figure = { name: 'accepted/s', of: (run) => run.acceptedPerSecond }

export const promptRate: Figure = {
  name: 'end to end/s while posting',
  of: (run) => run.endToEndPerSecond,
}

export const sustainedRate: Figure = { name: 'end to end/s, sustained', of: (run) => run.drainedPerSecond }

export const answerTimes: readonly Figure[] = [
  { name: 'answer p50, ms', of: (run) => run.answered[0]?.answered?.p50 },
  { name: 'answer p99, ms', of: (run) => run.answered[0]?.answered?.p99 },
]

export const totalCpu: Figure = {
  name: 'CPU µs/event, with Kafka',
  of: ({ processes }) =>
    processes
      .filter(({ name }) => !OWN_PROCESSES.has(name))
      .reduce((sum, { cpuMicrosPerEvent }) => sum + cpuMicrosPerEvent, 0),
}

/** From when an event was due until its last output was read. */
export function endToEndTimes(lane: Lane): readonly Figure[] {
  return [
    { name: `${lane} p50, ms`, of: (run) => run.endToEnd[lane]?.p50 },
    { name: `${lane} p99, ms`, of: (run) => run.endToEnd[lane]?.p99 },
  ]
}

/** Of the runs of one system, those that count; all of them when none does, so that the figures show how. */
export function countingRuns(runs: readonly RunResult[]): readonly RunResult[] {
  const good = runs.filter((run) => !hasFailed(run))
  return good.length > 0 ? good : runs
}

export function bySystem(runs: readonly RunResult[]): [string, readonly RunResult[]][] {
  return [...Map.groupBy(runs, ({ system }) => system)]
}

export function spreadOfFigure({ of }: Figure, runs: readonly RunResult[]): Spread | undefined {
  return spreadOf(
    countingRuns(runs)
      .map(of)
      .filter((value) => value !== undefined),
  )
}

/**
 * One system's figure divided by another's: of runs with the same number, which stood next to each other, so that
 * what the machine did meanwhile is in both. Failed runs do not count.
 */
export function ratioOf(
  { of }: Figure,
  runs: readonly RunResult[],
  others: readonly RunResult[],
): Spread | undefined {
  const ratios = runs.flatMap((run) => {
    const other = others.find((one) => one.run === run.run)
    if (!other || hasFailed(run) || hasFailed(other)) return []
    return [(of(run) ?? Number.NaN) / (of(other) ?? Number.NaN)]
  })
  return spreadOf(ratios.filter(Number.isFinite))
}

/** The median, and in brackets the lowest and the highest where they differ from it. */
export function formatSpread(spread: Spread | undefined): string {
  if (spread === undefined) return '–'
  const [median, min, max] = [spread.median, spread.min, spread.max].map(formatNumber)
  return min === max ? median! : `${median} (${min}–${max})`
}

/** Three digits are more than a noisy machine gives. */
export function formatNumber(value: number): string {
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en')
  if (value >= 10) return value.toFixed(1)
  return value >= 1 ? value.toFixed(2) : String(Number(value.toPrecision(2)))
}

/** A table with its first columns, which are words, to the left, and all others, which are figures, to the right. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  words = 1,
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(head),
    `|${head.map((_, column) => (column < words ? '---' : '---:')).join('|')}|`,
    ...rows.map(line),
  ].join('\n')
}
