import { deadLetterTopic, type Event, encodeEvent, laneTopic, orderPlaced } from '@sluice/events'
import { type IncomingRecord, type OutgoingRecord, partitionOf, toDeadLetter } from '@sluice/kafka'
import { buildEvent } from '@sluice/testing'
import { type DeadLetterQueue, findDeadLetterQueue } from '../src/dead-letter-queue.ts'

/** The queue that the tests of this package look into. */
export const QUEUE = findDeadLetterQueue(
  [{ definition: orderPlaced, services: ['order-placed'] }],
  'order-placed',
) as DeadLetterQueue
export const DLQ = deadLetterTopic('order-placed', 'order-placed')
export const LANE = laneTopic('order-placed', 'normal')
export const PARTITIONS: ReadonlyMap<string, number> = new Map(
  orderPlaced.lanes.map((lane) => [laneTopic('order-placed', lane), 3]),
)

/** An event of a customer, as it stands in the lane. */
export function laneRecord(n: number, changes: Partial<IncomingRecord> = {}): IncomingRecord {
  const key = `c-${n % 7}`
  const event: Event = buildEvent(orderPlaced, { id: `o-${n}` })
  return {
    topic: LANE,
    partition: partitionOf(key, 3),
    offset: n,
    timestamp: 1_764_000_000_000 + n,
    key: Buffer.from(key),
    value: Buffer.from(encodeEvent(event)),
    headers: { 'content-type': Buffer.from('application/cloudevents+json') },
    bytes: 0,
    ...changes,
  }
}

/** How the service gives a record up: as a handler's error, or as told. */
export function giveUp(
  record: IncomingRecord,
  {
    reason = 'handler',
    error = new RangeError('no such account'),
  }: Partial<Parameters<typeof toDeadLetter>[1]> = {},
): OutgoingRecord {
  const { key, value, headers } = toDeadLetter(
    record,
    { service: 'order-placed', reason, attempts: 5, firstFailedAt: 1_764_000_000_000, error },
    DLQ,
  )
  return { key, value, headers: headers! }
}

/** What was written, as a reader gets it. */
export function arrived(record: OutgoingRecord, at: Partial<IncomingRecord> = {}): IncomingRecord {
  const bytesOf = (held: unknown) => (held === null ? null : Buffer.from(held as Uint8Array))
  return {
    topic: DLQ,
    partition: 0,
    offset: 0,
    timestamp: 1_764_000_100_000,
    key: bytesOf(record.key) as Buffer | null,
    value: bytesOf(record.value) as Buffer | null,
    headers: Object.fromEntries(
      Object.entries(record.headers ?? {}).map(([name, held]) => [
        name,
        Array.isArray(held) ? held.map((one) => bytesOf(one) as Buffer) : (bytesOf(held) as Buffer),
      ]),
    ),
    bytes: 0,
    ...at,
  }
}
