import { type Identity, identityOf, outputId } from '@sluice/events'
import type { PartitionOffset } from '@sluice/kafka'
import type { Sighting } from './sighting.ts'
import type { TopicRole } from './topic-role.ts'

/**
 * How far one service has come with an event.
 * - `waiting`: in its lane, and the service has not committed it: it waits, or is in hand right now.
 * - `retrying`: it failed, and its copy has not been committed: it rests until `dueAt`, or is in hand.
 * - `dead-letter`: given up.
 * - `handled`: committed, and no dead letter or copy followed. Of an event whose first record was not found, because
 *   it is older than what was searched, it may mean that a repeat was dropped.
 * - `unknown`: no record of it was found that this service would read.
 */
export type Standing = {
  readonly service: string
  readonly status: 'waiting' | 'retrying' | 'dead-letter' | 'handled' | 'unknown'
  /** Records of its partition that come before it and are not committed; of what waits. */
  readonly ahead?: number
  /** Of a copy; milliseconds since the epoch. */
  readonly dueAt?: number
}

/** One event: where it was seen, how far each service has come with it, and what followed from it. */
export type EventTrace = Identity & {
  readonly type: string
  /** When the gateway took the first event of its chain; milliseconds since the epoch. Absent where only the books know it. */
  readonly receivedAt?: number
  readonly causationId?: string
  readonly correlationId?: string
  /** By time. */
  readonly seen: readonly Sighting[]
  /** Of each service that reads the type. */
  readonly standings: readonly Standing[]
  readonly outputs: readonly EventTrace[]
}

/**
 * Puts together what was seen of some events and of what followed from them.
 * @param wanted which of the events are asked for; the others appear as their outputs
 * @param committed the offset that a service has committed, -1 for none. It must have been asked for before the topics
 * were read to their ends: a service stores what follows from an event before it commits it
 */
export function traceEvents(
  sightings: readonly Sighting[],
  wanted: (identity: Identity & { readonly type: string }) => boolean,
  committed: (service: string, at: PartitionOffset) => number,
): EventTrace[] {
  const byIdentity = Map.groupBy(sightings, (one) => identityOf(identityIn(one)))
  const events = [...byIdentity.values()].map((seen) => seen.toSorted(byTime))
  const namesakes = Map.groupBy(events, (seen) => identityIn(seen[0]!).id)

  function trace(seen: readonly Sighting[], ancestors: ReadonlySet<string>): EventTrace {
    const { tenant, source, id, type } = identityIn(seen[0]!)
    const event = seen.find((one) => one.event)?.event
    const self = identityOf({ tenant, source, id })
    const line = new Set([...ancestors, self])
    const outputs = events.filter(
      (other) => !line.has(identityOf(identityIn(other[0]!))) && follows(other, seen),
    )
    return {
      ...{ tenant, source, id, type },
      ...(event && { receivedAt: Number(event.receivedat) }),
      ...(event?.causationid !== undefined && { causationId: event.causationid }),
      ...(event?.correlationid !== undefined && { correlationId: event.correlationid }),
      seen,
      standings: servicesOf(seen).map((service) => standingOf(service, seen, committed)),
      outputs: outputs.map((output) => trace(output, line)),
    }
  }

  /** An output names its cause by the id alone; where several events share that, its own id tells whose it is. */
  function follows(output: readonly Sighting[], cause: readonly Sighting[]): boolean {
    const made = output.find((one) => one.event)?.event
    const from = cause.find((one) => one.event)?.event
    if (!made || !from || made.causationid !== from.id || made.tenant !== from.tenant) return false
    if ((namesakes.get(from.id)?.length ?? 0) < 2) return true
    for (let index = 0; index < MAX_OUTPUTS; index++) {
      if (outputId(from, made.type, index) === made.id) return true
    }
    return false
  }

  return events.filter((seen) => wanted(identityIn(seen[0]!))).map((seen) => trace(seen, new Set()))
}

/** A handler that returns more of one event is not one that we have seen. */
const MAX_OUTPUTS = 1000

export function identityIn({ event, outcome }: Sighting): Identity & { readonly type: string } {
  const { tenant, source, id, type } = (event ?? outcome)!
  return { tenant, source, id, type }
}

function servicesOf(seen: readonly Sighting[]): string[] {
  const services = new Set<string>()
  for (const { role } of seen) {
    if (role.kind === 'lane') for (const service of role.services) services.add(service)
    if (role.kind === 'retry' || role.kind === 'dead-letter') services.add(role.service)
  }
  return [...services]
}

function standingOf(
  service: string,
  seen: readonly Sighting[],
  committed: (service: string, at: PartitionOffset) => number,
): Standing {
  const letters = seen.filter(({ role }) => role.kind === 'dead-letter' && role.service === service)
  // Of the same delivery only the first is handled; later ones are repeats.
  const deliveries = new Map<string, Sighting>()
  for (const one of seen) {
    const claim = `${one.hop} ${one.generation}`
    if (isFor(one, service) && !deliveries.has(claim)) deliveries.set(claim, one)
  }
  const last = [...deliveries.values()].at(-1)
  if (!last) return { service, status: letters.length > 0 ? 'dead-letter' : 'unknown' }
  const isLetterOfLast = ({ letter }: Sighting) => letter?.origin && isSamePlace(letter.origin, last.origin)
  if (letters.some(isLetterOfLast)) return { service, status: 'dead-letter' }
  const next = committed(service, last)
  if (last.offset < next) return { service, status: 'handled' }
  const ahead = last.offset - Math.max(0, next)
  if (last.role.kind !== 'retry') return { service, status: 'waiting', ahead }
  return { service, status: 'retrying', ahead, dueAt: last.at + last.role.delayMs }
}

function isFor({ role, target }: Sighting, service: string): boolean {
  if (role.kind === 'retry') return role.service === service
  return (
    role.kind === 'lane' && role.services.includes(service) && (target === undefined || target === service)
  )
}

function isSamePlace(a: PartitionOffset, b: PartitionOffset): boolean {
  return a.topic === b.topic && a.partition === b.partition && a.offset === b.offset
}

function byTime(a: Sighting, b: Sighting): number {
  return a.at - b.at || rank(a.role) - rank(b.role) || a.hop - b.hop || a.offset - b.offset
}

/** What happens in one millisecond happens in this order. */
function rank({ kind }: TopicRole): number {
  return ['lane', 'retry', 'dead-letter', 'outcomes'].indexOf(kind)
}
