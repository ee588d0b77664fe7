import {
  type CatalogueEntry,
  type EventDefinition,
  type Identity,
  identityOf,
  type Lane,
  redact,
} from '@sluice/events'
import type { Admin, IncomingRecord, KafkaClient, PartitionOffset } from '@sluice/kafka'
import { noTopicsOf } from './no-topics.ts'
import { readSighting, type Sighting } from './sighting.ts'
import { type TopicRole, topicRoles } from './topic-role.ts'

/**
 * What happened to an event, as a record in Kafka says it.
 * - `stored`: it came into its lane. Whether it waits, is in hand or handled is not known from that.
 * - `retried`: a service failed, and wrote a copy that rests until it is due.
 * - `dead-letter`: a service gave it up.
 * - `redriven`: a redrive or a replay put it into its lane again.
 * - `handled`, `duplicate`, `skipped`, `filtered`: how it ended. Only where the books are kept (OUTCOMES=on): without
 *   them nothing in Kafka says so of one event.
 */
export type Happening = (typeof HAPPENINGS)[number]

export const HAPPENINGS = Object.freeze([
  'stored',
  'retried',
  'dead-letter',
  'redriven',
  'handled',
  'duplicate',
  'skipped',
  'filtered',
] as const)

export type TailedEvent = {
  readonly status: Happening
  /** When the record was written, milliseconds since the epoch. */
  readonly at: number
  readonly place: PartitionOffset
  /** Absent where neither its topic nor its event says it. */
  readonly lane?: string
  /** The service that failed, gave it up or ended it, or the gateway. */
  readonly by?: string
  /** Why it is a dead letter, with the error; or the rule that filtered it. */
  readonly reason?: string
  /** Of a copy: when it is due, milliseconds since the epoch. */
  readonly dueAt?: number
  readonly key: string | null
  /** Absent where the record holds no event that can be read. */
  readonly event?: Identity
  /** Absent in the books, which hold ids only. What is personal in it is redacted. */
  readonly data?: unknown
}

export type TailOptions = {
  readonly client: KafkaClient
  readonly entry: CatalogueEntry
  /** All by default. */
  readonly lanes?: readonly Lane[] | undefined
  /** Where to begin: with what comes from now on, with the oldest, or with what was written since, ms since the epoch. */
  readonly from: 'now' | 'start' | number
  /** Of several values one has to fit; of different filters all. */
  readonly keys?: readonly string[] | undefined
  readonly ids?: readonly string[] | undefined
  readonly statuses?: readonly Happening[] | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Follows a type: its lanes, retry copies, dead letters, and the books where they are kept. Goes on for ever, through
 * outages too, until the signal aborts or the caller leaves the loop. In the order of each partition; what was written
 * to different topics before it began comes in any order.
 * @throws KafkaError when Kafka cannot be reached at the start, or there are no topics of the type
 */
export async function* tail(options: TailOptions): AsyncGenerator<TailedEvent, undefined> {
  const { client, entry, from, signal } = options
  const { definition } = entry
  const { type } = definition
  const roles = topicRoles([entry])
  const admin = await client.admin()
  const positions = await begin(admin, type, roles, from).finally(() => admin.close())
  const reader = client.reader({ name: 'tail' })
  const remember = createMemory()
  const isWanted = createFilter(options)
  try {
    for await (const { records } of reader.read(positions, signal && { signal })) {
      for (const record of records) {
        const role = roles.get(record.topic)!
        if (role.kind !== 'outcomes' || isLikely(record, type)) {
          const tailed = toTailed(record, role, definition, remember)
          if (tailed && isWanted(tailed)) yield tailed
        }
      }
    }
  } finally {
    await reader.close()
  }
}

async function begin(
  admin: Admin,
  type: string,
  roles: ReadonlyMap<string, TopicRole>,
  from: TailOptions['from'],
): Promise<PartitionOffset[]> {
  const present = await admin.describeTopics([...roles.keys()])
  if (!present.some(({ topic }) => roles.get(topic)!.kind === 'lane')) {
    throw noTopicsOf(type)
  }
  const found = await Promise.all(
    present.map(async ({ topic }) => {
      const offsets =
        typeof from === 'number'
          ? await admin.offsetsForTime(topic, from)
          : (await admin.topicOffsets(topic)).map(({ partition, low, high }) => ({
              partition,
              offset: from === 'start' ? low : high,
            }))
      return offsets.map(({ partition, offset }) => ({ topic, partition, offset }))
    }),
  )
  return found.flat()
}

/** The books are those of all types. */
function isLikely({ value }: IncomingRecord, type: string): boolean {
  return value?.includes(type) ?? false
}

function toTailed(
  record: IncomingRecord,
  role: TopicRole,
  definition: EventDefinition,
  memory: Memory,
): TailedEvent | undefined {
  const { type } = definition
  const sighting = readSighting(record, role)
  const { topic, partition, offset, at, key, event, outcome } = sighting
  const place = { topic, partition, offset }
  if (role.kind === 'outcomes') {
    // A dead letter says more than the books say of it.
    if (outcome?.type !== type || !isEnd(outcome.outcome)) return undefined
    const { tenant, source, id, by, reason } = outcome
    const identity = { tenant, source, id }
    const known = memory.recall(identity)
    return {
      ...{ status: outcome.outcome, at, place, by, key: known?.key ?? null, event: identity },
      ...(known?.lane !== undefined && { lane: known.lane }),
      ...(reason !== undefined && { reason }),
    }
  }
  // Marks between dead letters, and tombstones, are about no event.
  if (record.value === null) return undefined
  const lane = role.kind === 'lane' ? role.lane : event?.priority
  if (event) memory.keep(event, { key, lane })
  return {
    ...{ status: statusOf(sighting), at, place, key },
    ...(lane !== undefined && { lane }),
    ...(role.kind !== 'lane' && { by: role.service }),
    ...(role.kind === 'retry' && { dueAt: at + role.delayMs }),
    ...(sighting.letter && { reason: reasonOf(sighting.letter) }),
    ...(event && {
      event: { tenant: event.tenant, source: event.source, id: event.id },
      data: redact(definition, event.data),
    }),
  }
}

function statusOf({ role, generation }: Sighting): Happening {
  if (role.kind === 'dead-letter') return 'dead-letter'
  if (role.kind === 'retry') return 'retried'
  return generation === '' ? 'stored' : 'redriven'
}

function reasonOf({ reason, errorType, errorMessage }: NonNullable<Sighting['letter']>): string {
  const error = [errorType, errorMessage].filter((part) => part !== '').join(': ')
  return error === '' ? reason : `${reason}, ${error}`
}

function isEnd(outcome: string): outcome is 'handled' | 'duplicate' | 'skipped' | 'filtered' {
  return ['handled', 'duplicate', 'skipped', 'filtered'].includes(outcome)
}

function createFilter({ lanes, keys, ids, statuses }: TailOptions): (tailed: TailedEvent) => boolean {
  return ({ lane, key, event, status }) =>
    (!lanes || (lane !== undefined && lanes.some((one) => one === lane))) &&
    (!keys || (key !== null && keys.includes(key))) &&
    (!ids || (event !== undefined && ids.includes(event.id))) &&
    (!statuses || statuses.includes(status))
}

type Known = { readonly key: string | null; readonly lane: string | undefined }
type Memory = { keep(identity: Identity, known: Known): void; recall(identity: Identity): Known | undefined }

/** The books know ids only: key and lane are those that were seen with the id lately. */
function createMemory(): Memory {
  const known = new Map<string, Known>()
  return {
    keep(identity, one) {
      const text = identityOf(identity)
      known.delete(text)
      known.set(text, one)
      if (known.size > REMEMBERED) known.delete(known.keys().next().value!)
    },
    recall: (identity) => known.get(identityOf(identity)),
  }
}

const REMEMBERED = 50_000
