import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BenchOptions } from './options.ts'
import { type Progress, sayResult } from './report/progress.ts'
import { hasFailed, type RunResult } from './report/result.ts'
import { type Spread, spreadOf } from './report/spread.ts'
import { runOnce } from './run-once.ts'
import { type Scenario, scenarios } from './scenarios.ts'
import type { BenchBroker } from './systems/broker.ts'
import { startSluiceAt } from './systems/sluice.ts'
import { startWarmBroker } from './warm-broker.ts'

export type CompareOrder = Pick<
  BenchOptions,
  'scenarios' | 'seconds' | 'warmupSeconds' | 'brokerWarmupSeconds' | 'runs' | 'replicas' | 'json'
> & {
  /** Any name of a commit. */
  readonly rev: string
  readonly root: string
  readonly workDir: string
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** A figure of this tree divided by the other version's, of each pair of neighbouring runs. */
export type Comparison = {
  readonly scenario: string
  readonly figure: string
  readonly better: 'higher' | 'lower'
  readonly ratio: Spread
  /** Pairs in which this tree's figure is the higher one, and the lower one. */
  readonly ahead: number
  readonly behind: number
}

/**
 * Runs Sluice as it is here and as it was at `rev`, in turns, both under the load of this bench. A pair's two runs
 * stand next to each other, and the second pair begins with the other version, so that what the machine does
 * meanwhile hits both. One warm Kafka serves all runs, empty for each. Returns the exit code: 1 when a run failed; a slower version is for the reader to judge.
 */
export async function compare(order: CompareOrder): Promise<number> {
  const { rev, root, progress } = order
  const folder = await mkdtemp(join(tmpdir(), 'sluice-compare-'))
  const other = join(folder, 'tree')
  try {
    progress.say(`Checking out ${rev} …`)
    await run('git', ['worktree', 'add', '--detach', other, rev], root)
    // Its own first command finds pnpm and installs.
    await run(process.execPath, ['tools/run.mjs', 'topics', '--help'], other)
    const total = 1 + order.runs * order.scenarios.length * 2
    progress.begin(0, total, 'warm-up of Kafka')
    const broker = await startWarmBroker({ ...order, onStep: progress.step })
    const pairs = await runPairs(order, other, broker, total).finally(() => broker.stop())
    const comparisons = comparePairs(pairs)
    progress.close()
    console.log(order.json ? JSON.stringify(comparisons, null, 2) : renderComparisons(comparisons, rev))
    return pairs.flat().some(hasFailed) ? 1 : 0
  } finally {
    await run('git', ['worktree', 'remove', '--force', other], root).catch(() => {})
    await rm(folder, { recursive: true, force: true })
  }
}

/** This tree's run first. */
export type Pair = readonly [here: RunResult, there: RunResult]

async function runPairs(
  order: CompareOrder,
  other: string,
  broker: BenchBroker,
  total: number,
): Promise<Pair[]> {
  const { root, rev, progress, runs } = order
  const pairs: Pair[] = []
  let done = 1
  const once = async (scenario: Scenario, tree: string, system: string, n: number) => {
    progress.begin(done++, total, `${scenario.name} ${system} run ${n}`)
    const result = await runOnce({
      ...order,
      scenario,
      system,
      start: startSluiceAt(tree),
      broker,
      run: n,
      replicas: order.replicas[0]!,
      logDir: join(
        order.workDir,
        'logs',
        `compare-${scenario.name}-${tree === root ? 'here' : 'there'}-${n}`,
      ),
      onStep: progress.step,
    })
    sayResult(progress, result)
    return result
  }
  for (let n = 1; n <= runs; n++) {
    for (const name of order.scenarios) {
      const scenario = scenarios[name]
      const there = n % 2 === 1 ? await once(scenario, other, rev, n) : undefined
      const here = await once(scenario, root, 'this tree', n)
      pairs.push([here, there ?? (await once(scenario, other, rev, n))])
    }
  }
  return pairs
}

type Figure = {
  readonly name: string
  readonly better: 'higher' | 'lower'
  readonly of: (run: RunResult) => number | undefined
}

const FIGURES: readonly Figure[] = [
  { name: 'accepted/s', better: 'higher', of: (run) => run.acceptedPerSecond },
  { name: 'end to end/s', better: 'higher', of: (run) => run.endToEndPerSecond },
  { name: 'CPU of gateway', better: 'lower', of: (run) => cpuOf(run, (name) => name === 'gateway') },
  { name: 'CPU of services', better: 'lower', of: (run) => cpuOf(run, (name) => !NOT_A_SERVICE.has(name)) },
  { name: 'high-lane p50', better: 'lower', of: (run) => run.endToEnd.high?.p50 },
  { name: 'high-lane p99', better: 'lower', of: (run) => run.endToEnd.high?.p99 },
]

const NOT_A_SERVICE = new Set(['gateway', 'kafka', 'generator', 'observer'])

function cpuOf({ processes }: RunResult, fits: (name: string) => boolean): number {
  return processes
    .filter(({ name }) => fits(name))
    .reduce((sum, { cpuMicrosPerEvent }) => sum + cpuMicrosPerEvent, 0)
}

/** Pairs with a failed run do not count. */
export function comparePairs(pairs: readonly Pair[]): Comparison[] {
  const counting = pairs.filter(([here, there]) => !hasFailed(here) && !hasFailed(there))
  return [...Map.groupBy(counting, ([here]) => here.scenario)].flatMap(([scenario, ofScenario]) =>
    FIGURES.flatMap(({ name, better, of }) => {
      const ratios = ofScenario
        .map(([here, there]) => (of(here) ?? Number.NaN) / (of(there) ?? Number.NaN))
        .filter(Number.isFinite)
      const ratio = spreadOf(ratios)
      if (!ratio) return []
      const ahead = ratios.filter((one) => one > 1).length
      const behind = ratios.filter((one) => one < 1).length
      return [{ scenario, figure: name, better, ratio, ahead, behind }]
    }),
  )
}

export function renderComparisons(comparisons: readonly Comparison[], rev: string): string {
  if (comparisons.length === 0) return 'No pair of runs went through, so there is nothing to compare.'
  const lines = comparisons.map((comparison) => {
    const { scenario, figure, better, ratio, ahead, behind } = comparison
    const spread = `${ratio.min.toFixed(3)}–${ratio.max.toFixed(3)}`
    return `| ${scenario} | ${figure} (${better} is better) | ${ratio.median.toFixed(3)} | ${spread} | ${ahead} : ${behind} | ${judge(comparison)} |`
  })
  return [
    `This tree divided by ${rev}:\n`,
    '| scenario | figure | median | spread | pairs above : below 1 | |',
    '|---|---|---:|---:|---:|---|',
    ...lines,
  ].join('\n')
}

/** How often noise alone may be called a difference: once in a hundred figures. */
const SIGNIFICANT = 0.01

function judge({ ahead, behind, better }: Comparison): string {
  if (signTest(ahead, behind) > SIGNIFICANT) return 'no difference shown'
  return ahead > behind === (better === 'higher') ? 'better' : 'worse'
}

/**
 * How likely it is that pairs of equals fall out at least as unevenly as this (two-sided sign test). It asks
 * nothing of the noise but that it hits both of a pair alike. Eight pairs that all agree are the first to come
 * below 0.01.
 */
export function signTest(ahead: number, behind: number): number {
  const pairs = ahead + behind
  let ways = 1
  let tail = 0
  for (let k = 0; k <= Math.min(ahead, behind); k++) {
    tail += ways
    ways = (ways * (pairs - k)) / (k + 1)
  }
  return Math.min(1, (2 * tail) / 2 ** pairs)
}

async function run(file: string, args: readonly string[], cwd: string): Promise<void> {
  try {
    await promisify(execFile)(file, [...args], { cwd })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${file} ${args.join(' ')} failed:\n${stderr || stdout}`, { cause: error })
  }
}
