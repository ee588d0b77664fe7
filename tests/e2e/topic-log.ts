import type { Event } from '@sluice/events'
import { createKafkaJsClient, type IncomingRecord } from '@sluice/kafka'
import { uniqueName, waitFor } from '@sluice/testing'

/** What topics hold, read from their start by a group of its own. */
export type TopicLog = {
  /** Waits until an event fits, and gives it back. */
  find(wanted: (event: Event, record: IncomingRecord) => boolean, describe: string): Promise<Found>
  all(topic?: string): readonly Found[]
  close(): Promise<void>
}

export type Found = { readonly event: Event; readonly record: IncomingRecord }

export async function readTopics(brokers: string, topics: readonly string[]): Promise<TopicLog> {
  const client = createKafkaJsClient({
    brokers: brokers.split(','),
    clientId: 'e2e',
    connectTimeoutMs: 3000,
    requestTimeoutMs: 10_000,
  })
  const found: Found[] = []
  const consumer = client.consumer({ group: uniqueName('e2e'), topics, sessionTimeoutMs: 10_000 })
  await consumer.start({
    assigned() {},
    revoked() {},
    records(_partition, records) {
      for (const record of records) found.push({ event: JSON.parse(String(record.value)) as Event, record })
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
    close: () => consumer.close(5000),
  }
}
