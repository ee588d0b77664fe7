import { setTimeout as delay } from 'node:timers/promises'
import type { Lane } from '@sluice/events'
import type { GeneratorAnswers, Load, PhaseReport } from './load/generator.ts'
import type { FetchPlan } from './measure/fetch-loop.ts'
import type { ObserverAnswers, PhaseFindings } from './measure/observer.ts'
import { grownBetween } from './measure/timeline.ts'
import { readUsage } from './measure/usage.ts'
import { type Ask, askChild } from './process/conversation.ts'
import { type RunningProcess, startProcess } from './process/start-process.ts'
import type { ProcessUsage, RunResult } from './report/result.ts'
import type { Scenario } from './scenarios.ts'
import { startBroker } from './systems/broker.ts'
import { PARTITIONS, type RunningSystem, type StartSystem } from './systems/system.ts'

export type RunOrder = {
  readonly scenario: Scenario
  readonly system: string
  readonly start: StartSystem
  readonly needsKafka: boolean
  readonly run: number
  readonly seconds: number
  readonly warmupSeconds: number
  readonly replicas: number
  readonly logDir: string
  readonly profileDir?: string | undefined
  /** What it does now, for a person who waits. */
  readonly onStep: (step: string) => void
  /** Ends the run; everything that it started is stopped before it rejects. */
  readonly signal: AbortSignal
}

const POLL_MS = 200
/** How long nothing more may come out before the rest counts as lost. */
const NO_PROGRESS_MS = 30_000
/** How long to look for doubles after the last output was seen. */
const QUIET_MS = 500

/**
 * One system under one scenario, once: a fresh Kafka, the system, generator and observer as processes of their
 * own; a warm-up that is waited out; the measured posting; then until everything accepted has come out.
 */
export async function runOnce(order: RunOrder): Promise<RunResult> {
  const { scenario, onStep, signal } = order
  const stops: (() => Promise<void>)[] = []
  const started = async <Thing extends { stop(): Promise<void> }>(
    starting: Thing | Promise<Thing>,
  ): Promise<Thing> => {
    const thing = await starting
    stops.push(() => thing.stop())
    signal.throwIfAborted()
    return thing
  }
  try {
    onStep('Kafka')
    const broker = order.needsKafka ? await started(startBroker()) : undefined
    onStep(order.system)
    const system = await started(order.start({ ...order, brokers: broker?.brokers ?? '' }))
    const generator = await started(
      startOwn('generator', new URL('load/generator.ts', import.meta.url), order),
    )
    const observer = await started(
      startOwn('observer', new URL('measure/observer.ts', import.meta.url), order),
    )
    const plans = planFetches(system, scenario.prompt)
    const bench: Bench = {
      ...order,
      target: system,
      generate: askChild<GeneratorAnswers>(generator),
      observe: askChild<ObserverAnswers>(observer),
    }
    if (broker) await bench.observe('observe', { port: broker.port, plans })

    if (order.warmupSeconds > 0) await runPhase(bench, 'warm-up', order.warmupSeconds)
    const kafka = broker ? [{ name: 'kafka', pid: broker.pid }] : []
    const processes = [...system.processes, ...kafka, generator, observer]
    const before = processes.map(({ pid }) => readUsage(pid).cpuMicros)
    const phase = await runPhase(bench, 'measured', order.seconds)
    const dead = system.processes.find((process) => !process.alive())
    const usage = summariseUsage(processes, before, phase.report.accepted)
    const result = toResult(order, system, phase, usage)
    return dead ? { ...result, failed: `${dead.name} ended: ${dead.log()}` } : result
  } finally {
    onStep('stopping')
    for (const stop of stops.toReversed()) await stop()
  }
}

type Bench = RunOrder & {
  readonly target: RunningSystem
  readonly generate: Ask<GeneratorAnswers>
  readonly observe: Ask<ObserverAnswers>
}

function startOwn(name: string, url: URL, { logDir }: RunOrder): RunningProcess {
  return startProcess({ name, script: url.pathname, logFile: `${logDir}/${name}.log` })
}

/** A connection per lane, so that one's large pieces do not hold up another's small ones. */
function planFetches(system: RunningSystem, prompt: readonly Lane[]): FetchPlan[] {
  return system.outputs.map(({ lane, topics }) => ({
    topics,
    partitions: PARTITIONS,
    ...(prompt.includes(lane) ? { minBytes: 1, maxWaitMs: 500 } : { minBytes: 64 * 1024, maxWaitMs: 20 }),
  }))
}

type Phase = { readonly report: PhaseReport; readonly findings: PhaseFindings }

let phases = 0

/** Posts for `seconds`, then waits until all that was accepted has come out, or nothing more does. */
async function runPhase(bench: Bench, name: string, seconds: number): Promise<Phase> {
  const { target, scenario, generate, observe, onStep, signal } = bench
  const run = `r${(++phases).toString(36).padStart(3, '0')}`
  const observed = target.outputs.length > 0
  await observe('beginPhase', run)
  onStep(name)
  const targets = target.ports.map((port) => ({ port, path: target.path }))
  const posting = generate('runPhase', { run, targets, loads: scenario.loads, seconds })
  const report = await abortable(posting, signal)
  if (observed) await untilDrained(bench, name, report)
  return { report, findings: await observe('findings', report.outcomes) }
}

async function untilDrained(
  { observe, onStep, signal }: Bench,
  name: string,
  report: PhaseReport,
): Promise<void> {
  let complete = -1
  let progressAt = performance.now()
  for (;;) {
    signal.throwIfAborted()
    const state = await observe('state', undefined)
    if (state.complete !== complete) {
      complete = state.complete
      progressAt = performance.now()
    }
    const quietMs = performance.now() - progressAt
    if (quietMs >= NO_PROGRESS_MS) return
    if (quietMs >= QUIET_MS && complete >= report.accepted) {
      if ((await observe('balance', report.outcomes)).lost === 0) return
    }
    onStep(`${name}, drained ${complete.toLocaleString('en')} of ${report.accepted.toLocaleString('en')}`)
    await delay(POLL_MS)
  }
}

function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort))
}

type Pid = { readonly name: string; readonly pid: number }

function summariseUsage(
  processes: readonly Pid[],
  before: readonly number[],
  events: number,
): ProcessUsage[] {
  const used = processes.map(({ name, pid }, index) => {
    const { cpuMicros, peakMemoryMb } = readUsage(pid)
    return { name, cpu: cpuMicros - before[index]!, peakMemoryMb }
  })
  return [...Map.groupBy(used, ({ name }) => name)].map(([name, replicas]) => ({
    name,
    count: replicas.length,
    cpuMicrosPerEvent: round(replicas.reduce((sum, { cpu }) => sum + cpu, 0) / Math.max(1, events), 2),
    peakMemoryMb: Math.round(Math.max(...replicas.map(({ peakMemoryMb }) => peakMemoryMb))),
  }))
}

function toResult(
  order: RunOrder,
  system: RunningSystem,
  phase: Phase,
  processes: ProcessUsage[],
): RunResult {
  const { report, findings } = phase
  const { startMicros, endMicros, accepted, notStored, unknown } = report
  const { balance, timeline } = findings
  const seconds = (endMicros - startMicros) / 1_000_000
  const observed = system.outputs.length > 0
  const lastMicros = Math.max(endMicros, timeline.at(-1)?.at ?? 0)
  const failed = observed
    ? whatFailed(accepted, balance)
    : accepted === 0
      ? 'Nothing was accepted.'
      : undefined
  return {
    scenario: order.scenario.name,
    system: order.system,
    run: order.run,
    settings: system.settings,
    seconds,
    acceptedPerSecond: Math.round(report.acceptedInTime / seconds),
    ...(observed && {
      endToEndPerSecond: Math.round(grownBetween(timeline, startMicros, endMicros) / seconds),
      drainedPerSecond: Math.round((balance.handled / (lastMicros - startMicros)) * 1_000_000),
      drainSeconds: round((lastMicros - endMicros) / 1_000_000, 1),
    }),
    accepted,
    notStored,
    unknown,
    lost: observed ? balance.lost : 0,
    doubled: balance.doubled,
    unasked: observed ? balance.unasked : 0,
    answered: order.scenario.loads.map((load, index) => ({
      load: nameLoad(load),
      ...(report.answered[index] && { answered: report.answered[index] }),
      ...(report.late[index] && { late: report.late[index] }),
    })),
    endToEnd: { ...findings.endToEnd, ...(findings.all && { all: findings.all }) },
    processes,
    ...(failed !== undefined && { failed }),
  }
}

function whatFailed(
  accepted: number,
  { lost, doubled, examples }: PhaseFindings['balance'],
): string | undefined {
  if (accepted === 0) return 'Nothing was accepted.'
  const faults = []
  if (lost > 0)
    faults.push(`${lost} of ${accepted} accepted events were lost, like number ${examples.join(', ')}.`)
  if (doubled > 0) faults.push(`${doubled} outputs came twice.`)
  return faults.length > 0 ? faults.join(' ') : undefined
}

export function nameLoad({ type, batchSize, perSecond }: Load): string {
  const what = `${type ?? 'all types'}, ${batchSize === 1 ? 'singles' : `batches of ${batchSize}`}`
  return perSecond === undefined ? what : `${what}, ${perSecond} a second`
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
