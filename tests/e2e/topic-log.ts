import { decodeEvent, type Event, isFramed } from '@sluice/events'
import { createKafkaJsClient, type Headers, type IncomingRecord } from '@sluice/kafka'
import { uniqueName, waitFor } from '@sluice/testing'

/** What topics hold, read from their start by a group of its own. */
export type TopicLog = {
  /** Waits until an event fits, and gives it back. */
  find(wanted: (event: Event, record: IncomingRecord) => boolean, describe: string): Promise<Found>
  all(topic?: string): readonly Found[]
  /** Stores a record like one that was found, but for its value. */
  write(like: IncomingRecord, value: string): Promise<void>
  close(): Promise<void>
}

export type Found = { readonly event: Event; readonly record: IncomingRecord }

/** What a record holds; nothing where that cannot be read: another test may have left that. */
function readEvent(record: IncomingRecord): Event | undefined {
  const { value } = record
  // A mark of a redrive has no value.
  if (value === null) return undefined
  if (isFramed(value)) return decodeEvent(record)
  try {
    return JSON.parse(value.toString())
  } catch {
    return undefined
  }
}

export async function readTopics(brokers: string, topics: readonly string[]): Promise<TopicLog> {
  const client = createKafkaJsClient({
    brokers: brokers.split(','),
    clientId: 'e2e',
    connectTimeoutMs: 3000,
    requestTimeoutMs: 10_000,
  })
  const producer = client.producer({ name: 'e2e' })
  const found: Found[] = []
  const consumer = client.consumer({ group: uniqueName('e2e'), topics, sessionTimeoutMs: 10_000 })
  await consumer.start({
    assigned() {},
    revoked() {},
    records(_partition, records) {
      for (const record of records) {
        const event = readEvent(record)
        if (event) found.push({ event, record })
      }
    },
    crashed(error) {
      throw error
    },
  })
  return {
    find: (wanted, describe) =>
      waitFor(() => found.find(({ event, record }) => wanted(event, record)), {
        timeoutMs: 30_000,
        describe,
      }),
    all: (topic) => found.filter(({ record }) => topic === undefined || record.topic === topic),
    async write({ topic, partition, key, headers }, value) {
      const records = [{ key, value, headers: headers as Headers }]
      await waitFor(async () => {
        const [outcome] = await producer.produce([{ topic, partition, records }])
        return outcome?.status === 'stored'
      })
    },
    close: async () => {
      await Promise.all([consumer.close(5000), producer.close()])
    },
  }
}
