import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compare } from './compare.ts'
import { BENCH_HELP, type BenchOptions, parseBenchOptions, UsageError } from './options.ts'
import { describeCommit, describeMachine } from './report/machine.ts'
import { createProgress, type Progress, sayResult } from './report/progress.ts'
import { type BenchResults, hasFailed, type RunResult } from './report/result.ts'
import { renderTable } from './report/table.ts'
import { runOnce } from './run-once.ts'
import { scenarios } from './scenarios.ts'
import { BROKER_HEAP_MB, kafkaVersion, startBroker } from './systems/broker.ts'
import { startMonolith } from './systems/monolith.ts'
import { startNoop } from './systems/noop.ts'
import { measureProducerLimit, type ProducerLimit } from './systems/producer-limit.ts'
import { startSluiceAt } from './systems/sluice.ts'
import type { StartSystem } from './systems/system.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const WORK_DIR = join(ROOT, '.sluice', 'bench')

/** Ctrl-C and the end of whoever started us stop the run in hand and everything that it started. */
const stopping = new AbortController()
for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) {
  process.on(event, () => stopping.abort(new Error('Stopped.')))
}

async function main(): Promise<number> {
  const progress = createProgress()
  try {
    const args = process.argv.slice(2)
    const options = parseBenchOptions(args)
    if (options === 'help') {
      console.log(BENCH_HELP)
      return 0
    }
    const command = ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' ')
    return options.compare === undefined
      ? await bench(options, command, progress)
      : await compare({
          ...options,
          rev: options.compare,
          root: ROOT,
          workDir: WORK_DIR,
          progress,
          signal: stopping.signal,
        })
  } catch (error) {
    progress.close()
    console.error(error instanceof UsageError || stopping.signal.aborted ? (error as Error).message : error)
    return error instanceof UsageError ? 2 : 1
  }
}

/** Every scenario with every system, as often as wanted, in turns. Returns the exit code. */
async function bench(options: BenchOptions, command: string, progress: Progress): Promise<number> {
  const date = new Date().toISOString()
  const plan = planRuns(options)
  const runs: RunResult[] = []
  const producerLimits: ProducerLimit[] = []
  for (const [index, { title, work }] of plan.entries()) {
    progress.begin(index, plan.length, title)
    await work()
  }
  progress.close()
  const results: BenchResults = {
    date,
    ...(await describeCommit(ROOT)),
    command,
    machine: describeMachine(await kafkaVersion(), BROKER_HEAP_MB),
    runs,
    producerLimits,
  }
  if (options.out) {
    const file = join(ROOT, 'bench', 'results', `${date.slice(0, 10)}-${results.commit}.json`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
    progress.say(`Kept in ${relative(process.cwd(), file)}`)
  }
  console.log(options.json ? JSON.stringify(results, null, 2) : `\n${renderTable(results)}`)
  return runs.some(hasFailed) ? 1 : 0

  function planRuns({ systems, runs: times, ...wanted }: BenchOptions) {
    return Array.from({ length: times }, (_, n) => n + 1).flatMap((run) => [
      ...wanted.scenarios.flatMap((scenario) =>
        systems
          // Nothing comes out of the limit's server: latency end to end and a flood's are not to be had from it.
          .filter((system) => system !== 'limits' || scenario !== 'D')
          .map((system) => ({
            title: `${scenario} ${system} run ${run}`,
            work: () => measure(scenario, system, run),
          })),
      ),
      ...(systems.includes('limits')
        ? [{ title: `Kafka's producer run ${run}`, work: measureProducer }]
        : []),
    ])
  }

  async function measure(
    name: BenchOptions['scenarios'][number],
    system: BenchOptions['systems'][number],
    run: number,
  ) {
    const result = await runOnce({
      scenario: scenarios[name],
      system: system === 'limits' ? 'no-op HTTP' : system,
      start: STARTS[system],
      needsKafka: system !== 'limits',
      run,
      ...options,
      logDir: join(WORK_DIR, 'logs', `${name}-${system}-${run}`),
      profileDir: options.profile ? join(WORK_DIR, 'profiles', `${name}-${system}-${run}`) : undefined,
      onStep: progress.step,
      signal: stopping.signal,
    })
    runs.push(result)
    sayResult(progress, result)
  }

  async function measureProducer(): Promise<void> {
    const broker = await startBroker()
    try {
      const limit = await measureProducerLimit(broker, options.seconds)
      producerLimits.push(limit)
      progress.say(`Kafka's producer: ${Math.round(limit.recordsPerSecond).toLocaleString('en')} records/s`)
    } finally {
      await broker.stop()
    }
  }
}

const STARTS: Readonly<Record<BenchOptions['systems'][number], StartSystem>> = {
  sluice: startSluiceAt(ROOT),
  monolith: startMonolith,
  limits: startNoop,
}

process.exitCode = await main()
process.exit()
