import { randomInt } from 'node:crypto'
import { keepEvidence } from './keep-evidence.ts'
import { runSchedules, SCHEDULES } from './memory/run-schedules.ts'
import { FAULTS_HELP, type FaultOptions, parseFaultOptions, UsageError } from './options.ts'
import { describeRun, faultTable, isBroken, type Row } from './report.ts'
import { whyNoRig } from './rig/why-no-rig.ts'
import { type JudgedRun, type Run, runScenario } from './run-scenario.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { rigScenarios } from './scenarios/scenarios.ts'

// `npm run test:faults`. Progress goes to stderr, so that stdout holds the table, or the JSON, alone.

try {
  const options = parseFaultOptions(process.argv.slice(2), () => randomInt(1_000_000_000))
  if (options === 'help') console.log(FAULTS_HELP)
  else process.exitCode = await runAll(options)
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error)
  process.exitCode = 2
}

async function runAll({ scenarios, seed, repeat, load, json }: FaultOptions): Promise<number> {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.abort(new Error(`Stopped by ${signal}.`)))
  }
  if (scenarios.some((name) => name !== SCHEDULES.name)) {
    const missing = await whyNoRig((line) => console.error(line))
    if (missing) {
      console.error(missing)
      return 2
    }
  }
  const rows: Row[] = []
  for (const scenario of scenarios) {
    const runs: JudgedRun[] = []
    const errors: string[] = []
    for (let round = 0; round < repeat; round++) {
      const ownSeed = seed + round
      console.error(`\n── ${scenario}, seed ${ownSeed}`)
      try {
        const run = await runOne(scenario, ownSeed, load, interrupted.signal)
        runs.push(run)
        console.error(`   ${isBroken(run) ? 'FAILED' : 'ok'} after ${run.seconds.toFixed(0)} s`)
        for (const line of describeRun(run)) console.error(`   ${line}`)
      } catch (error) {
        if (interrupted.signal.aborted) {
          console.error(`\n${(interrupted.signal.reason as Error).message} Nothing was left behind.`)
          return 130
        }
        errors.push((error as Error).message)
        console.error(`   FAILED: ${(error as Error).message}`)
      }
    }
    rows.push({ scenario, runs, errors })
  }
  if (json) console.log(JSON.stringify({ seed, scenarios: rows.map(toJson) }, null, 2))
  else console.log(`\n${faultTable(rows)}`)
  const failed = rows.filter(({ runs, errors }) => errors.length > 0 || runs.some(isBroken))
  for (const { scenario } of failed) {
    console.error(
      `\n${scenario} failed: npm run test:faults -- --scenario ${scenario} --seed ${seed} --repeat ${repeat}${withLoad(load)}`,
    )
  }
  return failed.length > 0 ? 1 : 0
}

/** One run, whose evidence is kept when it breaks a promise. Its records are not: many runs have more than fit in memory. */
async function runOne(name: string, seed: number, load: number, signal: AbortSignal): Promise<JudgedRun> {
  const onProgress = (line: string) => console.error(`   ${line}`)
  const onFailure = async (failed: Run | undefined, logs?: string) => {
    const folder = await keepEvidence(`${name}-${seed}`, failed, logs)
    console.error(`   evidence: ${folder}`)
    console.error(`   replay:   npm run test:faults -- --scenario ${name} --seed ${seed}${withLoad(load)}`)
  }
  const { history, ...judged } = await (name === SCHEDULES.name
    ? runSchedules({ seed, onProgress, onFailure, signal })
    : runScenario({ scenario: scenarioOf(name, load), seed, onProgress, onFailure, signal }))
  return judged
}

function scenarioOf(name: string, load: number): Scenario {
  const scenario = rigScenarios.find((one) => one.name === name)!
  return { ...scenario, eventsPerSecond: scenario.eventsPerSecond * load }
}

function withLoad(load: number): string {
  return load === 1 ? '' : ` --load ${load}`
}

function toJson({ scenario, runs, errors }: Row) {
  return {
    scenario,
    errors,
    runs: runs.map(({ seed, verdict, recoveries, notes, seconds }) => ({
      seed,
      seconds,
      ...verdict,
      recoveries,
      notes,
    })),
  }
}
