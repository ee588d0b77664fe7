import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalogue, laneTopic, orderPlaced } from '@sluice/events'
import { createKafkaJsClient, type IncomingRecord, type KafkaClient } from '@sluice/kafka'
import { createPlannedTopics } from '@sluice/testing'
import { CloudEvent, HTTP, Kafka } from 'cloudevents'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createFleet, type Fleet } from '../faults/rig/fleet.ts'
import { findPorts } from '../faults/rig/ports.ts'

/** The SDKs post in every mode, and read from Kafka what the gateway made of it. */
const MODES = ['binary', 'structured', 'batch'] as const

/** A Python that has the SDK: `pip install cloudevents`. */
const PYTHON = process.env['CLOUDEVENTS_PYTHON'] ?? 'python3'
const hasPythonSdk = spawnSync(PYTHON, ['-c', 'import cloudevents.core.bindings.kafka']).status === 0

let folder: string
let client: KafkaClient
let fleet: Fleet
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-cloudevents-'))
  const brokers = inject('brokers')
  client = createKafkaJsClient({
    brokers: brokers.split(','),
    clientId: 'cloudevents-test',
    connectTimeoutMs: 3000,
    requestTimeoutMs: 10_000,
  })
  await createPlannedTopics(client, catalogue)
  const [gatewayPort] = (await findPorts(1)) as [number]
  fleet = createFleet({ brokersFor: () => brokers, gatewayPort, env: {}, logs: folder })
  await (await fleet.start('gateway')).ready()
  url = `http://127.0.0.1:${gatewayPort}`
})

afterAll(async () => {
  await fleet?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** `subject` shows whether text survives headers; the extension, whether they do. */
function makeAttributes(subject: string) {
  return {
    specversion: '1.0',
    id: randomUUID(),
    source: 'https://shop.example.com/berlin?till=7#a',
    type: 'order-placed',
    subject,
    time: '2026-11-24T10:30:00.250Z',
    datacontenttype: 'application/json',
    shopid: 'berlin-7',
  }
}

describe('the SDK for JavaScript', () => {
  test.each(MODES)('posts in %s mode and reads what was stored', async (mode) => {
    // It does not percent-encode headers.
    const attributes = makeAttributes(mode === 'binary' ? 'o-1001' : 'Bestellung für Zoë €')
    const event = new CloudEvent({ ...attributes, data: orderPlaced.example })
    const message = mode === 'binary' ? HTTP.binary(event) : HTTP.structured(event)
    const response = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers:
        mode === 'batch'
          ? { 'content-type': 'application/cloudevents-batch+json' }
          : (message.headers as Record<string, string>),
      body: mode === 'batch' ? JSON.stringify([event]) : (message.body as string),
    })
    expect(response.status).toBe(202)

    const { headers, value } = await findStored(attributes.id)
    const stored = Kafka.toEvent({ headers, value, body: value } as never) as CloudEvent<unknown>
    expect(stored.validate()).toBe(true)
    expect(stored.toJSON()).toMatchObject({ ...attributes, data: orderPlaced.example })
  })
})

describe(`the SDK for Python${hasPythonSdk ? '' : ` (skipped: ${PYTHON} has no module "cloudevents"; pip install cloudevents)`}`, () => {
  test.skipIf(!hasPythonSdk)('posts in every mode and reads what was stored', async () => {
    const cases = MODES.map((mode) => ({
      mode,
      attributes: makeAttributes('Bestellung "für" Zoë, 100 % €'),
      data: orderPlaced.example,
    }))
    expect(runPython(['post', url], cases)).toEqual([202, 202, 202])

    const records = await Promise.all(cases.map(({ attributes }) => findStored(attributes.id)))
    const read = runPython(['read'], records) as { attributes: { time: string }; data: unknown }[]
    for (const [index, { attributes, data }] of read.entries()) {
      const { time, ...said } = cases[index]!.attributes
      expect(attributes).toMatchObject(said)
      expect(Date.parse(attributes.time)).toBe(Date.parse(time))
      expect(data).toEqual(orderPlaced.example)
    }
  })
})

function runPython(command: readonly string[], input: unknown): unknown {
  const script = join(import.meta.dirname, 'cloudevents_sdk.py')
  const { status, stdout, stderr } = spawnSync(PYTHON, [script, ...command], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (status !== 0) throw new Error(`The script for Python ended with ${status}.\n${stderr}`)
  return JSON.parse(stdout)
}

/** The record of an order that was accepted, as a Kafka client hands it over. */
async function findStored(id: string): Promise<{ headers: Record<string, string>; value: string }> {
  const topic = laneTopic('order-placed', 'normal')
  const admin = await client.admin()
  const offsets = await admin.topicOffsets(topic)
  await admin.close()
  const reader = client.reader({ name: 'cloudevents-reader' })
  // Not parsed: another test may have written what is no JSON as a whole.
  const isWanted = ({ value }: IncomingRecord) => value?.includes(id) ?? false
  try {
    const from = offsets.map(({ partition, low }) => ({ topic, partition, offset: low }))
    const to = offsets.map(({ partition, high }) => ({ topic, partition, offset: high }))
    for await (const batch of reader.read(from, { to, signal: AbortSignal.timeout(30_000) })) {
      const found = batch.records.find(isWanted)
      if (!found) continue
      const headers = Object.entries(found.headers).map(([name, value]) => [name, String(value)])
      return { headers: Object.fromEntries(headers), value: String(found.value) }
    }
  } finally {
    await reader.close()
  }
  throw new Error(`${id} is not stored.`)
}
