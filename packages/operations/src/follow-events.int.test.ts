import { randomUUID } from 'node:crypto'
import {
  type CatalogueEntry,
  completeOutput,
  encodeEvent,
  fraudCheckRequested,
  orderPlaced,
} from '@sluice/events'
import { createKafkaJsClient, type OutgoingRecord, toDeadLetter } from '@sluice/kafka'
import { buildEvent, createPlannedTopics, uniqueName, waitFor } from '@sluice/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type TailedEvent, tail } from './tail.ts'
import { whereIs } from './where.ts'

// Types of its own: others use the same Kafka.
const type = uniqueName('order-placed')
const service = `${type}-service`
const placed: CatalogueEntry = { definition: { ...orderPlaced, type }, services: [service] }
const outputType = uniqueName('fraud-check')
const checked: CatalogueEntry = { definition: { ...fraudCheckRequested, type: outputType }, services: [] }
const entries = [placed, checked]

const client = createKafkaJsClient({
  brokers: inject('brokers').split(','),
  clientId: 'operations',
  connectTimeoutMs: 5000,
  requestTimeoutMs: 15_000,
})
const producer = client.producer({ name: 'operations' })

async function store(topic: string, partition: number, record: OutgoingRecord): Promise<void> {
  await waitFor(
    async () => (await producer.produce([{ topic, partition, records: [record] }]))[0]?.status === 'stored',
  )
}

beforeAll(() => createPlannedTopics(client, entries))
afterAll(() => producer.close())

test('an event is followed through real topics, and found with what became of it', async () => {
  const [good, bad] = [randomUUID(), randomUUID()].map((id) => ({ ...buildEvent(orderPlaced, { id }), type }))
  const lane = `events.${type}.normal`
  const following = new AbortController()
  const happened: TailedEvent[] = []
  const tailing = (async () => {
    const options = { client, entry: placed, from: 'start', signal: following.signal } as const
    for await (const tailed of tail(options)) happened.push(tailed)
  })()

  for (const event of [good!, bad!]) await store(lane, 1, { key: 'c-7', value: encodeEvent(event) })
  const output = completeOutput(
    fraudCheckRequested.from(good!, { orderId: 'o', customerId: 'c-7', total: good!.data.total }),
    0,
    service,
  )
  await store(`events.${outputType}.normal`, 0, {
    key: 'c-7',
    value: encodeEvent({ ...output, type: outputType }),
  })
  const admin = await client.admin()
  try {
    const record = await firstRecord(lane, 1, 1)
    const letter = toDeadLetter(
      record,
      { service, reason: 'poison', attempts: 1, firstFailedAt: Date.now(), error: new Error('no') },
      `events.${type}.${service}.dlq`,
    )
    await store(letter.topic, 0, { key: letter.key, value: letter.value, headers: letter.headers! })
    await admin.commitGroupOffsets(service, [{ topic: lane, partition: 1, offset: 2 }])
  } finally {
    await admin.close()
  }

  await waitFor(() => happened.length === 3)
  following.abort()
  await tailing
  expect(happened.map(({ status, event }) => `${status} ${event?.id}`).toSorted()).toEqual(
    [`stored ${good!.id}`, `stored ${bad!.id}`, `dead-letter ${bad!.id}`].toSorted(),
  )

  const since = Date.now() - 600_000
  const found = await whereIs({ client, entries, id: good!.id, since })
  expect(found.events).toMatchObject([
    {
      standings: [{ service, status: 'handled' }],
      seen: [{ topic: lane, partition: 1, offset: 0 }],
      outputs: [{ type: outputType, source: `/services/${service}`, standings: [] }],
    },
  ])
  const lost = await whereIs({ client, entries, id: bad!.id, since })
  expect(lost.events).toMatchObject([{ standings: [{ service, status: 'dead-letter' }] }])
  expect((await whereIs({ client, entries, id: randomUUID(), since })).searched.offsets).toBe(4)
})

async function firstRecord(topic: string, partition: number, offset: number) {
  const reader = client.reader({ name: 'first' })
  try {
    for await (const { records } of reader.read([{ topic, partition, offset }]))
      if (records[0]) return records[0]
    throw new Error('The read ended.')
  } finally {
    await reader.close()
  }
}
