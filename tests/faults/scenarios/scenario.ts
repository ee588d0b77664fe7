import type { TopicPartition } from '@sluice/kafka'
import type { Holding } from '../books/history.ts'
import type { LoadMix } from '../load/make-events.ts'
import type { LoadProducer } from '../load/producer.ts'
import type { Random } from '../load/seeded-random.ts'
import type { Member } from '../rig/fleet.ts'
import type { Rig } from '../rig/rig.ts'

/** A fault, made on purpose while events flow. */
export type Scenario = {
  readonly name: string
  /** What happens, in a few words for the table of `--help`. */
  readonly title: string
  /** Whether it is part of `npm test`. */
  readonly quick: boolean
  readonly mix: LoadMix
  readonly eventsPerSecond: number
  /** Environment of all processes, on top of what every run sets. */
  readonly env?: Readonly<Record<string, string>>
  /** Whether what it does may make Sluice write an output again. */
  readonly repeats: boolean
  /** Planned topics that are missing until the scenario creates them. */
  readonly without?: readonly string[]
  /** Does its worst. Events flow before, meanwhile and after. Whoever breaks something mends it before returning. */
  run(stage: Stage): Promise<void>
}

/** What a scenario acts upon. */
export type Stage = {
  readonly rig: Rig
  readonly producer: LoadProducer
  /** Seeded: two runs of one seed make the same choices. */
  readonly random: Random
  /** Waits. A fault needs time to do harm; nothing is concluded from it. */
  passes(ms: number): Promise<void>
  /** Waits until `count` more events were answered as taken. */
  taken(count: number): Promise<void>
  /** Waits until a service handles events and none that it has is older than a second. */
  catchesUp(member: Member): Promise<void>
  /** From now on, `who` has to work again within `limitMs`: `gateway`, or a service. */
  expectsRecovery(who: string, limitMs: number, what: string): void
  /** Writes records to a lane past the gateway; each has to become one dead letter. */
  plant(at: TopicPartition, values: readonly (string | null)[]): Promise<void>
  /** What a process held before and after something that must not make it hold more. */
  holds(holding: Holding): void
  /** A fact for the report. */
  note(text: string): void
}

/** The shortest that a service takes; what is dead is noticed after it. */
export const SESSION_TIMEOUT_MS = 6000
/** A group has to go on this much later. */
export const TAKEOVER_MS = SESSION_TIMEOUT_MS + 3000
/** After a broker serves again. */
export const HEALED_MS = 10_000
