import {
  type CatalogueEntry,
  completeOutput,
  deadLetterTopic,
  type Event,
  encodeEvent,
  fraudCheckRequested,
  HOP,
  laneTopic,
  ORIGIN,
  OUTCOMES_TOPIC,
  orderPlaced,
  planTopics,
  retryTopic,
  SERVICE,
} from '@sluice/events'
import { type IncomingRecord, type OutgoingRecord, type PartitionOffset, toDeadLetter } from '@sluice/kafka'
import { buildEvent, createMemoryBroker } from '@sluice/testing'

/** `order-placed` as the catalogue has it, but tried again out of order; and a type that follows from it. */
export const entries: readonly CatalogueEntry[] = [
  { definition: { ...orderPlaced, retry: 'unordered', retryDelays: ['5s'] }, services: ['order-placed'] },
  { definition: fraudCheckRequested, services: [] },
]

export const SERVICE_NAME = 'order-placed'
const TYPE = orderPlaced.type
const OUTPUT_DATA = { orderId: 'o-1', customerId: 'c-1', total: { amount: 200_000, currency: 'EUR' } }

/** The moment that the events of the tests were received, and a clock that begins there; milliseconds since the epoch. */
export const RECEIVED_AT = 1_767_323_045_000

/** A broker with the topics of `entries`, and what the gateway and a service would write into them. */
export function createWorld(options: { readonly outcomes?: boolean } = {}) {
  const topics = Object.fromEntries(
    planTopics(entries, options).map(({ topic, partitions }) => [topic, partitions]),
  )
  const broker = createMemoryBroker({ topics })
  let clock = RECEIVED_AT

  function append(topic: string, partition: number, record: OutgoingRecord): IncomingRecord {
    clock += 10
    broker.append({ topic, partition }, [{ ...record, timestamp: clock }])
    return broker.read(topic).findLast((one) => one.partition === partition)!
  }
  const recordOf = (event: Event, headers: OutgoingRecord['headers'] = {}) => ({
    ...{ key: 'c-7', value: encodeEvent(event), headers },
  })

  return {
    broker,
    client: broker.client(),
    order: (id: string, changes: Parameters<typeof buildEvent<typeof orderPlaced>>[1] = {}): Event =>
      buildEvent(orderPlaced, { id, ...changes }),
    /** What the handler makes of an order. */
    output: (cause: Event, index = 0): Event =>
      completeOutput(fraudCheckRequested.from(cause as never, OUTPUT_DATA), index, SERVICE_NAME),
    /** Into its lane, partition 1. */
    store: (event: Event, headers: OutgoingRecord['headers'] = {}) =>
      append(laneTopic(event.type, event.priority), 1, recordOf(event, headers)),
    retry: ({ topic, partition, offset, timestamp }: IncomingRecord, event: Event) =>
      append(
        retryTopic(TYPE, SERVICE_NAME, '5s'),
        1,
        recordOf(event, {
          [HOP]: '1',
          [SERVICE]: SERVICE_NAME,
          [ORIGIN]: `${topic}/${partition}/${offset}/${timestamp}/1/${timestamp}`,
        }),
      ),
    giveUp(record: IncomingRecord, origin?: IncomingRecord) {
      const topic = deadLetterTopic(TYPE, SERVICE_NAME)
      const error = new RangeError('no stock')
      const letter = {
        service: SERVICE_NAME,
        reason: 'handler',
        attempts: 3,
        firstFailedAt: clock,
        error,
      } as const
      return append(topic, 0, toDeadLetter(record, { ...letter, ...(origin && { origin }) }, topic))
    },
    book: ({ tenant, source, id, type }: Event, outcome: string) =>
      append(OUTCOMES_TOPIC, 0, {
        key: id,
        value: JSON.stringify({ tenant, source, id, type, by: SERVICE_NAME, outcome }),
      }),
    /** Any record, as another program may write it. */
    append,
    /** The service is through with everything before this. */
    async commit(...offsets: PartitionOffset[]) {
      const admin = await broker.client().admin()
      await admin.commitGroupOffsets(SERVICE_NAME, offsets)
    },
  }
}

export function after({ topic, partition, offset }: PartitionOffset): PartitionOffset {
  return { topic, partition, offset: offset + 1 }
}
