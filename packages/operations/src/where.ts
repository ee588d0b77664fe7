import { type CatalogueEntry, type Identity, isFramed, readAttribute } from '@sluice/events'
import type {
  Admin,
  IncomingRecord,
  KafkaClient,
  PartitionOffset,
  Reader,
  TopicPartition,
} from '@sluice/kafka'
import { readSighting, type Sighting } from './sighting.ts'
import { readSpan, spanOf } from './span.ts'
import { type TopicRole, topicRoles } from './topic-role.ts'
import { type EventTrace, traceEvents } from './trace.ts'
import { uuidTime } from './uuid-time.ts'

export type WhereOptions = {
  readonly client: KafkaClient
  readonly entries: readonly CatalogueEntry[]
  readonly id: string
  readonly source?: string | undefined
  readonly tenant?: string | undefined
  readonly type?: string | undefined
  /** How far back to look; milliseconds since the epoch. */
  readonly since: number
  readonly signal?: AbortSignal | undefined
  /** Offsets read and to be read, of the look that is going on. */
  readonly onProgress?: ((read: number, total: number) => void) | undefined
}

export type Whereabouts = {
  /** Several where the id alone does not tell which event is meant. */
  readonly events: readonly EventTrace[]
  /** Records that hold the id but no event that could be read. */
  readonly undecodable: readonly PartitionOffset[]
  readonly searched: { readonly since: number; readonly topics: number; readonly offsets: number }
}

/**
 * Finds an event by its id, and everything that followed from it, in the topics of the entries. Reads them from `since`
 * on to their present ends: first for the id itself, which every output of the event names too; then, for an event that
 * is an output itself, for the id that its chain began with; then in the books, where they are kept. Only records that
 * have the bytes of an id are looked into. What is written meanwhile is not seen.
 *
 * Not found does not mean that it never was: it may be older than `since`, or than what Kafka keeps.
 * @throws KafkaError; the signal's reason when it is aborted
 */
export async function whereIs(options: WhereOptions): Promise<Whereabouts> {
  const { client, entries, id, source, tenant, type, since } = options
  const roles = topicRoles(entries)
  const reader = client.reader({ name: 'where' })
  const admin = await client.admin()
  try {
    const committed = await readCommitted(admin, roles)
    const look = createLook(admin, reader, roles, options)
    const isWanted = (one: Identity & { readonly type: string }) =>
      one.id === id &&
      (source === undefined || one.source === source) &&
      (tenant === undefined || one.tenant === tenant) &&
      (type === undefined || one.type === type)

    await look.forIds(new Set([id]))
    const isOutput = ({ event }: Sighting) => event?.correlationid !== undefined && isWanted(event)
    const roots = new Set(
      look
        .found()
        .filter(isOutput)
        .map(({ event }) => event!.correlationid!),
    )
    roots.delete(id)
    if (roots.size > 0) await look.forIds(roots)
    await look.inBooks(new Set([id, ...look.found().flatMap(({ event }) => event?.id ?? [])]))

    const readable = look.found().filter(({ event, outcome }) => event ?? outcome)
    const undecodable = look.found().filter(({ event, outcome }) => !event && !outcome)
    return {
      events: traceEvents(readable, isWanted, committed),
      undecodable: undecodable.map(({ topic, partition, offset }) => ({ topic, partition, offset })),
      searched: { since, ...look.extent() },
    }
  } finally {
    await reader.close()
    await admin.close()
  }
}

/** Producers' clocks, and that of the gateway, may differ by this much. */
const CLOCK_SKEW_MS = 10 * 60_000

/** How far back to look for an id when nobody says: to the time that it carries (UUIDv7), or a day. */
export function defaultSince(id: string, now: number): number {
  return Math.min(now, uuidTime(id) ?? now - DAY_MS) - CLOCK_SKEW_MS
}

const DAY_MS = 24 * 60 * 60_000

/** The attributes that say which event it is, or follows from. */
const NAMING = ['id', 'causationid', 'correlationid'] as const

function createLook(
  admin: Admin,
  reader: Reader,
  roles: ReadonlyMap<string, TopicRole>,
  { since, signal, onProgress }: WhereOptions,
) {
  const found = new Map<string, Sighting>()
  const extent = { topics: 0, offsets: 0 }

  /** `mayBe` sees every record, and must be quick; `is` sees what is left. */
  async function look(
    topics: readonly string[],
    mayBe: (record: IncomingRecord) => boolean,
    is: (sighting: Sighting) => boolean,
  ): Promise<void> {
    const span = await spanOf(admin, topics, since)
    extent.topics = Math.max(extent.topics, span.topics)
    extent.offsets = Math.max(extent.offsets, span.offsets)
    const look = (record: IncomingRecord) => {
      if (!mayBe(record)) return
      const sighting = readSighting(record, roles.get(record.topic)!)
      if (is(sighting)) found.set(`${placeOf(record)}/${record.offset}`, sighting)
    }
    await readSpan(reader, span, look, { signal, onProgress })
  }

  return {
    /** Events with one of these ids, those that say that they follow from one, and what holds one but is no event. */
    forIds(ids: ReadonlySet<string>): Promise<void> {
      const needles = [...ids].map((id) => Buffer.from(JSON.stringify(id).slice(1, -1)))
      return look(
        topicsOf((kind) => kind !== 'outcomes'),
        (record) => {
          const { value } = record
          if (value === null) return false
          if (needles.some((needle) => value.includes(needle))) return true
          return isFramed(value) && NAMING.some((name) => ids.has(readAttribute(record.headers, name) ?? ''))
        },
        ({ event }) =>
          event === undefined || NAMING.some((name) => event[name] !== undefined && ids.has(event[name])),
      )
    },
    /** How events with one of these ids ended. Their ids are the keys. */
    inBooks: (ids: ReadonlySet<string>): Promise<void> =>
      look(
        topicsOf((kind) => kind === 'outcomes'),
        ({ key }) => key !== null && ids.has(key.toString()),
        ({ outcome }) => outcome !== undefined && ids.has(outcome.id),
      ),
    found: () => [...found.values()],
    extent: () => ({ ...extent }),
  }

  function topicsOf(is: (kind: TopicRole['kind']) => boolean): string[] {
    return [...roles].flatMap(([topic, { kind }]) => (is(kind) ? [topic] : []))
  }
}

/** What each service has committed in the topics that it reads. Of all of them at once, before anything is read. */
async function readCommitted(
  admin: Admin,
  roles: ReadonlyMap<string, TopicRole>,
): Promise<(service: string, at: PartitionOffset) => number> {
  const present = new Set((await admin.describeTopics([...roles.keys()])).map(({ topic }) => topic))
  const committed = new Map<string, number>()
  const reads = [...roles].flatMap(([topic, role]) => {
    if (!present.has(topic)) return []
    if (role.kind === 'lane') return role.services.map((service) => ({ service, topic }))
    return role.kind === 'retry' ? [{ service: role.service, topic }] : []
  })
  await Promise.all(
    reads.map(async ({ service, topic }) => {
      for (const { partition, offset } of await admin.groupOffsets(service, topic))
        committed.set(`${service} ${placeOf({ topic, partition })}`, offset)
    }),
  )
  return (service, at) => committed.get(`${service} ${placeOf(at)}`) ?? -1
}

function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
