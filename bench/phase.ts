import { setTimeout as delay } from 'node:timers/promises'
import type { GeneratorAnswers, PhaseReport } from './load/generator.ts'
import type { ObserverAnswers, PhaseFindings } from './measure/observer.ts'
import type { Ask } from './process/conversation.ts'
import type { Scenario } from './scenarios.ts'
import type { RunningSystem } from './systems/system.ts'

/** A system with the bench's own processes around it. */
export type Setup = {
  readonly scenario: Scenario
  readonly target: RunningSystem
  readonly generate: Ask<GeneratorAnswers>
  readonly observe: Ask<ObserverAnswers>
  /** What it does now, for a person who waits. */
  readonly onStep: (step: string) => void
  readonly signal: AbortSignal
}

export type PhaseOrder = {
  readonly name: string
  readonly seconds: number
  /**
   * The posting ends early when more accepted events than this are without all of their outputs, and the system, at its
   * pace so far, would take longer than `backlogSeconds` for them.
   */
  readonly backlogLimit: number
  readonly backlogSeconds: number
}

/**
 * - `whole`: everything accepted came out.
 * - `stalled`: nothing more came out, so that what is missing is lost.
 * - `cut off`: it took too long. Nobody can say what would still have come.
 */
export type Drain = 'whole' | 'stalled' | 'cut off'

export type Phase = {
  readonly report: PhaseReport
  readonly findings: PhaseFindings
  readonly drain: Drain
  /** The posting ended at the limit of the backlog, not of the time. */
  readonly endedEarly: boolean
}

const POLL_MS = 200
/** How long nothing more may come out before the rest counts as lost. */
const NO_PROGRESS_MS = 30_000
/** How long to look for doubles after the last output was seen. */
const QUIET_MS = 500
export const DRAIN_LIMIT_SECONDS = 120

let phases = 0

/** Posts, then waits until all that was accepted has come out, nothing more does, or it takes too long. */
export async function runPhase(setup: Setup, order: PhaseOrder): Promise<Phase> {
  const { target, scenario, generate, observe } = setup
  const run = `r${(++phases).toString(36).padStart(3, '0')}`
  await observe('beginPhase', run)
  const targets = target.ports.map((port) => ({ port, path: target.path }))
  const posting = generate('runPhase', { run, targets, loads: scenario.loads, seconds: order.seconds })
  const endedEarly = await watchPosting(setup, order, posting)
  const report = await posting
  const drain = target.outputs.length > 0 ? await untilDrained(setup, order.name, report) : 'whole'
  return { report, findings: await observe('findings', report.outcomes), drain, endedEarly }
}

/** Resolves when the posting is over; to whether the backlog ended it. */
async function watchPosting(
  { target, generate, observe, onStep, signal }: Setup,
  { name, backlogLimit, backlogSeconds }: PhaseOrder,
  posting: Promise<PhaseReport>,
): Promise<boolean> {
  const began = performance.now()
  let endedEarly = false
  let isOver = false
  const over = () => {
    isOver = true
  }
  posting.then(over, over)
  while (!isOver) {
    await delay(POLL_MS, undefined, { signal })
    const [accepted, { complete }] = await Promise.all([
      generate('acceptedSoFar', undefined),
      observe('state', undefined),
    ])
    onStep(`${name}, ${accepted.toLocaleString('en')} accepted`)
    const handledMeanwhile = (complete / (performance.now() - began)) * 1000 * backlogSeconds
    const limit = Math.max(backlogLimit, handledMeanwhile)
    if (target.outputs.length === 0 || endedEarly || isOver || accepted - complete < limit) continue
    endedEarly = true
    await generate('endPosting', undefined)
  }
  return endedEarly
}

async function untilDrained({ observe, onStep, signal }: Setup, name: string, report: PhaseReport) {
  const began = performance.now()
  let complete = -1
  let progressAt = began
  for (;;) {
    const state = await observe('state', undefined)
    const now = performance.now()
    if (state.complete !== complete) {
      complete = state.complete
      progressAt = now
    }
    if (now - progressAt >= QUIET_MS && complete >= report.accepted) {
      if ((await observe('balance', report.outcomes)).lost === 0) return 'whole'
    }
    if (now - progressAt >= NO_PROGRESS_MS) return 'stalled'
    if (now - began >= DRAIN_LIMIT_SECONDS * 1000 && complete < report.accepted) return 'cut off'
    onStep(`${name}, drained ${complete.toLocaleString('en')} of ${report.accepted.toLocaleString('en')}`)
    await delay(POLL_MS, undefined, { signal })
  }
}
