import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { orderPlaced, shipmentDelayed } from '@sluice/events'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { botView, createTestGateway, NOW } from './gateway-fixture.ts'
import { NO_RULES, OWN_RULES } from './rules/rules-fixture.ts'

const order = { type: 'order-placed', data: orderPlaced.example }
const cloudEvent = {
  specversion: '1.0',
  id: '1',
  source: '/shop',
  type: 'order-placed',
  data: orderPlaced.example,
}
const STRUCTURED = { 'content-type': 'application/cloudevents+json' }
const BATCH = { 'content-type': 'application/cloudevents-batch+json' }
const TRACE = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`

test('one event is stored whole and answered as accepted', async () => {
  const gateway = createTestGateway()
  const response = await gateway.post({ ...order, id: 'o-1' }, { traceparent: TRACE })
  expect(response.status).toBe(202)
  expect(response.headers['content-type']).toBe('application/json')
  expect(response.json).toEqual({
    index: 0,
    id: 'o-1',
    type: 'order-placed',
    status: 'accepted',
    priority: 'normal',
    decidedBy: 'default',
  })
  expect(gateway.published).toMatchObject([
    {
      lane: 'normal',
      topic: 'events.order-placed.normal',
      key: 'c-7',
      headers: { 'content-type': 'application/cloudevents+json' },
    },
  ])
  expect(gateway.stored()).toEqual([
    {
      specversion: '1.0',
      id: 'o-1',
      source: '/producers/default',
      type: 'order-placed',
      time: '2026-11-24T12:30:15.123Z',
      datacontenttype: 'application/json',
      dataschema: 'urn:sluice:order-placed:1',
      priority: 'normal',
      receivedat: String(NOW),
      tenant: 'default',
      traceparent: TRACE,
      data: orderPlaced.example,
    },
  ])
})

test('an event without an id gets one, which the answer names', async () => {
  const gateway = createTestGateway()
  const { json } = await gateway.post(order)
  expect(json.id).toMatch(/^[0-9a-f-]{14}7/)
  expect(gateway.stored()[0].id).toBe(json.id)
})

test('a wrong traceparent of the request is not passed on', async () => {
  const gateway = createTestGateway()
  await gateway.post(order, { traceparent: 'nonsense' })
  expect(gateway.stored()[0]).not.toHaveProperty('traceparent')
})

test('CloudEvents structured mode keeps what the producer said', async () => {
  const gateway = createTestGateway()
  const said = {
    time: '2026-11-24T10:00:00Z',
    subject: 'o-1001',
    traceparent: TRACE,
    correlationid: 'cart-9',
    shopid: 'berlin',
  }
  const response = await gateway.post({ ...cloudEvent, ...said, priority: 'high' }, STRUCTURED)
  expect(response.json).toMatchObject({ status: 'accepted', priority: 'high', decidedBy: 'producer' })
  expect(gateway.stored()[0]).toMatchObject({ id: '1', source: '/shop', priority: 'high', ...said })
})

test('CloudEvents batch', async () => {
  const gateway = createTestGateway()
  const response = await gateway.post([cloudEvent, { ...cloudEvent, id: '2' }], BATCH)
  expect(response.status).toBe(202)
  expect(response.json).toMatchObject({ accepted: 2, rejected: 0 })
  expect(gateway.stored().map(({ id }) => id)).toEqual(['1', '2'])
})

test('CloudEvents binary mode: attributes in headers, percent-decoded, the body is the data', async () => {
  const gateway = createTestGateway()
  const response = await gateway.post(orderPlaced.example, {
    'ce-specversion': '1.0',
    'ce-id': 'caf%C3%A9',
    'ce-source': '/shop',
    'ce-subject': '"shop \\"1\\""',
    'ce-type': 'order-placed',
    'ce-priority': 'high',
    'ce-shopid': 'berlin',
  })
  expect(response.json).toMatchObject({ id: 'café', status: 'accepted', priority: 'high' })
  expect(gateway.stored()[0]).toMatchObject({ id: 'café', subject: 'shop "1"', shopid: 'berlin' })
})

const binary = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 'order-placed' }

test.each([
  ['no id', { ...binary, 'ce-id': '' }, '/id', /ce-id.*empty/],
  ['no type', { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s' }, '/type', /ce-type.*missing/],
  ['another version', { ...binary, 'ce-specversion': '0.3' }, '/specversion', /ce-specversion.*"1.0"/],
  ['a wrong time', { ...binary, 'ce-time': 'noon' }, '/time', /ce-time.*RFC 3339/],
  ['broken percent-encoding', { ...binary, 'ce-subject': '%E2%82' }, '/subject', /ce-subject.*percent/],
  ['a name that is none', { ...binary, 'ce-shop_id': 'x' }, '/shop_id', /ce-shop_id.*attribute/],
  ['data in a header', { ...binary, 'ce-data': '{}' }, '/data', /ce-data.*attribute/],
  ['a wrong priority', { ...binary, 'ce-priority': 'urgent' }, '/priority', /ce-priority.*high, normal, low/],
])('binary mode with %s is a precise 400', async (_what, headers, pointer, detail) => {
  const { status, json } = await createTestGateway().post(orderPlaced.example, headers)
  expect(status).toBe(400)
  expect(json).toMatchObject({ code: 'invalid-event', outcome: 'rejected' })
  expect(json.errors).toEqual([{ pointer, detail: expect.stringMatching(detail) }])
})

test('binary mode with an attribute that stands twice is a precise 400, not an id made of two', async () => {
  const port = await listen(createTestGateway())
  const body = JSON.stringify(orderPlaced.example)
  const answer = await talk(
    port,
    `POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n` +
      `ce-specversion: 1.0\r\nce-source: /s\r\nce-type: order-placed\r\nce-id: a\r\nCE-ID: b\r\n\r\n${body}`,
  )
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  const { code, errors } = JSON.parse(answer.split('\r\n\r\n')[1]!)
  expect(code).toBe('invalid-event')
  expect(errors).toEqual([{ pointer: '/id', detail: 'The header "ce-id" stands more than once.' }])
})

const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const large = { ...orderPlaced.example, items: Array(500).fill({ sku: 'x'.repeat(128), quantity: 1 }) }

test.each<[string, unknown, Record<string, string>, number, string]>([
  ['JSON that is none', '{"type": order}', {}, 400, 'invalid-json'],
  ['JSON that is cut off', '{"type": "order-placed"', {}, 400, 'invalid-json'],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), {}, 400, 'invalid-json'],
  ['white space', '  \n', {}, 400, 'invalid-json'],
  ['nothing', '', {}, 400, 'empty-body'],
  ['an empty array', [], {}, 400, 'empty-batch'],
  ['deep nesting', deep(33), {}, 400, 'too-deep'],
  ['very deep nesting', deep(20_000), {}, 400, 'too-deep'],
  ['__proto__', '{"type":"order-placed","data":{"__proto__":{"a":1}}}', {}, 400, 'forbidden-key'],
  ['__proto__ in disguise', '{"type":"t","data":{"\\u005f_proto__":{"a":1}}}', {}, 400, 'forbidden-key'],
  ['constructor.prototype', '{"type":"t","data":{"constructor":{"prototype":{}}}}', {}, 400, 'forbidden-key'],
  ['null', 'null', {}, 400, 'invalid-event'],
  ['a number', '5', {}, 400, 'invalid-event'],
  ['an object as a CloudEvents batch', cloudEvent, BATCH, 400, 'invalid-event'],
  ['an array as one CloudEvent', [cloudEvent], STRUCTURED, 400, 'invalid-event'],
  ['a bare event as a CloudEvent', order, STRUCTURED, 400, 'invalid-event'],
  ['another spec version', { ...cloudEvent, specversion: '0.3' }, STRUCTURED, 400, 'invalid-event'],
  ['an id that is a number', { ...order, id: 7 }, {}, 400, 'invalid-event'],
  ['an empty id', { ...order, id: '' }, {}, 400, 'invalid-event'],
  ['an id that is too long', { ...order, id: 'x'.repeat(257) }, {}, 400, 'invalid-event'],
  ['an id with a line break', { ...order, id: 'a\nb' }, {}, 400, 'invalid-event'],
  ['no type', { data: {} }, {}, 400, 'invalid-event'],
  ['no data', { type: 'order-placed' }, {}, 400, 'invalid-event'],
  ['a wrong priority', { ...order, priority: 'urgent' }, {}, 400, 'invalid-event'],
  ['a wrong time', { ...order, time: '2026-02-30T00:00:00Z' }, {}, 400, 'invalid-event'],
  ['a wrong traceparent', { ...cloudEvent, traceparent: '00-0-0-0' }, STRUCTURED, 400, 'invalid-event'],
  ['an attribute that is an object', { ...cloudEvent, shop: {} }, STRUCTURED, 400, 'invalid-event'],
  ['an attribute that is a fraction', { ...cloudEvent, rank: 1.5 }, STRUCTURED, 400, 'invalid-event'],
  ['an attribute beyond 32 bits', { ...cloudEvent, rank: 2 ** 31 }, STRUCTURED, 400, 'invalid-event'],
  ['an attribute in upper case', { ...cloudEvent, shopId: 'x' }, STRUCTURED, 400, 'invalid-event'],
  ["somebody else's schema", { ...cloudEvent, dataschema: 'urn:x' }, STRUCTURED, 400, 'invalid-event'],
  [
    'a schema of the future',
    { ...cloudEvent, dataschema: 'urn:sluice:order-placed:2' },
    STRUCTURED,
    400,
    'invalid-event',
  ],
  ['receivedat', { ...cloudEvent, receivedat: '0' }, STRUCTURED, 400, 'reserved-attribute'],
  ['tenant', { ...cloudEvent, tenant: 'other' }, STRUCTURED, 400, 'reserved-attribute'],
  ['causationid', { ...cloudEvent, causationid: 'x' }, STRUCTURED, 400, 'reserved-attribute'],
  ['decidedby', { ...cloudEvent, decidedby: 'x' }, STRUCTURED, 400, 'reserved-attribute'],
  [
    'data_base64',
    { ...cloudEvent, data: undefined, data_base64: 'e30=' },
    STRUCTURED,
    415,
    'unsupported-data',
  ],
  ['data that is XML', { ...cloudEvent, datacontenttype: 'text/xml' }, STRUCTURED, 415, 'unsupported-data'],
  ['a derived type', { type: 'stock-reserved', data: {} }, {}, 403, 'not-allowed'],
  ['an unknown type', { type: 'order-place', data: {} }, {}, 404, 'unknown-type'],
  ['a type called __proto__', { type: '__proto__', data: {} }, {}, 404, 'unknown-type'],
  ['a missing field', { type: 'order-placed', data: {} }, {}, 422, 'schema'],
  ['an unknown field', { ...order, data: { ...orderPlaced.example, colour: 1 } }, {}, 422, 'schema'],
  ['a number beyond all bounds', JSON.stringify(order).replace('4990', '1e400'), {}, 422, 'inexact-number'],
  [
    'a whole number that JavaScript cannot hold',
    JSON.stringify(order).replace('4990', '9007199254740993'),
    {},
    422,
    'inexact-number',
  ],
  ['data of another kind', { type: 'order-placed', data: 'text' }, {}, 422, 'schema'],
  ['an event that is too large', { type: 'order-placed', data: large }, {}, 413, 'event-too-large'],
  ['too large a batch', Array(4).fill(order), {}, 413, 'batch-too-large'],
  ['too large a body', ' '.repeat(200_001), {}, 413, 'body-too-large'],
  ['far too large a body', ' '.repeat(2_000_000), {}, 413, 'body-too-large'],
  ['text', 'hello', { 'content-type': 'text/plain' }, 415, 'unsupported-media-type'],
  ['a form', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported-media-type'],
  ['Latin-1', order, { 'content-type': 'application/json; charset=latin1' }, 415, 'unsupported-media-type'],
  ['nonsense for a media type', order, { 'content-type': ';;' }, 415, 'unsupported-media-type'],
  ['an unknown coding', order, { 'content-encoding': 'br' }, 415, 'unsupported-media-type'],
  ['two codings', order, { 'content-encoding': 'gzip, zstd' }, 415, 'unsupported-media-type'],
  ['what is not compressed', order, { 'content-encoding': 'gzip' }, 400, 'invalid-compression'],
  ['what is not compressed at all', order, { 'content-encoding': 'zstd' }, 400, 'invalid-compression'],
  [
    'a compressed body that is cut short',
    gzipSync(JSON.stringify(order)).subarray(0, -9),
    { 'content-encoding': 'gzip' },
    400,
    'invalid-compression',
  ],
  ['a bomb', gzipSync(Buffer.alloc(1e8)), { 'content-encoding': 'gzip' }, 413, 'body-too-large'],
  [
    'a small bomb',
    zstdCompressSync(Buffer.alloc(3e5)),
    { 'content-encoding': 'zstd' },
    413,
    'body-too-large',
  ],
])('%s is answered with its code, and nothing is stored', async (_what, body, headers, status, code) => {
  const gateway = createTestGateway({ maxEventBytes: 50_000, maxBodyBytes: 200_000, maxBatchEvents: 3 })
  const response = await gateway.post(body, headers)
  expect(response.json).toMatchObject({ code, status, type: `/docs/errors.md#${code}`, retryable: false })
  expect(response.status).toBe(status)
  expect(response.headers['content-type']).toBe('application/problem+json')
  expect(gateway.published).toEqual([])
})

test.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['ZSTD', zstdCompressSync],
  ['identity', (text: string) => Buffer.from(text)],
])('a body in %s is taken, one event, a batch or lines', async (coding, compress) => {
  const gateway = createTestGateway()
  const headers = { 'content-encoding': coding }
  expect((await gateway.post(compress(JSON.stringify(order)), headers)).status).toBe(202)
  expect((await gateway.post(compress(JSON.stringify([order, order])), headers)).json.accepted).toBe(2)
  const lines = compress(`${JSON.stringify(order)}\n`.repeat(3))
  const { payload } = await gateway.server.inject({
    method: 'POST',
    url: '/v1/events',
    headers: { ...headers, 'content-type': 'application/x-ndjson' },
    payload: lines,
  })
  expect(JSON.parse(payload.split('\n')[3]!)).toMatchObject({ summary: { accepted: 3 } })
})

test('a compressed body is taken, or refused, over a socket that goes on', async () => {
  const port = await listen(createTestGateway())
  const post = (body: Buffer) =>
    fetch(`http://127.0.0.1:${port}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: new Uint8Array(body),
    }).then(async (response) => [response.status, ((await response.json()) as { code?: string }).code])
  const good = gzipSync(JSON.stringify(Array(1000).fill(order)))
  expect(await post(good)).toEqual([202, undefined])
  expect(await post(good.subarray(0, -20))).toEqual([400, 'invalid-compression'])
  expect(await post(Buffer.alloc(1_000_000))).toEqual([400, 'invalid-compression'])
  expect(await post(gzipSync(Buffer.alloc(1e8)))).toEqual([413, 'body-too-large'])
  expect(await post(good)).toEqual([202, undefined])
})

test('a coding that is not supported is answered with those that are', async () => {
  const { headers } = await createTestGateway().post(order, { 'content-encoding': 'br' })
  expect(headers['accept-encoding']).toBe('gzip, zstd')
})

test('a request without a media type is refused', async () => {
  const { server } = createTestGateway()
  const response = await server.inject({ method: 'POST', url: '/v1/events' })
  expect(response.statusCode).toBe(415)
  expect(response.json().detail).toContain('no Content-Type')
})

test('parameters of the media type, and a byte order mark, do no harm', async () => {
  const gateway = createTestGateway()
  const contentType = { 'content-type': 'application/json; charset=utf-8' }
  expect((await gateway.post(`\ufeff${JSON.stringify(order)}`, contentType)).status).toBe(202)
})

test('errors of the data point into the event as it was posted', async () => {
  const gateway = createTestGateway()
  const bad = { ...order, id: '7', data: { ...orderPlaced.example, orderId: '', 'a/b': 1 } }
  const errors = [
    { pointer: '/data/orderId', detail: expect.any(String) },
    { pointer: '/data/a~1b', detail: 'This field is not known.' },
  ]
  const single = await gateway.post(bad)
  expect(single.json).toMatchObject({ id: '7', eventType: 'order-placed', outcome: 'rejected', errors })
  expect(single.json).not.toHaveProperty('index')
  const batch = await gateway.post([order, bad])
  expect(batch.status).toBe(207)
  expect(batch.json.results[1]).toEqual({
    index: 1,
    id: '7',
    type: 'order-placed',
    status: 'rejected',
    code: 'schema',
    retryable: false,
    errors,
  })
})

test('a number that cannot be kept is the fault of its event alone, and is named', async () => {
  const text = JSON.stringify([order, { ...order, id: '2' }, order])
  const at = text.lastIndexOf('4990', text.lastIndexOf('4990') - 1)
  const { json, status } = await createTestGateway().post(`${text.slice(0, at)}-1e400${text.slice(at + 4)}`)
  expect(status).toBe(207)
  expect(json).toMatchObject({ accepted: 2, rejected: 1 })
  expect(json.results[1]).toMatchObject({
    id: '2',
    code: 'inexact-number',
    errors: [{ pointer: '/data/total/amount', detail: expect.stringContaining('string') }],
  })
})

test('half of a surrogate pair is the fault of its event alone, and is named', async () => {
  const gateway = createTestGateway()
  const half = { ...order, data: { ...orderPlaced.example, orderId: 'o-\ud83d' } }
  const response = await gateway.post([half, order])
  expect(response.status).toBe(207)
  expect(response.json.results).toMatchObject([
    { code: 'invalid-event', errors: [{ pointer: '/data/orderId' }] },
    { status: 'accepted' },
  ])
})

const many = (count: number, item: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => item(i)).join()
const withItems = (items: string) =>
  JSON.stringify({ ...orderPlaced.example, items: [] }).replace('[]', `[${items}]`)

// Read and explained fault by fault, each would stop everything for many seconds, or run out of memory.
test.each([
  ['members of the data', `{"type":"order-placed","data":{${many(600_000, (i) => `"${i}":0`)}}}`],
  ['members of the event', `{"type":"order-placed","data":{},${many(600_000, (i) => `"${i}":0`)}}`],
  [
    'numbers that cannot be kept',
    `{"type":"order-placed","data":${withItems(many(600_000, () => '1e400'))}}`,
  ],
  [
    'text',
    JSON.stringify({
      ...order,
      data: { ...orderPlaced.example, customer: { id: '1', email: `${'a.'.repeat(3_500_000)}@` } },
    }),
  ],
])('a body with nothing but %s is refused before it is looked into', async (_what, body) => {
  const response = await createTestGateway().post(body)
  expect([response.status, response.json.code]).toEqual([413, 'body-too-large'])
})

test('of many faults the first are told: 20 of an event, about 2000 of a request', async () => {
  const gateway = createTestGateway()
  const wrong = `{"type":"order-placed","data":${withItems(many(30, () => '0'))}}`
  const { json } = await gateway.post(`[${many(150, () => wrong)},${many(2, () => JSON.stringify(order))}]`)
  const errors = (at: number) => json.results[at].errors
  expect(json).toMatchObject({ rejected: 150, accepted: 2 })
  expect(errors(0)).toHaveLength(20)
  expect(errors(99)).toHaveLength(20)
  expect(errors(100)).toEqual([{ pointer: '/data', detail: expect.stringContaining('told already') }])
  const members = await gateway.post(`{"type":"a","data":1,${many(100, (i) => `"x${i}":0`)}}`)
  expect(members.json.errors).toHaveLength(20)
})

test('a key that is given twice counts once, for what is checked as for what is stored', async () => {
  const gateway = createTestGateway()
  const twice = JSON.stringify(order).replace('"amount":4990', '"amount":"free","amount":1')
  expect((await gateway.post(twice)).status).toBe(202)
  expect(String(gateway.published[0]!.value).match(/"amount"/g)).toHaveLength(1)
  expect(gateway.stored()[0].data.total.amount).toBe(1)
  const reversed = JSON.stringify(order).replace('"amount":4990', '"amount":1,"amount":"free"')
  expect((await gateway.post(reversed)).json).toMatchObject({ code: 'schema' })
})

test('an unknown member of the bare form is named', async () => {
  const { json } = await createTestGateway().post({ ...order, sorce: '/x' })
  expect(json.errors).toEqual([
    { pointer: '/sorce', detail: expect.stringContaining('type, data, id, source') },
  ])
})

test('an unknown type is answered with the one that was probably meant', async () => {
  const { json } = await createTestGateway().post({ type: 'OrderPlaced', data: {} })
  expect(json.detail).toContain('Did you mean "order-placed"?')
})

test('every result names an id, also where the posted one is unusable', async () => {
  const { json } = await createTestGateway().post([5, { ...order, id: 7 }, { id: 'x'.repeat(300) }])
  expect(json.results.map(({ id }: { id: string }) => id.length)).toEqual([36, 36, 256])
  expect(json).toMatchObject({ rejected: 3, accepted: 0 })
})

test('an earlier version of the schema may be named; what is stored is the current one', async () => {
  const gateway = createTestGateway({
    entries: [{ definition: { ...orderPlaced, version: 3 }, services: [] }],
    rules: NO_RULES,
  })
  const dataschema = 'urn:sluice:order-placed:2'
  expect((await gateway.post({ ...cloudEvent, dataschema }, STRUCTURED)).status).toBe(202)
  expect(gateway.stored()[0].dataschema).toBe('urn:sluice:order-placed:3')
})

test('bots are filtered: taken, named, not stored', async () => {
  const gateway = createTestGateway()
  const response = await gateway.post({ ...botView, id: '1' })
  expect(response.status).toBe(202)
  expect(response.json).toEqual({
    index: 0,
    id: '1',
    type: 'page-viewed',
    status: 'filtered',
    decidedBy: 'rule:bots',
  })
  expect(gateway.published).toEqual([])
  expect(await gateway.metrics.text()).toMatch(/sluice_filtered_events_total\{.*rule="bots".*\} 1/)
})

test('a rule decides over the wish of the producer, and is named', async () => {
  const gateway = createTestGateway()
  const data = { ...shipmentDelayed.example, delayDays: 3 }
  const response = await gateway.post({ type: 'shipment-delayed', data, priority: 'normal' })
  expect(response.json).toMatchObject({ priority: 'high', decidedBy: 'rule:long-delay' })
  expect(gateway.published[0]).toMatchObject({ lane: 'high', topic: 'events.shipment-delayed.high' })
})

test('Prefer: return=minimal leaves out what was accepted, and says so', async () => {
  const response = await createTestGateway().post([order, { type: 'nope', data: {} }, order], {
    prefer: 'respond-async, return=minimal',
  })
  expect(response.headers['preference-applied']).toBe('return=minimal')
  expect(response.json).toMatchObject({
    accepted: 2,
    rejected: 1,
    results: [{ index: 1, code: 'unknown-type' }],
  })
})

test('an answer waits until everything of its request is settled', async () => {
  const gateway = createTestGateway({ hold: true })
  let answered = false
  const response = gateway.post([order, order]).then((result) => {
    answered = true
    return result
  })
  await expect.poll(() => gateway.published.length).toBe(2)
  await new Promise((resolve) => setImmediate(resolve))
  expect(answered).toBe(false)
  gateway.release()
  expect((await response).json).toMatchObject({ accepted: 2 })
})

test('a bug in a rule hits its event alone, is logged, and is no lie about the others', async () => {
  const conditions = new Map([['shipment-delayed', fail]])
  const broken = { ...OWN_RULES.rules[0]!, name: 'broken', conditions }
  const gateway = createTestGateway({ rules: { ...OWN_RULES, rules: [broken] } })
  const bad = { type: 'shipment-delayed', id: 'b', data: shipmentDelayed.example }
  const single = await gateway.post(bad)
  expect(single.status).toBe(500)
  expect(single.json).toMatchObject({ code: 'internal', outcome: 'refused', retryable: true })
  const batch = await gateway.post([bad, order])
  expect(batch.status).toBe(207)
  expect(batch.json.results).toMatchObject([{ code: 'internal' }, { status: 'accepted' }])
  expect(gateway.logged[0]).toContain('a bug')
})

test('unknown paths, other methods and odd paths get problems, too', async () => {
  const { server } = createTestGateway()
  const missing = await server.inject({
    method: 'POST',
    url: '/v2/events',
    payload: 'x',
    headers: { 'content-type': 'x/y' },
  })
  expect([missing.statusCode, missing.json().code]).toEqual([404, 'not-found'])
  for (const [method, url, allow] of [
    ['GET', '/v1/events', 'POST'],
    ['PUT', '/v1/events?x=1', 'POST'],
    ['DELETE', '/v1/types', 'GET, HEAD'],
    ['POST', '/v1/types/order-placed', 'GET, HEAD'],
    ['PUT', '/v1/types/order-placed/schema', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
    ['DELETE', '/asyncapi.json', 'GET, HEAD'],
    ['POST', '/docs', 'GET, HEAD'],
  ] as const) {
    const response = await server.inject({ method, url, ...(method !== 'GET' && { payload: '{}' }) })
    expect([response.statusCode, response.headers['allow']]).toEqual([405, allow])
    expect(response.json().code).toBe('method-not-allowed')
  }
  const odd = await server.inject({ method: 'GET', url: '/v1/types/%E0%A4%A' })
  expect([odd.statusCode, odd.json().code]).toEqual([400, 'invalid-request'])
})

test('the types are listed, and each is described', async () => {
  const { server } = createTestGateway()
  const list = (await server.inject('/v1/types')).json()
  expect(list.types[0]).toEqual({
    type: 'order-placed',
    version: 1,
    origin: 'producer',
    owner: 'checkout',
    lanes: ['high', 'normal'],
    defaultPriority: 'normal',
    links: { self: '/v1/types/order-placed', schema: '/v1/types/order-placed/schema' },
  })
  for (const { links, type } of list.types) {
    const detail = (await server.inject(links.self)).json()
    expect(detail).toMatchObject({ type, schema: { type: 'object', additionalProperties: false } })
    expect(detail.exampleKey).toEqual(expect.any(String))
    expect(detail.retentionDays).toBeGreaterThan(0)
  }
  expect((await server.inject('/v1/types/order-placed')).json().pii).toEqual(['/customer/email'])
  const unknown = await server.inject('/v1/types/order-palced')
  expect(unknown.statusCode).toBe(404)
  expect(unknown.json()).toMatchObject({ code: 'unknown-type', suggestion: 'order-placed' })
  const nameless = await server.inject('/v1/types/')
  expect([nameless.statusCode, nameless.json().code]).toEqual([404, 'not-found'])
})

test('the example of every type that producers may post is accepted', async () => {
  const gateway = createTestGateway({ rules: NO_RULES })
  const { types } = (await gateway.server.inject('/v1/types')).json()
  for (const { type, origin, links } of types) {
    const { example } = (await gateway.server.inject(links.self)).json()
    expect((await gateway.post({ type, data: example })).status).toBe(origin === 'producer' ? 202 : 403)
  }
})

test('whatever is posted, the answer is never a failure of the server', async () => {
  const gateway = createTestGateway()
  const value = fc.oneof(
    fc.jsonValue({ noUnicodeString: false }),
    fc.record(
      {
        type: fc.oneof(fc.constant('order-placed'), fc.jsonValue()),
        data: fc.oneof(fc.constant(orderPlaced.example), fc.jsonValue()),
        id: fc.jsonValue(),
        source: fc.jsonValue(),
        time: fc.jsonValue(),
        specversion: fc.oneof(fc.constant('1.0'), fc.jsonValue()),
        priority: fc.jsonValue(),
        extension: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
  )
  const body = fc.oneof(
    fc.string(),
    value.map((v) => JSON.stringify(v)),
    fc.array(value).map((v) => JSON.stringify(v)),
  )
  const contentType = fc.constantFrom(
    'application/json',
    'application/cloudevents+json',
    'application/cloudevents-batch+json',
    'text/plain',
  )
  await fc.assert(
    fc.asyncProperty(body, contentType, async (payload, type) => {
      const { status, json } = await gateway.post(payload, { 'content-type': type })
      expect(status).toBeLessThan(500)
      expect(json).toBeTypeOf('object')
    }),
    { numRuns: 300 },
  )
}, 60_000)

test('whatever the ce- headers say, the answer is never a failure of the server', async () => {
  const gateway = createTestGateway()
  const headers = fc.dictionary(
    fc.constantFrom(
      'ce-id',
      'ce-type',
      'ce-source',
      'ce-specversion',
      'ce-time',
      'ce-x',
      'ce-',
      'ce-data',
      'ce-__proto__',
    ),
    fc.string({ unit: 'binary-ascii' }).map((text) => text.replace(/[^\x20-\x7e]/g, '')),
  )
  await fc.assert(
    fc.asyncProperty(headers, async (given) => {
      const { status } = await gateway.post(orderPlaced.example, { 'ce-id': '1', ...given })
      expect(status).toBe(400)
    }),
  )
  expect(({} as Record<string, unknown>)['x']).toBeUndefined()
})

async function listen(gateway: ReturnType<typeof createTestGateway>): Promise<number> {
  await gateway.server.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => gateway.server.close())
  return (gateway.server.server.address() as { port: number }).port
}

/** Everything that the server says on a bare socket until it closes it. */
async function talk(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer
}

test('what is no HTTP is answered with 400 and a closed connection', async () => {
  const port = await listen(createTestGateway())
  const answer = await talk(port, 'nonsense\r\n\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
  expect(answer).toContain('"code":"invalid-request"')
})

test.each([
  ['HTTP/1.1 without Host', 'HTTP/1.1', '', 400, 'invalid-request', /no Host header/],
  ['an unknown expectation', 'HTTP/1.1', 'host: x\r\nexpect: tea\r\n', 417, 'expectation-failed', /Expect/],
])('%s is answered with a problem', async (_what, version, head, status, code, detail) => {
  const port = await listen(createTestGateway())
  const answer = await talk(port, `GET /v1/types ${version}\r\n${head}connection: close\r\n\r\n`)
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(answer).toContain('content-type: application/problem+json')
  const problem = JSON.parse(answer.split('\r\n\r\n')[1]!)
  expect(problem).toMatchObject({ code, status, detail: expect.stringMatching(detail) })
})

test.each([
  ['HTTP/1.0 without Host', 'HTTP/1.0', ''],
  ['an expectation of 100-continue', 'HTTP/1.1', 'host: x\r\nexpect: 100-Continue\r\n'],
])('%s is served', async (_what, version, head) => {
  const port = await listen(createTestGateway())
  const answer = await talk(port, `GET /v1/types ${version}\r\n${head}connection: close\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 (100 Continue\r\n\r\nHTTP\/1\.1 )?200 OK/)
})

test('a head that is too large is answered with 431', async () => {
  const port = await listen(createTestGateway())
  const answer = await talk(
    port,
    `GET /v1/types HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(20_000)}\r\n\r\n`,
  )
  expect(answer).toMatch(/^HTTP\/1\.1 431 /)
  expect(answer).toContain('"code":"headers-too-large"')
})

test('connections beyond the limit are closed at once, and counted; those that are open go on', async () => {
  const gateway = createTestGateway({ maxConnections: 2 })
  const port = await listen(gateway)
  const open = [await connected(port), await connected(port)]
  const refused = connect(port, '127.0.0.1')
  refused.on('error', () => {})
  await once(refused, 'close')
  expect(refused.bytesRead).toBe(0)
  open[0]!.write(POST_ORDER)
  const [answer] = await once(open[0]!, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1\.1 202 /)
  expect(await gateway.metrics.text()).toContain(
    'sluice_ingest_connections_refused_total{service="gateway"} 1',
  )
  open[1]!.destroy()
  await expect.poll(() => connections(gateway)).toBe(1)
  await connected(port)
})

/** As many as the machine lets one process open, both ends of each. */
const SLOW_CLIENTS = Math.min(2000, Math.floor((openFilesLimit() - 1000) / 2))

test('thousands of heads and bodies that never end are closed, while others are served', {
  timeout: 60_000,
}, async () => {
  const gateway = createTestGateway({ requestTimeoutMs: 500, maxConnections: SLOW_CLIENTS + 100 })
  const port = await listen(gateway)
  const beginnings = [
    'POST /v1/ev',
    'POST /v1/events HTTP/1.1\r\nhost: x\r\n',
    POST_ORDER.replace(/length: \d+/, 'length: 100000'),
  ]
  const slow = await Promise.all(Array.from({ length: SLOW_CLIENTS }, () => connected(port)))
  const drip = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write('x')
  }, 200)
  onTestFinished(() => clearInterval(drip))
  // A reset is an end like any other; `once` would take it for a failure.
  const closed = slow.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
  for (const [at, socket] of slow.entries()) socket.resume().write(beginnings[at % beginnings.length]!)
  let open = true
  const allClosed = Promise.all(closed).then(() => {
    open = false
  })
  while (open) expect(await postOrder(port)).toBe(202)
  await allClosed
})

test('a client that sends far too much still reads why it was refused', async () => {
  const port = await listen(createTestGateway({ maxBodyBytes: 100_000 }))
  const response = await fetch(`http://127.0.0.1:${port}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: ' '.repeat(190_000),
  })
  expect(response.status).toBe(413)
  expect(await response.json()).toMatchObject({ code: 'body-too-large' })
})

test('a client that goes away, in its body or while Kafka is waited for, harms nobody', async () => {
  const gateway = createTestGateway({ hold: true })
  const port = await listen(gateway)
  const head = (length: number) =>
    `POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`
  const body = JSON.stringify(order)

  const inBody = connect(port, '127.0.0.1')
  inBody.write(`${head(1000)}{"type"`, () => inBody.destroy())
  const waiting = connect(port, '127.0.0.1')
  waiting.write(head(body.length) + body)
  await expect.poll(() => gateway.published.length).toBe(1)
  waiting.destroy()
  await expect.poll(() => connections(gateway)).toBe(0)
  gateway.release()

  expect((await fetch(`http://127.0.0.1:${port}/v1/types`)).status).toBe(200)
  expect(gateway.logged).toEqual([])
})

test('close lets the requests in hand finish, and keeps no connection', async () => {
  const gateway = createTestGateway({ hold: true })
  const port = await listen(gateway)
  const body = JSON.stringify(order)
  const answer = talk(
    port,
    `POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  await expect.poll(() => gateway.published.length).toBe(1)
  const closed = gateway.server.close()
  await expect.poll(() => gateway.server.server.listening).toBe(false)
  gateway.release()
  expect(await answer).toMatch(/^HTTP\/1\.1 202 /)
  await closed
})

test('a request whose head was half here when the gateway stops is answered, and its connection closed', async () => {
  const gateway = createTestGateway()
  const port = await listen(gateway)
  const connected = new Promise<Socket>((resolve) => gateway.server.server.once('connection', resolve))
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /v1/types HT')
  const accepted = await connected
  await expect.poll(() => accepted.bytesRead).toBeGreaterThan(0)
  const closed = gateway.server.close()
  await expect.poll(() => gateway.server.server.listening).toBe(false)
  socket.write('TP/1.1\r\nhost: x\r\n\r\n')
  let answer = ''
  for await (const chunk of socket) answer += chunk
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(answer).toMatch(/\r\nconnection: close\r\n/i)
  await closed
})

function connections(gateway: ReturnType<typeof createTestGateway>): Promise<number> {
  return new Promise((resolve, reject) =>
    gateway.server.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

const ORDER = JSON.stringify(order)
const POST_ORDER = `POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${ORDER.length}\r\n\r\n${ORDER}`

async function postOrder(port: number): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`http://127.0.0.1:${port}/v1/events`, { method: 'POST', headers, body: ORDER })
  await response.text()
  return response.status
}

/** Node raises it to what the system allows. */
function openFilesLimit(): number {
  const { userLimits } = process.report.getReport() as {
    userLimits: { open_files: { soft: number | string } }
  }
  const { soft } = userLimits.open_files
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY
}

function fail(): never {
  throw new Error('planted')
}
