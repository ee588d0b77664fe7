import { readFileSync } from 'node:fs'
import { LANES } from '@sluice/events'
import { scenarios } from '../scenarios.ts'
import {
  acceptedRate,
  answerTimes,
  bySystem,
  countingRuns,
  endToEndTimes,
  type Figure,
  formatNumber,
  formatSpread,
  markdownTable,
  OWN_PROCESSES,
  promptRate,
  ratioOf,
  spreadOfFigure,
  sustainedRate,
  totalCpu,
} from './figures.ts'
import { type BenchResults, hasFailed, type RunResult } from './result.ts'
import { spreadOf } from './spread.ts'

/**
 * The results as Markdown: for each scenario a table with a row per figure and a column per system, then what the
 * processes used. A figure is the median of the runs, with the lowest and highest in brackets. Failed runs are left
 * out of the figures and named at the end.
 */
export function renderTable(results: BenchResults): string {
  const parts = [describeOrigin(results)]
  for (const { name, title } of Object.values(scenarios)) {
    const runs = results.runs.filter(({ scenario }) => scenario === name)
    if (runs.length > 0) parts.push(`### ${name}: ${title}`, renderScenario(runs), renderProcesses(runs))
  }
  const producer = describeProducer(results)
  if (producer !== undefined) parts.push(producer)
  const failures = describeFailures(results.runs)
  if (failures !== undefined) parts.push(failures)
  return `${parts.join('\n\n')}\n`
}

/** On what, of what, when and how it was measured. */
export function describeOrigin({ machine, commit, dirty, date, command }: BenchResults): string {
  const { node, kafka, brokerHeapMb, cores, cpu, memoryGb, os } = machine
  return `Node ${node}, Kafka ${kafka} (heap ${brokerHeapMb} MB), ${cores} cores of ${cpu}, ${memoryGb} GB, ${os}; all processes on this machine. Commit ${commit}${dirty ? ' with changes' : ''}, ${date.slice(0, 10)}: \`${command}\``
}

export function describeProducer({ producerLimits }: BenchResults): string | undefined {
  const rates = spreadOf(producerLimits.map(({ recordsPerSecond }) => recordsPerSecond))
  return rates && `Kafka's own producer performance tool: ${formatSpread(rates)} records a second.`
}

export function describeFailures(runs: readonly RunResult[]): string | undefined {
  const failed = runs.filter(hasFailed)
  if (failed.length === 0) return undefined
  return failed
    .map((run) => `- FAILED: ${run.scenario} ${run.system} run ${run.run}: ${run.failed}`)
    .join('\n')
}

const BASELINE = 'monolith'

function renderScenario(runs: readonly RunResult[]): string {
  const systems = bySystem(runs)
  const ours = runs.filter(({ system }) => system === 'sluice')
  const baseline = runs.filter(({ system }) => system === BASELINE)
  const withRatio = ours.length > 0 && baseline.length > 0
  const lanes = LANES.filter((lane) => runs.some((run) => run.endToEnd[lane]))
  const figures = [
    acceptedRate,
    promptRate,
    sustainedRate,
    ...answerTimes,
    ...lanes.flatMap(endToEndTimes),
    totalCpu,
  ]
  const rows = [
    ...figures.map((figure: Figure) => [
      figure.name,
      ...systems.map(([, all]) => formatSpread(spreadOfFigure(figure, all))),
      ...(withRatio ? [formatSpread(ratioOf(figure, ours, baseline))] : []),
    ]),
    ...accounts(runs).map(([name, of]) => [
      name,
      ...systems.map(([, all]) => of(all)),
      ...(withRatio ? [''] : []),
    ]),
  ]
  const names = systems.map(([system, all]) => nameWithFailures(system, all))
  return markdownTable(['', ...names, ...(withRatio ? [`sluice ÷ ${BASELINE}`] : [])], rows)
}

function nameWithFailures(system: string, all: readonly RunResult[]): string {
  const failed = all.filter(hasFailed).length
  return failed > 0 ? `${system} (${failed} of ${all.length} FAILED)` : system
}

type Account = readonly [name: string, of: (all: readonly RunResult[]) => string]

/** What became of what was posted, all runs added up. What happened nowhere is left out, but for the faults. */
function accounts(runs: readonly RunResult[]): Account[] {
  const rows: (Account | undefined)[] = [
    runs.some(({ endedEarly }) => endedEarly) ? ['posting, s', describePosting] : undefined,
    ['events accepted, all runs', (all) => formatNumber(sum(all, 'accepted'))],
    ...(['notStored', 'unknown', 'undrained'] as const).map((name): Account | undefined =>
      sum(runs, name) > 0 ? [LABELS[name], (all) => formatNumber(sum(all, name))] : undefined,
    ),
    ['lost', (all) => (sum(all, 'undrained') > 0 ? 'not known' : describeFault(all, 'lost'))],
    ['doubled', (all) => describeFault(all, 'doubled')],
  ]
  return rows.filter((row) => row !== undefined)
}

const LABELS = { notStored: 'not stored', unknown: 'unknown', undrained: 'not drained in time' } as const

function describePosting(all: readonly RunResult[]): string {
  return formatSpread(spreadOf(countingRuns(all).map(({ seconds }) => seconds)))
}

/** Nothing comes out of the no-op server, so that nobody counts. */
function describeFault(all: readonly RunResult[], fault: 'lost' | 'doubled'): string {
  const isWatched = all.some(({ drainedPerSecond }) => drainedPerSecond !== undefined)
  return isWatched ? formatNumber(sum(all, fault)) : '–'
}

type Count = 'accepted' | 'notStored' | 'unknown' | 'lost' | 'undrained' | 'doubled'

function sum(runs: readonly RunResult[], name: Count): number {
  return runs.reduce((total, run) => total + run[name], 0)
}

function renderProcesses(runs: readonly RunResult[]): string {
  const systems = bySystem(runs)
  const names = [...new Set(runs.flatMap(({ processes }) => processes.map(({ name }) => name)))]
  const ordered = names.toSorted((a, b) => Number(OWN_PROCESSES.has(a)) - Number(OWN_PROCESSES.has(b)))
  const rows = ordered.map((name) => [
    OWN_PROCESSES.has(name) ? `${name} (of the bench)` : name,
    ...systems.map(([, all]) => {
      const uses = countingRuns(all).flatMap(({ processes }) => processes.filter((use) => use.name === name))
      if (uses.length === 0) return '–'
      const cpu = spreadOf(uses.map(({ cpuMicrosPerEvent }) => cpuMicrosPerEvent))
      return `${formatSpread(cpu)}, ${formatNumber(Math.max(...uses.map(({ peakMemoryMb }) => peakMemoryMb)))} MB`
    }),
  ])
  return markdownTable(['CPU µs/event, peak memory', ...systems.map(([system]) => system)], rows)
}

if (import.meta.main) {
  const [file = ''] = process.argv.slice(2)
  process.stdout.write(renderTable(JSON.parse(readFileSync(file, 'utf8')) as BenchResults))
}
