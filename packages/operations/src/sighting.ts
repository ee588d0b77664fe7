import {
  decodeEvent,
  type Event,
  GENERATION,
  HOP,
  type Identity,
  ORIGIN,
  SERVICE,
  type StoredRecord,
  textOf,
} from '@sluice/events'
import type { IncomingRecord, PartitionOffset } from '@sluice/kafka'
import { type DeadLetter, readDeadLetter } from './dead-letter.ts'
import type { TopicRole } from './topic-role.ts'

/** How an event ended, as the books say it where they are kept (OUTCOMES=on). */
export type BookedOutcome = Identity & {
  readonly type: string
  /** `gateway`, or the service. */
  readonly by: string
  /** `handled`, `filtered`, `duplicate`, `dead-letter` or `skipped`. */
  readonly outcome: string
  readonly reason?: string
}

/** A record that is about an event. */
export type Sighting = PartitionOffset & {
  readonly role: TopicRole
  /** When it was written, milliseconds since the epoch. */
  readonly at: number
  readonly key: string | null
  /** How many retry copies lead to it. */
  readonly hop: number
  /** Which redrive or replay wrote it; empty: none did. */
  readonly generation: string
  /** The one service that it is for; absent: all. */
  readonly target: string | undefined
  /** Where the event was first read, of which this is a copy; its own place if it is none. */
  readonly origin: PartitionOffset
  /** Absent where the value holds none, and in the books. */
  readonly event?: Event
  /** Of a record of a dead-letter topic. */
  readonly letter?: DeadLetter
  /** Of a record of the books. */
  readonly outcome?: BookedOutcome
}

/** Reads a record of a topic of this role. Never throws: whoever wrote it. */
export function readSighting(record: IncomingRecord, role: TopicRole): Sighting {
  const { topic, partition, offset, timestamp, key, headers } = record
  const hop = Number(textOf(headers[HOP]) ?? 0)
  const place = { topic, partition, offset }
  const event = role.kind === 'outcomes' ? undefined : readEvent(record)
  const outcome = role.kind === 'outcomes' ? readOutcome(record.value) : undefined
  return {
    ...place,
    role,
    at: timestamp,
    key: key === null ? null : key.toString(),
    hop: Number.isSafeInteger(hop) && hop > 0 ? hop : 0,
    generation: textOf(headers[GENERATION]) ?? '',
    target: textOf(headers[SERVICE]),
    origin: readOrigin(textOf(headers[ORIGIN])) ?? place,
    ...(event && { event }),
    ...(role.kind === 'dead-letter' && { letter: readDeadLetter(record) }),
    ...(outcome && { outcome }),
  }
}

function readEvent(record: StoredRecord): Event | undefined {
  try {
    return decodeEvent(record)
  } catch {
    return undefined
  }
}

function readOutcome(value: Buffer | null): BookedOutcome | undefined {
  try {
    const found = JSON.parse(String(value))
    const isWhole = ['tenant', 'source', 'id', 'type', 'by', 'outcome'].every(
      (name) => typeof found[name] === 'string',
    )
    return isWhole ? found : undefined
  } catch {
    return undefined
  }
}

/** See ORIGIN for its form. */
function readOrigin(text: string | undefined): PartitionOffset | undefined {
  const [, topic, partition, offset] = /^([^/]+)\/(\d{1,15})\/(\d{1,15})\//.exec(text ?? '') ?? []
  return topic === undefined ? undefined : { topic, partition: Number(partition), offset: Number(offset) }
}
