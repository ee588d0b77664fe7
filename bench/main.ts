import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compare } from './compare.ts'
import { BENCH_HELP, type BenchOptions, parseBenchOptions, type SystemName, UsageError } from './options.ts'
import { planSteps, type Step } from './plan.ts'
import { describeCommit, describeMachine } from './report/machine.ts'
import { createProgress, type Progress, sayResult } from './report/progress.ts'
import { type BenchResults, hasFailed, type RunResult } from './report/result.ts'
import { renderTable } from './report/table.ts'
import { runOnce } from './run-once.ts'
import { scenarios } from './scenarios.ts'
import { type BenchBroker, BROKER_HEAP_MB, kafkaVersion } from './systems/broker.ts'
import { startMonolith } from './systems/monolith.ts'
import { startNoop } from './systems/noop.ts'
import { measureProducerLimit, type ProducerLimit } from './systems/producer-limit.ts'
import { startSluiceAt } from './systems/sluice.ts'
import type { StartSystem } from './systems/system.ts'
import { startWarmBroker } from './warm-broker.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const WORK_DIR = join(ROOT, '.sluice', 'bench')

/** Ctrl-C and the end of whoever started us stop the run in hand and everything that it started. */
const stopping = new AbortController()
for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) {
  process.on(event, () => stopping.abort())
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
    // Whatever the stop interrupted: that it was interrupted is no news.
    if (stopping.signal.aborted) console.error('Stopped.')
    else console.error(error instanceof UsageError ? error.message : error)
    return error instanceof UsageError ? 2 : 1
  }
}

/** Every scenario with every system, as often as wanted, in turns. Returns the exit code. */
async function bench(options: BenchOptions, command: string, progress: Progress): Promise<number> {
  const date = new Date().toISOString()
  // Before the runs: somebody may commit meanwhile.
  const commit = await describeCommit(ROOT)
  const steps = planSteps(options)
  const runs: RunResult[] = []
  const producerLimits: ProducerLimit[] = []
  let toolFailed = false
  progress.begin(0, steps.length + 1, 'warm-up of Kafka')
  const broker = await startWarmBroker({
    ...options,
    root: ROOT,
    workDir: WORK_DIR,
    onStep: progress.step,
    signal: stopping.signal,
  })
  try {
    for (const [index, step] of steps.entries()) {
      progress.begin(index + 1, steps.length + 1, step.title)
      await measure(broker, step)
    }
  } finally {
    await broker.stop()
  }
  progress.close()
  const results: BenchResults = {
    date,
    ...commit,
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
  return toolFailed || runs.some(hasFailed) ? 1 : 0

  async function measure(broker: BenchBroker, step: Step): Promise<void> {
    if (step.kind === 'producer') return measureProducer(broker)
    const { scenario, system, systemTitle, replicas, run } = step
    const folder = [scenario, system, ...(replicas > 1 ? [`x${replicas}`] : []), run].join('-')
    const result = await runOnce({
      ...options,
      scenario: scenarios[scenario],
      system: systemTitle,
      start: STARTS[system],
      broker: system === 'limits' ? undefined : broker,
      run,
      replicas,
      logDir: join(WORK_DIR, 'logs', folder),
      profileDir: options.profile ? join(WORK_DIR, 'profiles', folder) : undefined,
      onStep: progress.step,
      signal: stopping.signal,
    })
    runs.push(result)
    sayResult(progress, result)
  }

  async function measureProducer(broker: BenchBroker): Promise<void> {
    try {
      const limit = await measureProducerLimit(broker, options.seconds, stopping.signal)
      producerLimits.push(limit)
      progress.say(`Kafka's producer: ${Math.round(limit.recordsPerSecond).toLocaleString('en')} records/s`)
    } catch (error) {
      stopping.signal.throwIfAborted()
      toolFailed = true
      progress.say(`Kafka's producer: FAILED: ${(error as Error).message}`, 'bad')
    }
  }
}

const STARTS: Readonly<Record<SystemName, StartSystem>> = {
  sluice: startSluiceAt(ROOT),
  monolith: startMonolith,
  limits: startNoop,
}

process.exitCode = await main()
process.exit()
