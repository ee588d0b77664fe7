import { catalogue, orderPlaced, planTopics, REJECTED_TOPIC } from '@sluice/events'
import { readRejectedEvent } from '@sluice/operations'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { createMemoryBroker, waitFor } from '@sluice/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { createTestGateway, NOW } from '../gateway-fixture.ts'
import { createQuarantine, type Quarantine } from './quarantine.ts'

const open: Quarantine[] = []
afterEach(async () => {
  for (const quarantine of open.splice(0)) await quarantine.close()
})

function setup(options: { maxBufferBytes?: number; topic?: boolean; maxEventBytes?: number } = {}) {
  const broker = createMemoryBroker()
  for (const { topic, partitions, maxBatchBytes } of planTopics([], { quarantine: true })) {
    if (options.topic !== false)
      broker.createTopic(topic, partitions, { 'max.message.bytes': String(maxBatchBytes) })
  }
  const lines: string[] = []
  const metrics = createMetrics('gateway')
  const quarantine = createQuarantine({
    client: broker.client(),
    entries: catalogue,
    maxBufferBytes: options.maxBufferBytes ?? 4 * 1024 * 1024,
    deliveryTimeoutMs: 200,
    metrics,
    log: createLogger({
      service: 'gateway',
      level: 'info',
      destination: { write: (line: string) => void lines.push(line) },
    }),
  })
  open.push(quarantine)
  const gateway = createTestGateway({
    quarantine,
    ...(options.maxEventBytes !== undefined && { maxEventBytes: options.maxEventBytes }),
  })
  return {
    broker,
    quarantine,
    lines,
    ...gateway,
    kept: () => broker.read(REJECTED_TOPIC),
    /** How many events ended like this, or like one of these: `full|failed`. */
    async counted(outcomes: string): Promise<number> {
      const cells = new RegExp(
        `^sluice_quarantine_events_total\\{outcome="(?:${outcomes})".*\\} (\\d+)$`,
        'gm',
      )
      return [...(await metrics.text()).matchAll(cells)].reduce((sum, [, count]) => sum + Number(count), 0)
    },
  }
}

const bad = (id?: string) => ({
  type: 'order-placed',
  ...(id !== undefined && { id }),
  data: { ...orderPlaced.example, items: [] },
})

describe('a rejected event is kept', () => {
  it('as it was posted, with why and whose it was', async () => {
    const { post, kept } = setup()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const { status, json } = await post(bad(), { traceparent })
    expect(status).toBe(422)
    await waitFor(() => kept().length > 0)
    const [record] = kept()
    expect(JSON.parse(String(record!.value))).toEqual(bad())
    expect(readRejectedEvent(record!)).toEqual({
      offset: 0,
      at: NOW,
      id: json.id,
      type: 'order-placed',
      code: 'schema',
      errors: json.errors,
      credential: 'anybody',
      tenant: 'default',
      source: '/producers/default',
      maxPriority: 'high',
      dataschema: 'urn:sluice:order-placed:1',
      traceparent,
    })
  })

  it.each<[string, unknown, Record<string, string>, string]>([
    ['of an unknown type', { type: 'nothing-known', data: {} }, {}, 'unknown-type'],
    ['that is derived', { type: 'stock-reserved', data: {} }, {}, 'not-allowed'],
    ['that is malformed', { data: {} }, {}, 'invalid-event'],
    [
      'in binary mode',
      {},
      { 'ce-id': '1', 'ce-source': '/s', 'ce-specversion': '1.0', 'ce-type': 'order-placed' },
      'schema',
    ],
  ])('%s', async (_, body, headers, code) => {
    const { post, kept } = setup()
    expect((await post(body, headers)).json.code).toBe(code)
    await waitFor(() => kept().length > 0)
    expect(readRejectedEvent(kept()[0]!)?.code).toBe(code)
  })

  it('alone of its batch, and once', async () => {
    const { post, kept } = setup()
    await post([{ type: 'order-placed', id: 'good', data: orderPlaced.example }, bad('a'), 1, bad('b')])
    await waitFor(() => kept().length >= 2)
    expect(kept().map((record) => readRejectedEvent(record)?.id)).toEqual(['a', 'b'])
  })

  it('though it is too large for its lane, as far as the topic takes it', async () => {
    const { post, kept, counted } = setup({ maxEventBytes: 2000 })
    const [item] = orderPlaced.example.items
    const large = { ...bad('a'), data: { ...orderPlaced.example, items: Array(50).fill(item) } }
    await post([large, { ...bad('b'), data: { note: 'x'.repeat(1024 * 1024) } }])
    await waitFor(() => kept().length > 0)
    expect(kept().map((record) => readRejectedEvent(record)?.code)).toEqual(['event-too-large'])
    expect(await counted('too-large')).toBe(1)
  })

  it.each<[string, unknown, Record<string, string>]>([
    ['no JSON', '{"type":', {}],
    ['no object', '[1, null, "x", [[]]]', {}],
    ['headers that contradict each other', {}, { 'ce-data': '1', 'ce-id': '1' }],
    ['accepted', { type: 'order-placed', data: orderPlaced.example }, {}],
  ])('unless it is %s', async (_, body, headers) => {
    const { post, kept, quarantine, counted } = setup()
    await post(body, headers)
    await new Promise(setImmediate)
    await quarantine.close()
    expect(kept()).toEqual([])
    expect(await counted('kept')).toBe(0)
  })
})

describe('the quarantine costs nobody else anything', () => {
  it('while Kafka is away: answers come, what does not fit is dropped and counted', async () => {
    const { post, broker, counted, lines, kept } = setup({ maxBufferBytes: 64 * 1024 })
    const restore = broker.outage()
    const batch = Array.from({ length: 1000 }, (_, n) => bad(`e-${n}`))
    for (let request = 0; request < 5; request++) expect((await post(batch)).status).toBe(422)
    await waitFor(async () => (await counted('full|failed|unknown')) === 5000)
    // Those of one request come at once.
    expect(await counted('full')).toBeGreaterThan(500)
    expect(lines.filter((line) => line.includes('not kept'))).toHaveLength(1)
    restore()
    // The budget is free again.
    await waitFor(async () => {
      await post(bad('later'))
      return (await counted('kept')) > 0
    })
    expect(readRejectedEvent(kept()[0]!)?.id).toBe('later')
    expect(lines.at(-1)).toContain('kept again')
  })

  it('where its topic is missing: a metric counts it, one line says so', async () => {
    const { post, counted, lines } = setup({ topic: false })
    for (let request = 0; request < 3; request++) {
      expect((await post([bad('a'), bad('b')])).status).toBe(422)
      await waitFor(async () => (await counted('failed|unknown')) === 2 * (request + 1))
    }
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('npm run topics')
    expect(lines[0]).not.toContain('customer')
  })
})
