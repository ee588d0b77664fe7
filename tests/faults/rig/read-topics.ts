import { decodeEvent } from '@sluice/events'
import type { Admin, IncomingRecord, KafkaClient } from '@sluice/kafka'
import { uniqueName, waitFor } from '@sluice/testing'
import { kindOf } from '../books/accounts.ts'
import type { OutcomeRecord, StoredEvent, StoredRecord } from '../books/history.ts'

/** Everything that the topics hold, from offset 0 to where they end now, as data for the books. */
export async function readTopics(
  client: KafkaClient,
  admin: Admin,
  topics: readonly string[],
): Promise<StoredRecord[]> {
  const missing = new Map<string, number>()
  for (const topic of topics) {
    for (const { partition, low, high } of await admin.topicOffsets(topic)) {
      if (low > 0)
        throw new Error(`${topic} ${partition} begins at ${low}: it is too late to read everything.`)
      if (high > 0) missing.set(`${topic}/${partition}`, high)
    }
  }
  const records: StoredRecord[] = []
  if (missing.size === 0) return records
  let failure: Error | undefined
  const consumer = client.consumer({ group: uniqueName('faults-reader'), topics, sessionTimeoutMs: 30_000 })
  await consumer.start({
    assigned() {},
    revoked() {},
    records({ topic, partition }, batch, end) {
      for (const record of batch) records.push(toStored(record))
      const place = `${topic}/${partition}`
      if (end >= (missing.get(place) ?? 0)) missing.delete(place)
    },
    crashed(error) {
      failure = error
    },
  })
  try {
    await waitFor(() => failure !== undefined || missing.size === 0, {
      timeoutMs: 120_000,
      describe: () => `the topics to be read; missing ${[...missing.keys()].join(', ')}`,
    })
  } finally {
    await consumer.close(5000)
  }
  if (failure) throw failure
  return distinct(records)
}

/** A consumer may bring a record again. */
function distinct(records: readonly StoredRecord[]): StoredRecord[] {
  const seen = new Set<string>()
  return records.filter(({ topic, partition, offset }) => {
    const place = `${topic}/${partition}@${offset}`
    return seen.size !== seen.add(place).size
  })
}

function toStored(record: IncomingRecord): StoredRecord {
  const { topic, partition, offset, timestamp, key, value } = record
  const headers = Object.fromEntries(
    Object.entries(record.headers).flatMap(([name, held]) =>
      SHOWN.test(name) && held ? [[name, String(held)]] : [],
    ),
  )
  const place = { topic, partition, offset, timestamp, key: key === null ? null : key.toString(), headers }
  if (kindOf(topic).kind === 'outcome') {
    return { ...place, outcome: JSON.parse(String(value)) as OutcomeRecord }
  }
  const event = eventIn(value)
  return { ...place, ...(event && { event }) }
}

const SHOWN =
  /^(sluice-(hop|generation|service)|dlq-(original-(topic|partition|offset)|service|reason|attempts))$/

function eventIn(value: Buffer | null): StoredEvent | undefined {
  try {
    const { tenant, source, id, type, causationid, correlationid } = decodeEvent(value)
    return {
      ...{ tenant, source, id, type },
      ...(causationid !== undefined && { causationid }),
      ...(correlationid !== undefined && { correlationid }),
    }
  } catch {
    return undefined
  }
}
