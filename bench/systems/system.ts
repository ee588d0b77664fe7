import type { Lane } from '@sluice/events'
import type { RunningProcess } from '../process/start-process.ts'

/** A system under load, ready to be posted to. */
export type RunningSystem = {
  readonly path: string
  /** A port for each replica of the front door. */
  readonly ports: readonly number[]
  /** Where its outputs come out; none when nothing comes out. A lane that shares its topic names it again. */
  readonly outputs: readonly { readonly lane: Lane; readonly topics: readonly string[] }[]
  readonly processes: readonly RunningProcess[]
  /** Its settings that change the figures, for the record. */
  readonly settings: Readonly<Record<string, string | number>>
  stop(): Promise<void>
}

export type SystemOrder = {
  /** `host:port` of an empty Kafka that is all its own; empty for a system that needs none. */
  readonly brokers: string
  /** Processes of each kind. */
  readonly replicas: number
  readonly logDir: string
  readonly profileDir?: string | undefined
}

/** Resolves when the system is ready; rejects, with nothing left running, when it does not become so. */
export type StartSystem = (order: SystemOrder) => Promise<RunningSystem>

/** All of one type's partitions, here and in the catalogue. */
export const PARTITIONS = 3
