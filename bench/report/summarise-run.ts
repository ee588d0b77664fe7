import type { Load } from '../load/generator.ts'
import type { PhaseFindings } from '../measure/observer.ts'
import { grownBetween } from '../measure/timeline.ts'
import type { Drain, Phase } from '../phase.ts'
import type { Scenario } from '../scenarios.ts'
import type { RunningSystem } from '../systems/system.ts'
import type { ProcessUsage, RunResult } from './result.ts'

type Named = { readonly scenario: Scenario; readonly system: string; readonly run: number }

/** The figures of a run from its phases. What is missing is lost only when nothing more would have come. */
export function summariseRun(
  { scenario, system, run }: Named,
  { outputs, settings }: Pick<RunningSystem, 'outputs' | 'settings'>,
  warmups: readonly Phase[],
  measured: Phase,
  processes: readonly ProcessUsage[],
): RunResult {
  const { report, findings, drain, endedEarly } = measured
  const { startMicros, endMicros, accepted, notStored, unknown } = report
  const { balance, timeline } = findings
  const seconds = (endMicros - startMicros) / 1_000_000
  const observed = outputs.length > 0
  const lastMicros = Math.max(endMicros, timeline.at(-1)?.at ?? 0)
  const failed = whatFailed(observed, warmups, measured)
  return {
    scenario: scenario.name,
    system,
    run,
    settings,
    seconds: round(seconds, 1),
    endedEarly,
    acceptedPerSecond: Math.round(report.acceptedInTime / seconds),
    ...(observed && {
      endToEndPerSecond: Math.round(grownBetween(timeline, startMicros, endMicros) / seconds),
      drainedPerSecond: Math.round((balance.handled / (lastMicros - startMicros)) * 1_000_000),
      drainSeconds: round((lastMicros - endMicros) / 1_000_000, 1),
    }),
    accepted,
    notStored,
    unknown,
    lost: observed && drain !== 'cut off' ? balance.lost : 0,
    undrained: observed && drain === 'cut off' ? balance.lost : 0,
    doubled: balance.doubled,
    unasked: observed ? balance.unasked : 0,
    answered: scenario.loads.map((load, index) => ({
      load: nameLoad(load),
      ...(report.answered[index] && { answered: report.answered[index] }),
      ...(report.late[index] && { late: report.late[index] }),
    })),
    // The longest are missing from those of a run that was cut off; the rest would flatter.
    endToEnd: drain === 'cut off' ? {} : { ...findings.endToEnd, ...(findings.all && { all: findings.all }) },
    processes,
    ...(failed !== undefined && { failed }),
  }
}

/** A run that did not come to its end has nothing to say but why; what a process wrote is in its log. */
export function describeBreakdown(
  { scenario, system, run, seconds, replicas }: Named & { seconds: number; replicas: number },
  error: unknown,
): RunResult {
  const why = error instanceof Error ? error.message : String(error)
  return {
    scenario: scenario.name,
    system,
    run,
    settings: { replicas },
    seconds,
    endedEarly: false,
    acceptedPerSecond: 0,
    accepted: 0,
    notStored: 0,
    unknown: 0,
    lost: 0,
    undrained: 0,
    doubled: 0,
    unasked: 0,
    answered: [],
    endToEnd: {},
    processes: [],
    failed: `It broke off: ${why.split('\n', 1)[0]}`,
  }
}

function whatFailed(observed: boolean, warmups: readonly Phase[], measured: Phase): string | undefined {
  if (measured.report.accepted === 0) return 'Nothing was accepted.'
  if (!observed) return undefined
  const faults = [
    ...warmups.flatMap(({ report, findings, drain }) =>
      describeFaults(' in the warm-up', report.accepted, findings, drain),
    ),
    ...warmups
      .filter(({ drain }) => drain === 'cut off')
      .map(() => 'The warm-up did not drain in time, so the measured events had to wait for it.'),
    ...describeFaults('', measured.report.accepted, measured.findings, measured.drain),
  ]
  if (measured.findings.foreign > 0) faults.push(`${measured.findings.foreign} records of no run were read.`)
  return faults.length > 0 ? faults.join(' ') : undefined
}

function describeFaults(
  where: string,
  accepted: number,
  { balance: { lost, doubled, examples } }: PhaseFindings,
  drain: Drain,
): string[] {
  const faults = []
  if (lost > 0 && drain !== 'cut off')
    faults.push(
      `${lost} of ${accepted} accepted events were lost${where}, like number ${examples.join(', ')}.`,
    )
  if (doubled > 0) faults.push(`${doubled} outputs came twice${where}.`)
  return faults
}

function nameLoad({ type, batchSize, perSecond }: Load): string {
  const what = `${type ?? 'all types'}, ${batchSize === 1 ? 'singles' : `batches of ${batchSize}`}`
  return perSecond === undefined ? what : `${what}, ${perSecond} a second`
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
