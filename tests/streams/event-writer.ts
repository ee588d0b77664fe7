import {
  type Event,
  type EventDefinition,
  type EventOf,
  encodeEvent,
  encodeFramed,
  laneTopic,
  PARTITIONS_PER_TYPE,
} from '@sluice/events'
import { createKafkaJsClient, type OutgoingRecord, partitionOf } from '@sluice/kafka'
import { type BuildEventOptions, buildEvent, uniqueName, waitFor } from '@sluice/testing'

/** Writes events to their lanes as the gateway does, but for their time on Kafka, which is what jobs go by. */
export type EventWriter = {
  write<Definition extends EventDefinition>(
    definition: Definition,
    at: number,
    options: BuildEventOptions<EventOf<Definition>['data']>,
    headers?: Record<string, string>,
  ): Promise<Event>
  /** As the gateway does where a schema registry is set. */
  writeFramed<Definition extends EventDefinition>(
    definition: Definition,
    at: number,
    options: BuildEventOptions<EventOf<Definition>['data']>,
  ): Promise<Event>
  /** A value of any kind, in the lane and partition of an event. */
  writeRaw(definition: EventDefinition, at: number, value: string | Buffer): Promise<void>
  close(): Promise<void>
}

/** Its last two bytes would be one letter in UTF-8. */
const SCHEMA_ID = 0xc3a9

export function createEventWriter(brokers: string): EventWriter {
  const client = createKafkaJsClient({
    brokers: brokers.split(','),
    clientId: 'streams-test',
    connectTimeoutMs: 3000,
    requestTimeoutMs: 10_000,
  })
  const producer = client.producer({ name: 'streams-test' })

  async function store(topic: string, key: string, record: Omit<OutgoingRecord, 'key'>): Promise<void> {
    const partition = partitionOf(key, PARTITIONS_PER_TYPE)
    await waitFor(async () => {
      const [outcome] = await producer.produce([{ topic, partition, records: [{ key, ...record }] }])
      return outcome?.status === 'stored'
    })
  }

  async function writeAs<Definition extends EventDefinition>(
    encode: (event: Event) => Pick<OutgoingRecord, 'value' | 'headers'>,
    definition: Definition,
    at: number,
    options: BuildEventOptions<EventOf<Definition>['data']>,
  ): Promise<Event> {
    const event = buildEvent(definition, {
      id: uniqueName('event'),
      time: new Date(at).toISOString(),
      ...options,
    })
    await store(laneTopic(definition.type, event.priority), definition.key(event.data), {
      ...encode(event),
      timestamp: at,
    })
    return event
  }

  return {
    write: (definition, at, options, headers) =>
      writeAs(
        (event) => ({
          value: encodeEvent(event),
          headers: { 'content-type': 'application/cloudevents+json', ...headers },
        }),
        definition,
        at,
        options,
      ),
    writeFramed: (definition, at, options) =>
      writeAs((event) => encodeFramed(event, SCHEMA_ID), definition, at, options),
    writeRaw: (definition, at, value) =>
      store(laneTopic(definition.type, definition.defaultPriority), definition.key(definition.example), {
        value,
        timestamp: at,
      }),
    close: () => producer.close(),
  }
}
