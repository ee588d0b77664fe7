import { type CatalogueEntry, catalogue, orderPlaced, stockReserved } from '@sluice/events'
import type { RejectedEvent, Rejudgement } from '@sluice/operations'
import { createMetrics } from '@sluice/telemetry'
import { describe, expect, it } from 'vitest'
import { botView } from '../gateway-fixture.ts'
import { NO_RULES, OWN_RULES } from '../rules/rules-fixture.ts'
import { createRejudge } from './rejudge.ts'

const AT = Date.UTC(2026, 10, 24)
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const rejected: RejectedEvent = {
  ...{ offset: 0, at: AT, id: 'made-by-the-gateway', type: 'order-placed', code: 'schema', errors: [] },
  ...{ credential: 'shop', tenant: 'acme', source: '/shop', maxPriority: 'high' },
  ...{ dataschema: undefined, traceparent: TRACE },
}

function rejudge(
  posted: unknown,
  options: { entries?: readonly CatalogueEntry[]; notAllowed?: boolean; types?: readonly string[] } = {},
): Rejudgement {
  const judge = createRejudge({
    entries: options.entries ?? catalogue,
    rules: () => (options.entries ? NO_RULES : OWN_RULES),
    partitionOf: () => 2,
    maxEventBytes: 2000,
    metrics: createMetrics('test'),
    notAllowed: options.notAllowed ?? false,
    typesOf: (name) => (options.types ? new Set(name === 'shop' ? options.types : []) : '*'),
  })
  return judge(rejected, Buffer.from(typeof posted === 'string' ? posted : JSON.stringify(posted)))
}

function letIn(judgement: Rejudgement) {
  expect(judgement).toHaveProperty('record')
  const { record } = judgement as Extract<Rejudgement, { record: unknown }>
  return { ...record, event: JSON.parse(String(record.value)) }
}

describe('an event that passes today', () => {
  it('is what it would have been: its id, tenant, source, time and trace', () => {
    const { event, topic, partition, key } = letIn(
      rejudge({ type: 'order-placed', data: orderPlaced.example }),
    )
    expect({ topic, partition, key }).toEqual({
      ...{ topic: 'events.order-placed.normal', partition: 2, key: orderPlaced.example.customer.id },
    })
    expect(event).toMatchObject({
      ...{ id: 'made-by-the-gateway', tenant: 'acme', source: '/shop', receivedat: String(AT) },
      ...{ time: '2026-11-24T00:00:00.000Z', traceparent: TRACE, data: orderPlaced.example },
    })
  })

  it('keeps what the producer said of it', () => {
    const own = { id: 'mine', source: '/mine', time: '2020-01-01T00:00:00Z', priority: 'high' }
    const bare = letIn(rejudge({ type: 'order-placed', ...own, data: orderPlaced.example }))
    expect(bare.event).toMatchObject({ ...own, tenant: 'acme' })
    expect(bare.topic).toBe('events.order-placed.high')
    const posted = { specversion: '1.0', type: 'order-placed', ...own, shop: 'x', data: orderPlaced.example }
    expect(letIn(rejudge(posted)).event).toMatchObject({ ...own, shop: 'x' })
  })

  it('may be filtered', () => {
    expect(rejudge(botView)).toEqual({ filteredBy: 'rule:bots' })
  })
})

describe('an event that does not pass', () => {
  it.each<[string, unknown, string, string]>([
    ['its data', { type: 'order-placed', data: {} }, 'schema', '/data'],
    ['its type', { type: 'order-place', data: {} }, 'unknown-type', 'order-placed'],
    ['its members', { type: 'order-placed', data: {}, more: 1 }, 'invalid-event', '/more'],
    ['its text', { type: 'order-placed', data: { a: '\ud83d' } }, 'invalid-event', '/data/a'],
    ['its size', { type: 'order-placed', data: withItems(100) }, 'event-too-large', '2000'],
    ['what no gateway wrote', '{"__proto__": 1, "type": 1}', 'forbidden-key', '__proto__'],
    ['what is no JSON', 'x', 'invalid-json', 'not JSON'],
    ['nothing', '', 'empty-body', 'empty'],
  ])('is told by %s', (_, posted, code, detail) => {
    expect(rejudge(posted)).toMatchObject({ code, detail: expect.stringContaining(detail) })
  })

  it('is one of a type that is derived, unless such are asked for', () => {
    const posted = { type: 'stock-reserved', data: stockReserved.example }
    expect(rejudge(posted)).toMatchObject({ code: 'not-allowed' })
    expect(letIn(rejudge(posted, { notAllowed: true })).topic).toBe('events.stock-reserved.normal')
  })

  it('is let in only if its credential may post it today, or an operator says so', () => {
    const posted = { type: 'order-placed', data: orderPlaced.example }
    expect(rejudge(posted, { types: ['page-viewed'] })).toMatchObject({ code: 'not-allowed' })
    expect(rejudge(posted, { types: ['order-placed'] })).toHaveProperty('record')
    expect(rejudge(posted, { types: [], notAllowed: true })).toHaveProperty('record')
  })

  it('fails alone when its definition throws', () => {
    const broken = {
      ...orderPlaced,
      key: () => {
        throw new Error('no key')
      },
    }
    const entries = [{ definition: broken, services: [] }]
    expect(rejudge({ type: 'order-placed', data: orderPlaced.example }, { entries })).toEqual({
      ...{ code: 'internal', detail: 'no key' },
    })
  })
})

function withItems(count: number) {
  return { ...orderPlaced.example, items: Array(count).fill(orderPlaced.example.items[0]) }
}
