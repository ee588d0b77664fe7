import type { Lane } from '@sluice/events'
import type { LatencySummary } from '../measure/latency.ts'
import type { ScenarioName } from '../scenarios.ts'
import type { ProducerLimit } from '../systems/producer-limit.ts'
import type { Machine } from './machine.ts'

/** One system under one scenario, once. Rates are events a second. */
export type RunResult = {
  readonly scenario: ScenarioName
  readonly system: string
  readonly run: number
  readonly settings: Readonly<Record<string, string | number>>
  /** How long it was posted to. */
  readonly seconds: number
  /** Too much waited inside of the system, so that the posting ended before its time. */
  readonly endedEarly: boolean
  /** Answered as accepted within the measured time. */
  readonly acceptedPerSecond: number
  /** Accepted with all outputs seen within the measured time; nothing comes out of the no-op server. */
  readonly endToEndPerSecond?: number
  /** All that was accepted, from the first post until the last output: what it can keep up with for good. */
  readonly drainedPerSecond?: number
  /** From the end of the posting until the last output. */
  readonly drainSeconds?: number
  readonly accepted: number
  readonly notStored: number
  readonly unknown: number
  /** Accepted, and never came out. */
  readonly lost: number
  /** Accepted, and had not come out when the bench stopped waiting: whether it is lost nobody knows. */
  readonly undrained: number
  readonly doubled: number
  /** Handled although the answer was unknown. */
  readonly unasked: number
  /** Until the answer, of each load of the scenario, ms. */
  readonly answered: readonly LoadLatency[]
  /** From when an event was due until its last output was read, ms. Empty when some are undrained. */
  readonly endToEnd: Partial<Record<Lane | 'all', LatencySummary>>
  readonly processes: readonly ProcessUsage[]
  /** Why this run does not count. */
  readonly failed?: string
}

export type LoadLatency = {
  readonly load: string
  readonly answered?: LatencySummary
  /** How late the generator was itself. */
  readonly late?: LatencySummary
}

/** All replicas of one kind of process. `generator` and `observer` belong to the bench. */
export type ProcessUsage = {
  readonly name: string
  readonly count: number
  /** From the first measured post until the last output, by accepted event. */
  readonly cpuMicrosPerEvent: number
  /** Of the largest. */
  readonly peakMemoryMb: number
}

/** What a results file holds. */
export type BenchResults = {
  readonly date: string
  readonly commit: string
  /** The tree had changes that the commit does not have. */
  readonly dirty: boolean
  readonly command: string
  readonly machine: Machine
  readonly runs: readonly RunResult[]
  readonly producerLimits: readonly ProducerLimit[]
}

/** Loses or doubles, or did not get through. */
export function hasFailed(result: RunResult): boolean {
  return result.failed !== undefined
}
