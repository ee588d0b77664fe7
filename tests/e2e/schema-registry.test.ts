import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import library from '@kafkajs/confluent-schema-registry'
import {
  deadLetterTopic,
  encodeFramed,
  FRAMED_JSON,
  laneTopic,
  orderPlaced,
  PARTITIONS_PER_TYPE,
  schemaIdOf,
  schemaSubject,
} from '@sluice/events'
import { createKafkaJsClient, partitionOf } from '@sluice/kafka'
import {
  buildEvent,
  freePort,
  type LocalRegistry,
  startLocalRegistry,
  waitFor,
  whyNoRegistry,
} from '@sluice/testing'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'
import { type Found, readTopics, type TopicLog } from './topic-log.ts'

const { SchemaRegistry, SchemaType } = library
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const subject = schemaSubject('order-placed')
/** Processes take seconds to start when the machine is busy. */
const SLOW = { timeoutMs: 60_000 }
const obstacle = await whyNoRegistry(console.error)
if (obstacle !== undefined) console.error(`Nothing is tested with a schema registry. ${obstacle}`)

// One story, in order: each part goes on with what the one before it left.
describe.skipIf(obstacle !== undefined)('with a schema registry', () => {
  let dataDir: string
  let registry: LocalRegistry
  let system: System
  let log: TopicLog
  /** Another team's client, with the library's defaults. */
  let theirs: InstanceType<typeof SchemaRegistry>
  const gateways: ChildProcess[] = []

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'sluice-registry-'))
    registry = await startLocalRegistry({ dataDir, onProgress: console.error })
    theirs = new SchemaRegistry({ host: registry.url })
    system = await startSystem(inject('brokers'), { SCHEMA_REGISTRY_URL: registry.url })
    log = await readTopics(inject('brokers'), [
      ...['order-placed', 'stock-reserved'].flatMap((type) => [
        laneTopic(type, 'high'),
        laneTopic(type, 'normal'),
      ]),
      deadLetterTopic('order-placed', 'order-placed'),
    ])
  })

  afterAll(async () => {
    for (const gateway of gateways) gateway.kill('SIGKILL')
    await log?.close()
    await system?.stop()
    await registry?.stop()
    if (dataDir) await rm(dataDir, { recursive: true, force: true })
  })

  async function post(id: string): Promise<unknown> {
    const response = await fetch(`${system.ingest}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({
        specversion: '1.0',
        type: 'order-placed',
        id,
        source: '/registry',
        data: orderPlaced.example,
        shop: 'x',
      }),
    })
    return ((await response.json()) as { status: unknown }).status
  }
  const stored = (id: string): Promise<Found> => log.find((event) => event.id === id, `the order ${id}`)
  const output = (id: string): Promise<Found> =>
    log.find((event) => event.causationid === id, `what follows from ${id}`)

  /** As another producer would: the library frames, and the attributes are headers. */
  async function produce(id: string, schemaId: number): Promise<void> {
    const event = buildEvent(orderPlaced, { id, source: '/theirs' })
    const value = await theirs.encode(schemaId, event.data)
    const { headers, value: ours } = encodeFramed(event, schemaId)
    expect(value).toEqual(ours)
    const client = createKafkaJsClient({
      ...{ brokers: inject('brokers').split(','), clientId: 'theirs' },
      ...{ connectTimeoutMs: 3000, requestTimeoutMs: 10_000 },
    })
    const key = event.data.customer.id
    const producer = client.producer({ name: 'theirs' })
    const at = {
      topic: laneTopic('order-placed', 'normal'),
      partition: partitionOf(key, PARTITIONS_PER_TYPE),
    }
    await waitFor(async () => {
      const [outcome] = await producer.produce([{ ...at, records: [{ key, value, headers }] }])
      return outcome?.status === 'stored'
    })
    await producer.close()
  }

  async function readiness(admin: string): Promise<{ ok: boolean; text: string }> {
    const response = await fetch(`${admin}/readyz`)
    return { ok: response.ok, text: await response.text() }
  }

  async function startGateway() {
    const [port, adminPort] = [await freePort(), await freePort()]
    const env = {
      ...process.env,
      KAFKA_BROKERS: inject('brokers'),
      SCHEMA_REGISTRY_URL: registry.url,
      GATEWAY_PORT: String(port),
      ADMIN_PORT: String(adminPort),
    }
    const child = spawn(process.execPath, ['services/gateway/src/main.ts'], { cwd: ROOT, env })
    gateways.push(child)
    const output = { text: '' }
    child.stdout.on('data', (chunk) => (output.text += chunk))
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
    return { child, output, exit, admin: `http://127.0.0.1:${adminPort}` }
  }

  it('stores events and what follows from them framed, and the library reads both', async () => {
    const id = randomUUID()
    expect(await post(id)).toBe('accepted')
    for (const { event, record } of [await stored(id), await output(id)]) {
      expect(String(record.headers['content-type'])).toBe(FRAMED_JSON)
      expect(String(record.headers['ce_id'])).toBe(event.id)
      const registered = await theirs.getLatestSchemaId(schemaSubject(event.type))
      expect(schemaIdOf(record.value)).toBe(registered)
      expect(await theirs.decode(record.value!)).toEqual(event.data)
    }
    expect((await stored(id)).event).toMatchObject({
      source: '/registry',
      shop: 'x',
      tenant: 'default',
      data: orderPlaced.example,
    })
  })

  it('handles what another producer framed with the library', async () => {
    const id = randomUUID()
    await produce(id, await theirs.getLatestSchemaId(subject))
    expect((await output(id)).event).toMatchObject({ correlationid: id })
  })

  it('refuses no event and gives none up while the registry is down; what needs an unknown schema waits', async () => {
    const newer = { ...(await schemaOf(subject)), description: 'a newer version' }
    const { id: unseen } = await theirs.register(
      { type: SchemaType.JSON, schema: JSON.stringify(newer) },
      { subject },
    )
    await registry.kill()

    const known = randomUUID()
    expect(await post(known)).toBe('accepted')
    await output(known)

    const waiting = randomUUID()
    await produce(waiting, unseen)
    const admin = system.admin('order-placed')
    await waitFor(
      async () => (await readiness(admin)).text.includes('1 records wait for their schemas'),
      SLOW,
    )
    const gateway = await startGateway()
    await waitFor(
      async () => /schema registry .* does not answer/.test((await readiness(gateway.admin)).text),
      SLOW,
    )
    expect((await readiness(gateway.admin)).ok).toBe(false)

    registry = await startLocalRegistry({ dataDir, port: Number(new URL(registry.url).port) })
    expect((await output(waiting)).event).toMatchObject({ correlationid: waiting })
    await waitFor(async () => (await readiness(admin)).ok && (await readiness(gateway.admin)).ok, SLOW)
    gateway.child.kill('SIGTERM')
    expect(await gateway.exit).toBe(0)
    expect(
      log.all(deadLetterTopic('order-placed', 'order-placed')).map(({ event }) => event.id),
    ).not.toContain(waiting)
  })

  it('starts nothing whose schema is not registered, and registers none that is not compatible: both say why', async () => {
    const released = await schemaOf(subject)
    const { items: _, ...fields } = released['properties'] as Record<string, unknown>
    const required = (released['required'] as string[]).filter((name) => name !== 'items')
    await fetch(`${registry.url}/subjects/${subject}`, { method: 'DELETE' })
    const older = JSON.stringify({ ...released, properties: fields, required })
    await theirs.register({ type: SchemaType.JSON, schema: older }, { subject })

    const gateway = await startGateway()
    expect(await gateway.exit).toBe(1)
    expect(gateway.output.text).toContain('/items is new and required')

    const env = { ...process.env, KAFKA_BROKERS: inject('brokers'), SCHEMA_REGISTRY_URL: registry.url }
    const step = promisify(execFile)(process.execPath, ['tools/topics.ts'], { cwd: ROOT, env })
    await expect(step).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/BACKWARD(.|\n)*events\.order-placed(.|\n)*\/items is new and required/),
    })
  })

  /** As the registry gives it to anybody. */
  async function schemaOf(name: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${registry.url}/subjects/${name}/versions/latest`)
    return JSON.parse(((await response.json()) as { schema: string }).schema)
  }
})
