import { randomUUID } from 'node:crypto'
import { type CatalogueEntry, defineEvent, laneTopic, PARTITIONS_PER_TYPE } from '@sluice/events'
import { createKafkaJsClient, createPublisher, type IncomingRecord, partitionOf } from '@sluice/kafka'
import { rejectedFilters, surveyRejected } from '@sluice/operations'
import { createLogger, createMetrics, type Metrics } from '@sluice/telemetry'
import { createPlannedTopics, uniqueName, waitFor } from '@sluice/testing'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { z } from 'zod'
import { authenticateAnybody } from '../credentials/authenticate.ts'
import { createIdempotencyWindow } from '../idempotence/window.ts'
import { createIngest } from '../ingest.ts'
import { createOperations } from '../operations/server.ts'
import type { Result } from '../results.ts'
import { createActiveRules } from '../rules/active-rules.ts'
import { NO_RULES, planWith } from '../rules/rules-fixture.ts'
import { createServer } from '../server.ts'
import { createQuarantine } from './quarantine.ts'
import { createRejudge } from './rejudge.ts'

// The quarantine is one topic for all: what is asked of it here is about a type of its own.
const TYPE = uniqueName('thing-done').toLowerCase()
const LANE = laneTopic(TYPE, 'normal')
const TOKEN = 'a-token-of-sixteen-or-more'

const client = createKafkaJsClient({
  brokers: inject('brokers').split(','),
  clientId: 'quarantine',
  connectTimeoutMs: 5000,
  requestTimeoutMs: 15_000,
})
const closing: (() => Promise<unknown>)[] = []

/** The type as it was, and as it is once somebody has seen that amounts come as texts, too. */
const [strict, mended] = [z.int(), z.union([z.int(), z.stringFormat('digits', /^\d+$/)])].map(
  (amount, index): CatalogueEntry => ({
    definition: defineEvent({
      type: TYPE,
      version: index + 1,
      origin: 'producer',
      owner: 'tests',
      data: z.strictObject({ key: z.string(), amount }),
      key: ({ key }) => key,
      lanes: ['normal'],
      defaultPriority: 'normal',
      example: { key: 'k', amount: 1 },
    }),
    services: [],
  }),
) as [CatalogueEntry, CatalogueEntry]

/** A whole gateway, but for its sockets. */
async function startGateway(entry: CatalogueEntry) {
  const entries = [entry]
  const metrics = createMetrics('gateway')
  const log = createLogger({ service: 'gateway', level: 'silent' })
  const deliveryTimeoutMs = 10_000
  const publisher = createPublisher({
    ...{ client, lanes: ['high', 'normal', 'low'], deliveryTimeoutMs, maxBufferBytes: 1e7, metrics, log },
  })
  const quarantine = createQuarantine({
    client,
    entries,
    deliveryTimeoutMs,
    maxBufferBytes: 1e7,
    metrics,
    log,
  })
  const judged = {
    ...{ metrics, maxEventBytes: 512 * 1024, plans: planWith({ entries, rules: NO_RULES, metrics }) },
    partitionOf: (key: string) => partitionOf(key, PARTITIONS_PER_TYPE),
  }
  const server = createServer({
    ingest: createIngest({
      ...judged,
      publisher,
      window: createWindow(metrics),
      quarantine,
      outcomes: false,
      log,
    }),
    ...{
      entries,
      maxConnections: 100,
      maxBodyBytes: 1e6,
      maxBatchEvents: 100,
      publishTimeoutMs: 10_000,
      metrics,
      log,
    },
    maxEventBytes: 512 * 1024,
    authenticate: authenticateAnybody,
  })
  const rules = createActiveRules({ entries, metrics })
  rules.take(NO_RULES, { from: 'file', by: 'rules.yaml' })
  const operations = await createOperations({
    ...{ entries, kafka: client, token: TOKEN, metrics, log },
    decisions: { list: () => [], get: () => undefined },
    rules,
    rejudge: (options) =>
      createRejudge({ ...judged, ...options, entries, rules: rules.set, typesOf: () => '*' }),
  })
  closing.push(async () => {
    await Promise.all([server.close(), operations.stop(5000)])
    await Promise.all([publisher.close(), quarantine.close()])
  })

  async function ask(method: 'GET' | 'POST', url: string, body?: object) {
    const headers = { authorization: `Bearer ${TOKEN}` }
    const { payload } = await operations.server.inject({
      method,
      url,
      headers,
      ...(body && { payload: body }),
    })
    return JSON.parse(payload)
  }

  return {
    async post(events: readonly object[]) {
      const { payload } = await server.inject({ method: 'POST', url: '/v1/events', payload: events })
      return JSON.parse(payload)
    },
    /** The report of the job. */
    async redrive(options: object = {}) {
      const { id } = await ask('POST', '/v1/rejected/redrive', { filter: [`type=${TYPE}`], ...options })
      const job = await waitFor(async () => {
        const found = await ask('GET', `/v1/jobs/${id}`)
        return found.status === 'running' ? undefined : found
      })
      expect(job).toMatchObject({ status: 'done' })
      return job.report
    },
  }
}

/** What is kept of the type. */
function survey() {
  const parsed = rejectedFilters.parse([`type=${TYPE}`], 0)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return surveyRejected({ client, selection: parsed.selection, newest: 10 })
}

async function readLane(): Promise<{ record: IncomingRecord; event: Record<string, unknown> }[]> {
  const admin = await client.admin()
  const ends = await admin.topicOffsets(LANE).finally(() => admin.close())
  const at = (offsets: typeof ends, end: 'low' | 'high') =>
    offsets.map((one) => ({ topic: LANE, partition: one.partition, offset: one[end] }))
  const filled = ends.filter(({ low, high }) => low < high)
  const reader = client.reader({ name: 'lane' })
  const found = []
  for await (const { records } of reader.read(at(filled, 'low'), { to: at(filled, 'high') })) {
    for (const record of records) found.push({ record, event: JSON.parse(String(record.value)) })
  }
  await reader.close()
  return found
}

beforeAll(() => createPlannedTopics(client, [strict], { quarantine: true }))
afterAll(async () => {
  for (const close of closing) await close()
})

it('what a definition rejected is kept, and let in once when it is mended', async () => {
  const [good, text, wrong] = [randomUUID(), randomUUID(), randomUUID()]
  const event = (id: string, amount: unknown) => ({ type: TYPE, id, data: { key: 'k-1', amount } })
  const old = await startGateway(strict)
  const before = Date.now()
  expect(await old.post([event(text, '12'), event(wrong, 'much'), event(good, 1)])).toMatchObject({
    ...{ accepted: 1, rejected: 2 },
  })
  const after = Date.now()

  const kept = await waitFor(async () => {
    const found = await survey()
    return found.count === 2 ? found : undefined
  })
  expect(kept).toMatchObject({ waiting: 2, groups: [{ type: TYPE, code: 'schema', count: 2 }] })
  expect(kept.newest).toMatchObject([
    {
      ...{ id: text, code: 'schema', credential: 'anybody', tenant: 'default' },
      ...{ dataschema: `urn:sluice:${TYPE}:1`, errors: [{ pointer: '/data/amount' }] },
    },
    { id: wrong },
  ])

  // The definition is still the same: everything stays, and nothing is written.
  expect(await old.redrive()).toMatchObject({ selected: 2, stillRejected: 2, planned: 0, sent: 0 })
  expect(await survey()).toMatchObject({ count: 2, waiting: 2 })

  const next = await startGateway(mended)
  expect(await next.redrive({ dryRun: true })).toMatchObject({ planned: 1, sent: 0, stillRejected: 1 })
  expect(await next.redrive()).toMatchObject({
    ...{ selected: 2, planned: 1, sent: 1, stillRejected: 1 },
    reasons: [{ type: TYPE, code: 'schema', events: 1 }],
    routes: [{ topic: LANE, partition: partitionOf('k-1', PARTITIONS_PER_TYPE), events: 1 }],
  })
  expect(await next.redrive()).toMatchObject({ selected: 2, redrivenBefore: 1, planned: 0, sent: 0 })
  expect(await survey()).toMatchObject({ count: 2, waiting: 1 })

  const lane = await readLane()
  expect(lane.map(({ event: { id } }) => id)).toEqual([good, text])
  const [, { record, event: letIn }] = lane as [unknown, (typeof lane)[number]]
  expect(String(record.key)).toBe('k-1')
  expect(Object.keys(record.headers)).toEqual(['content-type'])
  expect(letIn).toMatchObject({
    ...{ tenant: 'default', source: '/producers/default', priority: 'normal' },
    ...{ dataschema: `urn:sluice:${TYPE}:2`, data: { key: 'k-1', amount: '12' } },
  })
  expect(Number(letIn['receivedat'])).toBeGreaterThanOrEqual(before)
  expect(Number(letIn['receivedat'])).toBeLessThanOrEqual(after)
})

it('a quarantine that is not there holds up nobody', async () => {
  const metrics = createMetrics('gateway')
  const nowhere = createKafkaJsClient({
    ...{ brokers: ['127.0.0.1:1'], clientId: 'nowhere', connectTimeoutMs: 500, requestTimeoutMs: 1000 },
  })
  const lines: string[] = []
  const log = createLogger({
    ...{ service: 'gateway', level: 'info', destination: { write: (line: string) => void lines.push(line) } },
  })
  const limit = 64 * 1024
  const quarantine = createQuarantine({
    ...{ client: nowhere, entries: [strict], deliveryTimeoutMs: 1000, maxBufferBytes: limit, metrics, log },
  })
  const ingest = createIngest({
    ...{
      plans: planWith({ entries: [strict], rules: NO_RULES, metrics }),
      partitionOf: () => 0,
      maxEventBytes: 1e6,
      outcomes: false,
      metrics,
      log,
    },
    ...{ publisher: { publish: () => expect.unreachable() }, quarantine, window: createWindow(metrics) },
  })
  const server = createServer({
    ...{
      ingest,
      entries: [strict],
      maxConnections: 100,
      maxBodyBytes: 1e7,
      maxBatchEvents: 1000,
      publishTimeoutMs: 1000,
    },
    maxEventBytes: 512 * 1024,
    ...{ metrics, log, authenticate: authenticateAnybody },
  })
  const payload = Array.from({ length: 1000 }, () => ({ type: TYPE, data: { key: 'x'.repeat(500) } }))
  const valueIn = async (pattern: RegExp) => Number(pattern.exec(await metrics.text())?.[1] ?? 0)
  for (let request = 0; request < 20; request++) {
    const { statusCode } = await server.inject({ method: 'POST', url: '/v1/events', payload })
    expect(statusCode).toBe(422)
    const waiting = await valueIn(/sluice_publish_buffer_bytes\{lane="quarantine".*\} (\d+)/)
    expect(waiting).toBeLessThanOrEqual(limit)
  }
  await server.close()
  await quarantine.close()
  const ends = await Promise.all(
    ['full', 'failed', 'unknown'].map((outcome) =>
      valueIn(new RegExp(`sluice_quarantine_events_total\\{outcome="${outcome}".*\\} (\\d+)`)),
    ),
  )
  expect(ends.reduce((sum, count) => sum + count)).toBe(20_000)
  expect(ends[0]).toBeGreaterThan(500)
  expect(lines.filter((line) => line.includes('not kept'))).toHaveLength(1)
})

function createWindow(metrics: Metrics) {
  return createIdempotencyWindow<Result>({ maxIds: 1000, maxAgeMs: 600_000, metrics })
}
