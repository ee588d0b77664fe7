import { readFileSync } from 'node:fs'
import type { Lane } from '@sluice/events'
import type { LatencySummary } from '../measure/latency.ts'
import { scenarios } from '../scenarios.ts'
import { type BenchResults, hasFailed, type RunResult } from './result.ts'
import { spreadOf } from './spread.ts'

/**
 * The results as Markdown: for each scenario a table with a row per system, then what the processes used. A
 * figure is the median of the runs, with the lowest and highest in brackets where there are several. Failed runs
 * are left out of the figures and named below.
 */
export function renderTable(results: BenchResults): string {
  const { machine, producerLimits } = results
  const parts = [
    `Node ${machine.node}, Kafka ${machine.kafka} (heap ${machine.brokerHeapMb} MB), ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, ${machine.os}; all processes on this machine. Commit ${results.commit}${results.dirty ? ' with changes' : ''}, ${results.date.slice(0, 10)}: \`${results.command}\``,
  ]
  for (const { name, title } of Object.values(scenarios)) {
    const runs = results.runs.filter(({ scenario }) => scenario === name)
    if (runs.length > 0) parts.push(`### ${name}: ${title}`, renderScenario(runs), renderProcesses(runs))
  }
  if (producerLimits.length > 0) {
    const rates = figure(producerLimits.map(({ recordsPerSecond }) => recordsPerSecond))
    parts.push(`Kafka's own producer performance tool: ${rates} records a second.`)
  }
  const failed = results.runs.filter(hasFailed)
  if (failed.length > 0) {
    parts.push(
      failed.map((run) => `- FAILED: ${run.scenario} ${run.system} run ${run.run}: ${run.failed}`).join('\n'),
    )
  }
  return `${parts.join('\n\n')}\n`
}

/** Of the runs of one system, those that count; all of them when none does, so that the row shows how. */
export function countingRuns(runs: readonly RunResult[]): readonly RunResult[] {
  const good = runs.filter((run) => !hasFailed(run))
  return good.length > 0 ? good : runs
}

function renderScenario(runs: readonly RunResult[]): string {
  const lanes: (Lane | 'all')[] = ['high', 'normal', 'low']
  const shown = lanes.filter((lane) => runs.some((run) => run.endToEnd[lane]))
  const head = [
    'system',
    'accepted/s',
    'end to end/s',
    'drained/s',
    'answered p50 / p99 ms',
    ...shown.map((lane) => `${lane} p50 / p99 ms`),
    'not stored',
    'unknown',
    'lost',
    'doubled',
  ]
  const rows = bySystem(runs).map(([system, all]) => {
    const counting = countingRuns(all)
    return [
      all.some(hasFailed) ? `${system} (${all.filter(hasFailed).length} of ${all.length} FAILED)` : system,
      figure(counting.map((run) => run.acceptedPerSecond)),
      figure(present(counting.map((run) => run.endToEndPerSecond))),
      figure(present(counting.map((run) => run.drainedPerSecond))),
      latency(present(counting.map((run) => run.answered[0]?.answered))),
      ...shown.map((lane) => latency(present(counting.map((run) => run.endToEnd[lane])))),
      ...(['notStored', 'unknown', 'lost', 'doubled'] as const).map((name) =>
        format(all.reduce((sum, run) => sum + run[name], 0)),
      ),
    ]
  })
  return markdown(head, rows)
}

function renderProcesses(runs: readonly RunResult[]): string {
  const rows = bySystem(runs).flatMap(([system, all]) => {
    const processes = countingRuns(all).flatMap((run) => run.processes)
    return [...Map.groupBy(processes, ({ name }) => name)].map(([name, uses]) => [
      system,
      uses[0]!.count > 1 ? `${name} × ${uses[0]!.count}` : name,
      figure(uses.map(({ cpuMicrosPerEvent }) => cpuMicrosPerEvent)),
      format(Math.max(...uses.map(({ peakMemoryMb }) => peakMemoryMb))),
    ])
  })
  return markdown(['system', 'process', 'CPU µs/event', 'peak memory MB'], rows)
}

export function bySystem(runs: readonly RunResult[]): [string, readonly RunResult[]][] {
  return [...Map.groupBy(runs, ({ system }) => system)]
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(head),
    `|${head.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`,
    ...rows.map(line),
  ].join('\n')
}

function latency(summaries: readonly LatencySummary[]): string {
  if (summaries.length === 0) return '–'
  return `${figure(summaries.map(({ p50 }) => p50))} / ${figure(summaries.map(({ p99 }) => p99))}`
}

function figure(values: readonly number[]): string {
  const spread = spreadOf(values)
  if (spread === undefined) return '–'
  if (values.length === 1) return format(spread.median)
  return `${format(spread.median)} (${format(spread.min)}–${format(spread.max)})`
}

function present<Value>(values: readonly (Value | undefined)[]): Value[] {
  return values.filter((value) => value !== undefined)
}

/** Three digits are more than a noisy machine gives. */
function format(value: number): string {
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en')
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

if (import.meta.main) {
  const [file = ''] = process.argv.slice(2)
  process.stdout.write(renderTable(JSON.parse(readFileSync(file, 'utf8')) as BenchResults))
}
