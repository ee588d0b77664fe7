import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scenarios } from '../scenarios.ts'
import {
  acceptedRate,
  bySystem,
  endToEndTimes,
  type Figure,
  formatSpread,
  markdownTable,
  OWN_PROCESSES,
  ratioOf,
  spreadOfFigure,
  sustainedRate,
  totalCpu,
} from './figures.ts'
import { drawPicture, THEMES, type Theme } from './picture.ts'
import type { BenchResults, RunResult } from './result.ts'
import { spreadOf } from './spread.ts'
import { describeFailures, describeOrigin, describeProducer } from './table.ts'

/** What stands between the markers is written by this file and read by nobody but people. */
export const README_BEGIN = '<!-- bench: written by node bench/report/readme.ts <results.json> -->'
export const README_END = '<!-- bench: end -->'

export function picturePath(theme: Theme): string {
  return `docs/bench-${theme}.svg`
}

/**
 * The README's part on the bench: the picture, a table of what matters in each scenario, how Sluice grows, and
 * where the rest stands. `resultsPath` is relative to the README.
 */
export function renderReadmeSection(results: BenchResults, resultsPath: string): string {
  const parts = [
    picture(),
    describeOrigin(results),
    renderSummary(results.runs),
    describeEarlyEnds(results.runs),
    renderReplicas(results.runs),
    [describeProducer(results), describeBalance(results.runs)].filter(Boolean).join(' '),
    describeFailures(results.runs),
    `Every figure is in [${basename(resultsPath)}](${resultsPath}): \`node bench/report/table.ts ${resultsPath}\` prints it. What is measured and how, and what the figures do not say, is in [bench/README.md](bench/README.md).`,
  ]
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n')
}

/** @throws when the markers are not there. */
export function replaceReadmeSection(readme: string, section: string): string {
  const begin = readme.indexOf(README_BEGIN)
  const end = readme.indexOf(README_END)
  if (begin === -1 || end < begin)
    throw new Error(`The README has no ${README_BEGIN} with ${README_END} below.`)
  return `${readme.slice(0, begin + README_BEGIN.length)}\n\n${section}\n\n${readme.slice(end)}`
}

function picture(): string {
  const alt = 'Events a second end to end, and latencies, of Sluice and of the monolith'
  return [
    '<picture>',
    `  <source media="(prefers-color-scheme: dark)" srcset="${picturePath('dark')}">`,
    `  <img alt="${alt}" src="${picturePath('light')}">`,
    '</picture>',
  ].join('\n')
}

/** What each scenario is about. */
const SUMMARY: readonly (readonly [RunResult['scenario'], readonly Figure[]])[] = [
  ['A', [acceptedRate, sustainedRate, totalCpu]],
  ['B', [acceptedRate, sustainedRate, totalCpu]],
  ['C', [...endToEndTimes('high'), ...endToEndTimes('normal'), ...endToEndTimes('low'), totalCpu]],
  ['D', [...endToEndTimes('high'), acceptedRate, sustainedRate]],
]

function renderSummary(runs: readonly RunResult[]): string {
  const shown = bySystem(runs.filter(({ system }) => !system.includes('×')))
  const named = (system: string) => shown.find(([name]) => name === system)?.[1] ?? []
  const withRatio = named('sluice').length > 0 && named('monolith').length > 0
  const rows = SUMMARY.flatMap(([scenario, figures]) => {
    const of = (all: readonly RunResult[]) => all.filter((run) => run.scenario === scenario)
    if (of(runs).length === 0) return []
    return figures.map((figure, index) => [
      index === 0 ? `**${scenario}** ${scenarios[scenario].title}` : '',
      figure.name,
      ...shown.map(([, all]) => formatSpread(spreadOfFigure(figure, of(all)))),
      ...(withRatio ? [formatSpread(ratioOf(figure, of(named('sluice')), of(named('monolith'))))] : []),
    ])
  })
  const head = [
    'scenario',
    'figure',
    ...shown.map(([system]) => system),
    ...(withRatio ? ['sluice ÷ monolith'] : []),
  ]
  return `${markdownTable(head, rows, 2)}\n\nMedians, with the lowest and highest run in brackets; of latencies and CPU less is better.`
}

/** Otherwise the rates and latencies of these would seem to be of the whole time. */
function describeEarlyEnds(runs: readonly RunResult[]): string | undefined {
  const early = runs.filter(({ endedEarly }) => endedEarly)
  if (early.length === 0) return undefined
  const groups = [...Map.groupBy(early, ({ system, scenario }) => `${system} in ${scenario}`)]
  const times = groups.map(
    ([name, ofGroup]) => `${name} after ${formatSpread(spreadOf(ofGroup.map(({ seconds }) => seconds)))} s`,
  )
  return `Posting ended before its time where a system accepted faster than it handled and too much waited inside of it ([why](bench/README.md#what-is-measured)): ${times.join(', ')}. Longer, its latencies would be higher.`
}

/** Sluice in several sizes under A. Where the cores are full, more processes cannot be faster; they may cost more. */
function renderReplicas(runs: readonly RunResult[]): string | undefined {
  const sizes = bySystem(
    runs.filter(({ scenario, system }) => scenario === 'A' && system.startsWith('sluice')),
  )
  if (sizes.length < 2) return undefined
  const rows = sizes.map(([, all]) => [
    String(all[0]!.settings['replicas']),
    ...[acceptedRate, sustainedRate, cpuOf('gateway'), servicesCpu, cpuOf('kafka'), totalCpu].map((figure) =>
      formatSpread(spreadOfFigure(figure, all)),
    ),
  ])
  const head = ['replicas of the gateway and of each service, A', 'accepted/s', 'end to end/s, sustained']
  const cpu = ['gateway', 'services', 'Kafka', 'together'].map((name) => `CPU µs/event: ${name}`)
  return markdownTable([...head, ...cpu], rows)
}

function cpuOf(process: string): Figure {
  return {
    name: process,
    of: ({ processes }) => processes.find(({ name }) => name === process)?.cpuMicrosPerEvent,
  }
}

const servicesCpu: Figure = {
  name: 'services',
  of: ({ processes }) =>
    processes
      .filter(({ name }) => name !== 'gateway' && name !== 'kafka' && !OWN_PROCESSES.has(name))
      .reduce((sum, { cpuMicrosPerEvent }) => sum + cpuMicrosPerEvent, 0),
}

/** Lost and doubled, of the systems that something comes out of. */
function describeBalance(runs: readonly RunResult[]): string {
  const parts = bySystem(runs.filter(({ drainedPerSecond }) => drainedPerSecond !== undefined)).map(
    ([system, all]) => {
      const sum = (of: (run: RunResult) => number) =>
        all.reduce((total, run) => total + of(run), 0).toLocaleString('en')
      const undrained = all.some((run) => run.undrained > 0)
        ? `, ${sum((run) => run.undrained)} not drained in time`
        : ''
      return `${system} ${sum((run) => run.accepted)} accepted, ${sum((run) => run.lost)} lost, ${sum((run) => run.doubled)} doubled${undrained}`
    },
  )
  return `By id, in all runs: ${parts.join('; ')}.`
}

if (import.meta.main) {
  const [file] = process.argv.slice(2)
  if (file === undefined) {
    console.error('node bench/report/readme.ts bench/results/<date>-<commit>.json')
    process.exit(2)
  }
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const path = `bench/results/${basename(file)}`
  const results = JSON.parse(readFileSync(join(root, path), 'utf8')) as BenchResults
  const readme = join(root, 'README.md')
  writeFileSync(
    readme,
    replaceReadmeSection(readFileSync(readme, 'utf8'), renderReadmeSection(results, path)),
  )
  for (const theme of Object.keys(THEMES) as Theme[]) {
    writeFileSync(join(root, picturePath(theme)), drawPicture(results, theme))
  }
}
