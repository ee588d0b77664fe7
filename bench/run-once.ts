import type { Lane } from '@sluice/events'
import type { GeneratorAnswers } from './load/generator.ts'
import type { FetchPlan } from './measure/fetch-loop.ts'
import type { ObserverAnswers } from './measure/observer.ts'
import { readUsage, resetPeakMemory, summariseUsage } from './measure/usage.ts'
import { type Phase, runPhase, type Setup } from './phase.ts'
import { askChild } from './process/conversation.ts'
import { type RunningProcess, startProcess } from './process/start-process.ts'
import type { RunResult } from './report/result.ts'
import { describeBreakdown, summariseRun } from './report/summarise-run.ts'
import type { Scenario } from './scenarios.ts'
import type { BenchBroker } from './systems/broker.ts'
import { clearKafka } from './systems/clear-kafka.ts'
import { PARTITIONS, type RunningSystem, type StartSystem } from './systems/system.ts'

export type RunOrder = {
  readonly scenario: Scenario
  readonly system: string
  readonly start: StartSystem
  /** The one of all runs, emptied before each; `undefined` for a system that needs none. */
  readonly broker: BenchBroker | undefined
  readonly run: number
  readonly seconds: number
  readonly warmupSeconds: number
  readonly replicas: number
  readonly logDir: string
  readonly profileDir?: string | undefined
  readonly onStep: (step: string) => void
  /** Ends the run; everything that it started is stopped before it rejects. */
  readonly signal: AbortSignal
}

/**
 * A system that accepts more than it handles is stopped where it would take this long for what waits. Its latencies
 * would only grow, and what it can keep up with is seen as well from how it drains that.
 */
const BACKLOG_SECONDS = 20
/** Before its pace is known, and for the baseline: half a minute of its work. */
const BACKLOG_LIMIT = 50_000
/** While it drains, a system is warming up too. */
const WARMUP_BACKLOG_LIMIT = 15_000

/**
 * One system under one scenario, once: an empty Kafka, the system, generator and observer as processes of their
 * own; a warm-up that is waited out; the measured posting; then until everything accepted has come out. What goes
 * wrong is a failed run, so that those before it are not lost with it; it rejects only when it was stopped.
 */
export async function runOnce(order: RunOrder): Promise<RunResult> {
  try {
    return await carryOut(order)
  } catch (error) {
    order.signal.throwIfAborted()
    return describeBreakdown(order, error)
  }
}

async function carryOut(order: RunOrder): Promise<RunResult> {
  const { scenario, broker, onStep, signal } = order
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
    if (broker) {
      onStep('emptying Kafka')
      await clearKafka(broker.brokers, signal)
      resetPeakMemory(broker.pid)
    }
    onStep(`starting ${order.system}`)
    const system = await started(order.start({ ...order, brokers: broker?.brokers ?? '' }))
    const generator = await started(
      startOwn('generator', new URL('load/generator.ts', import.meta.url), order),
    )
    const observer = await started(
      startOwn('observer', new URL('measure/observer.ts', import.meta.url), order),
    )
    const setup: Setup = {
      ...order,
      target: system,
      generate: askChild<GeneratorAnswers>(generator),
      observe: askChild<ObserverAnswers>(observer),
    }
    if (broker) {
      await setup.observe('observe', { port: broker.port, plans: planFetches(system, scenario.prompt) })
    }

    const warmups = await warmUp(setup, order.warmupSeconds)
    const kafka = broker ? [{ name: 'kafka', pid: broker.pid }] : []
    const processes = [...system.processes, ...kafka, generator, observer]
    const before = processes.map(({ pid }) => readUsage(pid).cpuMicros)
    const measured = await runPhase(setup, {
      name: 'measuring',
      seconds: order.seconds,
      backlogLimit: BACKLOG_LIMIT,
      backlogSeconds: BACKLOG_SECONDS,
    })
    const dead = system.processes.find((process) => !process.alive())
    const usage = summariseUsage(processes, before, measured.report.accepted)
    const result = summariseRun(order, system, warmups, measured, usage)
    return dead ? { ...result, failed: `${dead.name} ended: ${dead.log()}` } : result
  } finally {
    onStep('stopping')
    for (const stop of stops.toReversed()) await stop()
  }
}

/** Again and again until the time is over, because a system that falls behind is posted to for a moment only. */
async function warmUp(setup: Setup, seconds: number): Promise<Phase[]> {
  const warmups: Phase[] = []
  const end = performance.now() + seconds * 1000
  for (let left = seconds; left >= 1 || (left > 0 && warmups.length === 0); ) {
    const order = {
      name: 'warming up',
      seconds: left,
      backlogLimit: WARMUP_BACKLOG_LIMIT,
      backlogSeconds: BACKLOG_SECONDS,
    }
    warmups.push(await runPhase(setup, order))
    left = (end - performance.now()) / 1000
  }
  return warmups
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
