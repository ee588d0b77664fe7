import { randomUUID } from 'node:crypto'
import {
  catalogue,
  laneTopic,
  orderPlaced,
  pageViewed,
  paymentFailed,
  planTopics,
  REJECTED_TOPIC,
  shipmentDelayed,
} from '@sluice/events'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { runCommand } from './run-command.ts'
import { type System, startGateway, startSystem } from './system.ts'
import { readTopics, type TopicLog } from './topic-log.ts'

const ADMIN_TOKEN = 'a-token-of-sixteen-or-more'

const LANE = laneTopic('order-placed', 'normal')

let system: System
let log: TopicLog

beforeAll(async () => {
  system = await startSystem(inject('brokers'), { ADMIN_TOKEN })
  log = await readTopics(
    inject('brokers'),
    planTopics(catalogue, { quarantine: true }).map(({ topic }) => topic),
  )
})

afterAll(async () => {
  await log?.close()
  expect(await system?.stop()).toBe(0)
})

function post(
  body: unknown,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Response> {
  return fetch(`${system.ingest}/v1/events`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

test('an order becomes a stock reservation that names its origin', async () => {
  const id = randomUUID()
  const response = await post({ type: 'order-placed', id, source: '/shop', data: orderPlaced.example })
  expect(response.status).toBe(202)
  expect(await response.json()).toMatchObject({
    id,
    status: 'accepted',
    priority: 'normal',
    decidedBy: 'default',
  })

  const stored = await log.find((event) => event.id === id, 'the order')
  expect(stored.record.topic).toBe('events.order-placed.normal')
  expect(String(stored.record.key)).toBe(orderPlaced.example.customer.id)
  expect(String(stored.record.headers['content-type'])).toBe('application/cloudevents+json')

  const output = await log.find((event) => event.causationid === id, 'the reservation')
  expect(output.record.topic).toBe('events.stock-reserved.normal')
  expect(output.event).toMatchObject({
    type: 'stock-reserved',
    source: '/services/order-placed',
    correlationid: id,
    priority: 'normal',
    receivedat: stored.event.receivedat,
    data: { orderId: orderPlaced.example.orderId, sku: 'tea-green', quantity: 2 },
  })
})

test('a batch with one bad event takes the good ones and says what is wrong with the other', async () => {
  const [first, bad, second] = [randomUUID(), randomUUID(), randomUUID()]
  const response = await post([
    { type: 'order-placed', id: first, source: '/shop', data: orderPlaced.example },
    { type: 'order-placed', id: bad, source: '/shop', data: { ...orderPlaced.example, items: [] } },
    { type: 'payment-failed', id: second, source: '/shop', data: paymentFailed.example },
  ])
  expect(response.status).toBe(207)
  expect(await response.json()).toMatchObject({
    accepted: 2,
    rejected: 1,
    results: [
      { index: 0, id: first, status: 'accepted' },
      { index: 1, id: bad, status: 'rejected', code: 'schema', errors: [{ pointer: '/data/items' }] },
      { index: 2, id: second, status: 'accepted', priority: 'high' },
    ],
  })
  const retry = await log.find((event) => event.causationid === second, 'the scheduled payment')
  expect(retry.record.topic).toBe('events.payment-retry-scheduled.high')
  const kept = await log.find((event) => event.id === bad, 'the bad one, in the quarantine')
  expect(kept.record.topic).toBe(REJECTED_TOPIC)
  expect(String(kept.record.headers['rejected-code'])).toBe('schema')
  expect(log.all().filter(({ event }) => event.id === bad)).toHaveLength(1)
})

/** Posts the same orders to each gateway in turn, and waits until what follows from all of it is there. */
async function postEverywhere(gateways: readonly (() => Promise<string>)[]) {
  const customer = { ...orderPlaced.example.customer, id: `c-${randomUUID()}` }
  const orderOf = (id: string) => ({
    type: 'order-placed',
    id,
    source: '/several-gateways',
    data: { ...orderPlaced.example, customer },
  })
  const ids = Array.from({ length: 20 }, () => randomUUID())
  for (const gateway of gateways) {
    const response = await fetch(`${await gateway()}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ids.map(orderOf)),
    })
    expect(await response.json()).toMatchObject({ accepted: 20 })
  }
  // Of the same key, so it is handled after all copies of all of them.
  const last = randomUUID()
  expect(await (await post(orderOf(last))).json()).toMatchObject({ status: 'accepted' })
  await log.find((event) => event.causationid === last, 'what follows from the last one')
  const events = log.all().map(({ event }) => event)
  for (const id of ids) {
    expect(events.filter((event) => event.id === id)).toHaveLength(gateways.length)
    expect(events.filter((event) => event.causationid === id)).toHaveLength(1)
  }
}

test('what two gateways accept is stored twice and handled once', async () => {
  const second = await startGateway(inject('brokers'))
  await postEverywhere([async () => system.ingest, async () => second.ingest])
  expect(await second.stop()).toBe(0)
})

test('what a gateway accepts before a restart and after it is stored twice and handled once', async () => {
  const first = await startGateway(inject('brokers'))
  let again = first
  const restarted = async () => {
    expect(await first.stop()).toBe(0)
    again = await startGateway(inject('brokers'))
    return again.ingest
  }
  await postEverywhere([async () => first.ingest, restarted])
  expect(await again.stop()).toBe(0)
})

test('a long delay is raised to high, and so is what follows from it', async () => {
  const id = randomUUID()
  const response = await post({
    type: 'shipment-delayed',
    id,
    source: '/logistics',
    data: { ...shipmentDelayed.example, delayDays: 3 },
  })
  expect(await response.json()).toMatchObject({ priority: 'high', decidedBy: 'rule:long-delay' })
  const output = await log.find((event) => event.causationid === id, 'the notification')
  expect(output.record.topic).toBe('events.notification-requested.high')
})

test("a bot's page view is filtered and stored nowhere", async () => {
  const [bot, human] = [randomUUID(), randomUUID()]
  const view = (id: string, userAgent: string) => ({
    type: 'page-viewed',
    id,
    source: '/web',
    data: { ...pageViewed.example, userAgent },
  })
  const filtered = await post(view(bot, 'Googlebot/2.1 (+http://www.google.com/bot.html)'))
  expect(filtered.status).toBe(202)
  expect(await filtered.json()).toMatchObject({ id: bot, status: 'filtered', decidedBy: 'rule:bots' })
  expect((await post(view(human, pageViewed.example.userAgent))).status).toBe(202)
  await log.find((event) => event.id === human, 'the page view of a person')
  expect(log.all().some(({ event }) => event.id === bot)).toBe(false)
})

test('a traceparent is carried from HTTP through Kafka to the outputs', async () => {
  const id = randomUUID()
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const event = { type: 'order-placed', id, source: '/shop', data: orderPlaced.example }
  await post(event, { 'content-type': 'application/json', traceparent })
  const output = await log.find((candidate) => candidate.causationid === id, 'the output')
  expect(output.event.traceparent).toBe(traceparent)
})

test('what was rejected is let in by an operator once its definition is mended, and handled once', async () => {
  const id = randomUUID()
  await post({ type: 'order-placed', id, source: '/shop', data: { ...orderPlaced.example, items: [] } })
  const kept = await log.find((event) => event.id === id, 'the rejected order')
  const dlq = (...args: string[]) =>
    runCommand('dlq', ['rejected', ...args], {
      ...{ KAFKA_BROKERS: inject('brokers'), ADMIN_TOKEN, ADMIN_PORT: new URL(system.admin('gateway')).port },
    })
  const redrive = ['redrive', '--filter', `id=${id}`]
  expect((await dlq('list', '--filter', `id=${id}`)).stdout).toMatch(
    /order-placed +schema +anybody .* waiting /,
  )
  const shown = await dlq('show', String(kept.record.offset))
  expect(shown.stdout).toContain('"items": []')
  expect(shown.stdout).not.toContain(orderPlaced.example.customer.email)
  expect(await dlq(...redrive)).toMatchObject({ status: 1, stdout: expect.stringContaining('0 of 0 events') })

  // The same, as a gateway would have kept it whose definition was stricter than today's.
  const posted = { type: 'order-placed', id, source: '/shop', data: orderPlaced.example }
  await log.write(kept.record, JSON.stringify(posted))
  const both = await dlq(...redrive)
  expect(both.stdout).toMatch(/1 rejected today as well: left[\s\S]+1 of 1 event let in\./)
  const stored = await log.find((_, { topic, value }) => topic === LANE && value!.includes(id), 'the order')
  expect(stored.event).toMatchObject({ id, source: '/shop', tenant: 'default', data: orderPlaced.example })
  expect(stored.event.receivedat).toBe(String(kept.record.headers['rejected-receivedat']))
  await log.find((event) => event.causationid === id, 'the reservation')

  const again = await dlq(...redrive, '--json')
  expect(JSON.parse(again.stdout)).toMatchObject({ redrivenBefore: 1, stillRejected: 1, sent: 0 })
  expect(log.all(LANE).filter(({ event }) => event.id === id)).toHaveLength(1)
  expect(log.all().filter(({ event }) => event.causationid === id)).toHaveLength(1)
})

test('health and metrics answer on the admin ports', async () => {
  for (const service of [
    'gateway',
    'order-placed',
    'payment-failed',
    'page-viewed',
    'user-registered',
    'shipment-delayed',
  ]) {
    expect((await fetch(`${system.admin(service)}/livez`)).status).toBe(200)
    expect((await fetch(`${system.admin(service)}/readyz`)).status).toBe(200)
    expect(await (await fetch(`${system.admin(service)}/metrics`)).text()).toContain(`service="${service}"`)
  }
  const text = await (await fetch(`${system.admin('order-placed')}/metrics`)).text()
  expect(text).toMatch(
    /sluice_event_age_seconds_count\{type="order-placed",lane="normal",service="order-placed"\} [1-9]/,
  )
})
