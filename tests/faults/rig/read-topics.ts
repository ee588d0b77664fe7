import { decodeEvent } from '@sluice/events'
import type { Admin, IncomingRecord, KafkaClient, PartitionOffset } from '@sluice/kafka'
import { kindOf } from '../books/accounts.ts'
import type { OutcomeRecord, StoredEvent, StoredRecord } from '../books/history.ts'

/** Everything that the topics hold, from offset 0 to where they end now, as data for the books. */
export async function readTopics(
  client: KafkaClient,
  admin: Admin,
  topics: readonly string[],
): Promise<StoredRecord[]> {
  const from: PartitionOffset[] = []
  const to: PartitionOffset[] = []
  for (const topic of topics) {
    for (const { partition, low, high } of await admin.topicOffsets(topic)) {
      if (low > 0)
        throw new Error(`${topic} ${partition} begins at ${low}: it is too late to read everything.`)
      from.push({ topic, partition, offset: low })
      to.push({ topic, partition, offset: high })
    }
  }
  const records: StoredRecord[] = []
  const reader = client.reader({ name: 'faults-reader' })
  const patience = AbortSignal.timeout(PATIENCE_MS)
  try {
    for await (const batch of reader.read(from, { to, signal: patience }))
      for (const record of batch.records) records.push(toStored(record))
  } finally {
    await reader.close()
  }
  if (patience.aborted) throw new Error(`The topics could not be read to their ends in ${PATIENCE_MS} ms.`)
  return records
}

/** Bounds a failure, never a success. */
const PATIENCE_MS = 120_000

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
  const event = eventIn(record)
  return { ...place, ...(event && { event }) }
}

const SHOWN =
  /^(sluice-(hop|generation|service)|dlq-(original-(topic|partition|offset)|service|reason|attempts|replay-count|redriven))$/

function eventIn(record: IncomingRecord): StoredEvent | undefined {
  try {
    const { tenant, source, id, type, causationid, correlationid } = decodeEvent(record)
    return {
      ...{ tenant, source, id, type },
      ...(causationid !== undefined && { causationid }),
      ...(correlationid !== undefined && { correlationid }),
    }
  } catch {
    return undefined
  }
}
