import {
  GENERATION,
  HOP,
  identityOf,
  ORIGIN,
  REDELIVERY_PREFIX,
  readIdentity,
  SERVICE,
  textOf,
} from '@sluice/events'
import { type Headers, hasHeaderLike, type IncomingRecord, type RecordOrigin } from '@sluice/kafka'

/** What the headers of a record say about its being delivered again. */
export type Redelivery = {
  /** How many retry copies lead to it; 0: it is no copy. */
  readonly hop: number
  /** Which redrive or replay wrote it; empty: none did. */
  readonly generation: string
  /** The one service that it is for. */
  readonly service: string | undefined
  /** What it is a copy of. */
  readonly origin: Origin | undefined
}

/** Where an event was first read, and what became of it since. Times in milliseconds since the epoch. */
export type Origin = RecordOrigin & { readonly attempts: number; readonly firstFailedAt: number }

/** Of a record that comes for the first time, which nearly all do: no header is looked into. */
export const FIRST_DELIVERY: Redelivery = Object.freeze({
  hop: 0,
  generation: '',
  service: undefined,
  origin: undefined,
})

/** A header that does not make sense counts as absent: whoever wrote it, the event is to be handled. */
export function readRedelivery(record: IncomingRecord): Redelivery {
  if (!hasHeaderLike(record, REDELIVERY_PREFIX)) return FIRST_DELIVERY
  const { headers } = record
  const hop = Number(textOf(headers[HOP]) ?? 0)
  return {
    hop: Number.isSafeInteger(hop) && hop > 0 ? hop : 0,
    generation: textOf(headers[GENERATION]) ?? '',
    service: textOf(headers[SERVICE]),
    origin: readOrigin(textOf(headers[ORIGIN])),
  }
}

/**
 * What a service claims for a record: the identity of its event, and which delivery of it this is, so that a retry
 * copy or a redriven event is no repeat of what failed before. Repeats of the copy itself are.
 */
export function claimOf(identity: string, { hop, generation }: Redelivery): string {
  return hop === 0 && generation === '' ? identity : `${identity}\n${hop}\n${generation}`
}

/** What `service` has claimed for a record that it handled; undefined where it has claimed nothing. */
export function createIdentify(service: string) {
  return function identify(record: IncomingRecord): string | undefined {
    const redelivery = readRedelivery(record)
    if (isForAnother(redelivery, service)) return undefined
    const identity = readIdentity(record)
    return identity && claimOf(identityOf(identity), redelivery)
  }
}

export function isForAnother(redelivery: Redelivery, service: string): boolean {
  return redelivery.service !== undefined && redelivery.service !== service
}

/** The headers of a record's next retry copy: its own, and what this module reads of them. */
export function nextHopHeaders(
  { headers }: IncomingRecord,
  { hop }: Redelivery,
  service: string,
  { topic, partition, offset, timestamp, attempts, firstFailedAt }: Origin,
): Headers {
  return {
    ...(headers as Headers),
    [HOP]: String(hop + 1),
    [SERVICE]: service,
    [ORIGIN]: [topic, partition, offset, timestamp, attempts, firstFailedAt].join('/'),
  }
}

function readOrigin(text: string | undefined): Origin | undefined {
  if (text === undefined) return undefined
  const [topic, ...numbers] = text.split('/')
  const [partition, offset, timestamp, attempts, firstFailedAt] = numbers.map(Number)
  if (!topic || numbers.length !== 5 || !numbers.every((number) => /^\d+$/.test(number))) return undefined
  return {
    topic,
    partition: partition!,
    offset: offset!,
    timestamp: timestamp!,
    attempts: attempts!,
    firstFailedAt: firstFailedAt!,
  }
}
