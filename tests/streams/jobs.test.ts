import { hash } from 'node:crypto'
import {
  checkoutAbandoned,
  contentRepeated,
  decodeEvent,
  orderPlaced,
  PARTITIONS_PER_TYPE,
  pageViewed,
  paymentFailed,
  paymentSucceeded,
  shipmentDelayed,
} from '@sluice/events'
import { partitionOf } from '@sluice/kafka'
import { uniqueName, waitFor } from '@sluice/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { readTopics, type TopicLog } from '../e2e/topic-log.ts'
import { readDecisions } from './decision-log.ts'
import { createEventWriter, type EventWriter } from './event-writer.ts'
import { type FlinkFixture, startFlink } from './flink-fixture.ts'

// All five jobs on a real Kafka. The events are minutes old: jobs go by Kafka's time of a record, so that no test waits
// for a window. A job's time never goes back, so each test's events are younger than those of the tests before it; and
// where a job goes by time, they are of one key, because partitions are read side by side.

const SETTINGS = {
  IDLE_SECONDS: '1',
  START_BACK: '55:00',
  CHECKOUT_ABANDONED_AFTER: '02:00',
}
const MINUTE = 60_000
const SECOND = 1000

let flink: FlinkFixture
let writer: EventWriter
let decisions: Awaited<ReturnType<typeof readDecisions>>
let derived: TopicLog

beforeAll(async () => {
  const brokers = inject('brokers')
  flink = await startFlink(brokers, { settings: SETTINGS })
  writer = createEventWriter(brokers)
  decisions = await readDecisions(brokers)
  derived = await readTopics(brokers, [
    ...['events.checkout-abandoned.high', 'events.checkout-abandoned.normal', 'events.content-repeated.low'],
  ])
}, 400_000)

afterAll(async () => {
  await derived?.close()
  await decisions?.close()
  await writer?.close()
  await flink?.stop()
})

type Customer = { readonly id: string; readonly email: string }

/** Someone whom no other test has anything to do with, of a tenant of their own. */
function someone() {
  const id = uniqueName('c')
  return { tenant: uniqueName('t'), customer: { id, email: 'ada@example.com' } }
}

/** Events of somebody else with the same key, later than what a join waits for: it looks when half of that has passed again. */
async function letTimePass(tenant: string, customer: Customer, at: number): Promise<void> {
  for (const offset of [-MINUTE, 0, SECOND])
    for (const definition of [paymentFailed, orderPlaced])
      await writer.write(definition, at + offset, { tenant: `${tenant}-later`, data: { customer } })
  await writer.write(paymentSucceeded, at, { tenant: `${tenant}-later`, data: { customer } })
}

/** Waits until a job has read so many records more than it had at the call. */
async function moreRead(job: string): Promise<(count: number) => Promise<void>> {
  const before = await flink.counts(job)
  return async (count) => {
    const isRead = async () => {
      const { read, plain } = await flink.counts(job)
      return Math.min(read - before.read, plain - before.plain) >= count
    }
    await waitFor(isRead, { timeoutMs: 30_000, describe: () => `${job} to read ${count} records` })
  }
}

test('checkout abandoned: an order whose payment failed, and that nobody tried to pay again', async () => {
  const { tenant, customer } = someone()
  const at = Date.now() - 52 * MINUTE
  const order = (orderId: string, offset: number) =>
    writer.write(orderPlaced, at + offset, {
      tenant,
      correlationid: 'the-first',
      data: { customer, orderId },
    })
  const fail = (orderId: string, offset: number, attempt: number) =>
    writer.write(paymentFailed, at + offset, {
      tenant,
      traceparent: 'a-trace',
      data: { customer, orderId, attempt },
    })
  const read = await moreRead('checkout-abandoned')
  const [left, paid, tried] = ['left', 'paid', 'tried'].map((name) => `${name}-${tenant}`) as [
    string,
    string,
    string,
  ]
  for (const [index, id] of [left, paid, tried].entries()) await order(id, index)
  // The orders are in another topic than the payments, and time does not wait for a topic that is quiet.
  await read(3)
  await fail(left, 10 * SECOND, 1)
  await fail(paid, 20 * SECOND, 1)
  await fail(tried, 30 * SECOND, 1)
  await read(6)
  await writer.write(paymentSucceeded, at + MINUTE, { tenant, data: { customer, orderId: paid, attempt: 2 } })
  const last = await fail(left, MINUTE + SECOND, 2)
  // Tries once more just in time, so that it is not given up yet.
  await fail(tried, 2 * MINUTE, 2)
  await read(9)
  await letTimePass(tenant, customer, at + 3.9 * MINUTE)

  const { event, record } = await derived.find((event) => event.tenant === tenant, 'the abandoned checkout')
  expect(decodeEvent(record)).toEqual(event)
  expect(checkoutAbandoned.validate(event.data)).toBeUndefined()
  expect(event).toMatchObject({
    source: '/streams/checkout-abandoned',
    type: 'checkout-abandoned',
    time: last.time,
    dataschema: 'urn:sluice:checkout-abandoned:1',
    priority: 'high',
    receivedat: last.receivedat,
    traceparent: 'a-trace',
    correlationid: 'the-first',
    causationid: last.id,
    data: {
      orderId: left,
      customer,
      total: orderPlaced.example.total,
      attempts: 2,
      lastReason: 'insufficient-funds',
      lastFailedAt: last.time,
    },
  })
  expect(record.topic).toBe('events.checkout-abandoned.high')
  expect(String(record.key)).toBe(customer.id)
  expect(record.partition).toBe(partitionOf(customer.id, PARTITIONS_PER_TYPE))
  expect(String(record.headers['content-type'])).toBe('application/cloudevents+json')
  expect(derived.all().filter(({ event }) => event.tenant === tenant)).toHaveLength(1)
})

test('payment recovered: a customer who pays after two failures goes first with orders', async () => {
  const { tenant, customer } = someone()
  const at = Date.now() - 45 * MINUTE
  const read = await moreRead('payment-recovered')
  await writer.write(paymentFailed, at, { tenant, data: { customer } })
  await writer.write(paymentFailed, at + SECOND, { tenant, data: { customer } })
  await read(2)
  const success = await writer.write(paymentSucceeded, at + MINUTE, { tenant, data: { customer } })
  for (const definition of [paymentFailed, paymentSucceeded])
    await writer.write(definition, at + 2 * MINUTE, { tenant: `${tenant}-later`, data: { customer } })
  const decision = await decisions.find(({ scope }) => scope.tenant === tenant, 'the decision')
  expect(decision).toEqual({
    id: `payment-recovered/${tenant}/${customer.id}`,
    action: 'raise',
    scope: { tenant, type: 'order-placed', key: customer.id },
    priority: 'high',
    reason: 'Paid after 2 failures within 10:00 minutes',
    evidence: { failures: 2, events: [success.id] },
    by: 'payment-recovered',
    from: new Date(at + MINUTE).toISOString(),
    until: new Date(at + 61 * MINUTE).toISOString(),
  })
})

test('payment trouble: the third failure of a customer within five minutes, in one tenant, raises', async () => {
  const { tenant, customer } = someone()
  const at = Date.now() - 40 * MINUTE
  const fail = (offset: number, whose = tenant) =>
    writer.write(paymentFailed, at + offset, { tenant: whose, data: { customer } })
  const other = `${tenant}-other`
  await fail(0)
  const second = await fail(4 * MINUTE)
  await fail(4 * MINUTE, other)
  await fail(4 * MINUTE, other)
  // Five minutes after the first: with the second and this it would be three, but the first is too old.
  const third = await fail(5 * MINUTE + 1)
  await fail(6 * MINUTE)
  const decision = await decisions.find(
    ({ id }) => id === `payment-trouble/${tenant}/${customer.id}`,
    'the raise',
  )
  expect(decision).toEqual({
    id: `payment-trouble/${tenant}/${customer.id}`,
    action: 'raise',
    scope: { tenant, key: customer.id },
    priority: 'high',
    reason: '3 failed payments within 05:00 minutes',
    evidence: { failures: 3, events: [second.id, third.id, expect.any(String)] },
    by: 'payment-trouble',
    from: new Date(at + 6 * MINUTE).toISOString(),
    until: new Date(at + 21 * MINUTE).toISOString(),
  })
  const written = decisions.all().filter(({ id }) => id.startsWith(`payment-trouble/${tenant}`))
  expect(written.map(({ id }) => id)).toEqual([decision.id])
})

test('a repeated event, and one that was redriven, are not another failure', async () => {
  const { tenant, customer } = someone()
  const at = Date.now() - 33 * MINUTE
  const first = await writer.write(paymentFailed, at, { tenant, data: { customer } })
  await writer.write(paymentFailed, at + 1, { tenant, id: first.id, data: { customer } })
  await writer.write(paymentFailed, at + 2, { tenant, data: { customer } })
  const redriven = { 'sluice-generation': 'redrive-1', 'sluice-service': 'payment-failed' }
  await writer.write(paymentFailed, at + 2, { tenant, data: { customer } }, redriven)
  // Would be the third.
  const after = someone()
  for (const offset of [3, 4, 5])
    await writer.write(paymentFailed, at + offset, { ...after, data: { customer: after.customer } })
  await decisions.find(({ scope }) => scope.tenant === after.tenant, 'the decision about who came later')
  expect(decisions.all().filter(({ id }) => id.includes(tenant))).toEqual([])
})

test('duplicates: the same content under another id is reported, and suppressed where that is wanted', async () => {
  const { tenant } = someone()
  const at = Date.now() - 32 * MINUTE
  const visitorId = uniqueName('v')
  const view = (offset: number, data = {}) =>
    writer.write(pageViewed, at + offset, { tenant, data: { visitorId, ...data } })
  const first = await view(0)
  await view(1, { pageOfSession: 4 })
  const second = await view(2)
  const order = {
    tenant,
    data: { customer: { id: visitorId, email: 'ada@example.com' }, items: [{ sku: 'thé', quantity: 1 }] },
  }
  const [ordered, again] = [
    await writer.write(orderPlaced, at, order),
    await writer.write(orderPlaced, at + 3, order),
  ]

  const content = hash('sha256', JSON.stringify(first.data))
  const decision = await decisions.find(({ scope }) => scope.tenant === tenant, 'the suppression')
  expect(decision).toEqual({
    id: `duplicates/${tenant}/page-viewed/${content}`,
    action: 'suppress',
    scope: { tenant, type: 'page-viewed', key: visitorId, content },
    reason: 'The same content within 10:00 minutes',
    evidence: { events: [first.id, second.id] },
    by: 'duplicates',
    from: new Date(at + 2).toISOString(),
    until: new Date(at + 2 + 10 * MINUTE).toISOString(),
  })

  const report = await derived.find((event) => event.causationid === second.id, 'the report')
  const { event, record } = report
  expect(decodeEvent(record)).toEqual(event)
  expect(contentRepeated.validate(event.data)).toBeUndefined()
  expect(event).toEqual({
    specversion: '1.0',
    id: expect.stringMatching(/^[0-9a-f]{40}$/),
    source: '/streams/duplicates',
    type: 'content-repeated',
    time: second.time,
    datacontenttype: 'application/json',
    dataschema: 'urn:sluice:content-repeated:1',
    priority: 'low',
    receivedat: second.receivedat,
    tenant,
    correlationid: second.id,
    causationid: second.id,
    data: {
      type: 'page-viewed',
      source: second.source,
      key: visitorId,
      content,
      ids: [first.id, second.id],
      firstSeenAt: new Date(at).toISOString(),
      lastSeenAt: new Date(at + 2).toISOString(),
    },
  })
  const reported = await derived.find((event) => event.causationid === again.id, 'the report of the order')
  expect(reported.event.data).toMatchObject({
    type: 'order-placed',
    ids: [ordered.id, again.id],
    content: hash('sha256', JSON.stringify(again.data)),
  })
  // Two orders of the same things are two orders.
  expect(decisions.all().filter(({ id }) => id.includes(tenant))).toHaveLength(1)
})

test('delay storm: many delays of a carrier raise shipments and lower page views, until they stop', async () => {
  const { tenant, customer } = someone()
  const start = Math.ceil((Date.now() - 50 * MINUTE) / MINUTE) * MINUTE
  for (let n = 0; n < 20; n++) {
    const data = { customer, carrier: 'slow', warehouse: `w-${n}` }
    await writer.write(shipmentDelayed, start + n * SECOND, { tenant, data })
  }
  // Time goes on with events alone.
  await writer.write(shipmentDelayed, start + 6 * MINUTE, { tenant, data: { customer, carrier: 'other' } })
  const ids = ['shipment-delayed', 'page-viewed'].map((type) => `delay-storm/${tenant}/carrier/slow/${type}`)
  const last = new Date(start + 5 * MINUTE).toISOString()
  const [raise, lower] = await Promise.all(
    ids.map((wanted) => decisions.find(({ id, from }) => id === wanted && from === last, wanted)),
  )
  expect(raise).toMatchObject({
    action: 'raise',
    scope: { tenant, type: 'shipment-delayed' },
    priority: 'high',
    reason: '20 delayed shipments within 05:00 minutes, carrier slow',
    evidence: { carrier: 'slow', shipments: 20 },
    until: new Date(start + 10 * MINUTE).toISOString(),
  })
  expect(lower).toMatchObject({ action: 'lower', scope: { tenant, type: 'page-viewed' }, priority: 'low' })
  const written = decisions.all().filter(({ id }) => id.includes(tenant))
  expect(new Set(written.map(({ id }) => id))).toEqual(new Set(ids))
  expect(new Set(written.map(({ from }) => from)).size).toBe(29)

  // What comes now is of a window that is over.
  const before = (await flink.counts('delay-storm')).late
  await writer.write(shipmentDelayed, start, { tenant, data: { customer, carrier: 'slow' } })
  await waitFor(async () => (await flink.counts('delay-storm')).late > before, {
    timeoutMs: 30_000,
    describe: () => 'the late event to be counted',
  })
})

test('what is no event of its type is counted by each job that reads it', async () => {
  const jobs = ['payment-trouble', 'duplicates', 'checkout-abandoned', 'payment-recovered']
  const before = await Promise.all(jobs.map((job) => flink.counts(job)))
  const at = Date.now() - 31 * MINUTE
  await writer.writeRaw(paymentFailed, at, 'no JSON')
  await writer.writeRaw(paymentFailed, at, '[]')
  await writer.writeRaw(paymentFailed, at, '{"id":"without the rest"}')
  for (const [index, job] of jobs.entries()) {
    await waitFor(async () => (await flink.counts(job)).unreadable === before[index]!.unreadable + 3, {
      timeoutMs: 30_000,
      describe: () => `${job} to count all three`,
    })
  }
})

test('killed in the middle, every job goes on where it was: the same decisions and events as without', async () => {
  const calm = await play(uniqueName('calm'), 29, async () => {})
  const killed = await play(uniqueName('killed'), 18, () => flink.killAndRestart())
  expect(killed).toEqual(calm)
}, 600_000)

/**
 * Something for every job, so many minutes ago, with `between` in the middle of it. What came of it, without the names and the
 * times that differ: each decision once, however often it was written, and each event as often as it was.
 */
async function play(tenant: string, minutesAgo: number, between: () => Promise<void>) {
  // Windows of ten seconds begin alike.
  const at = Math.ceil((Date.now() - minutesAgo * MINUTE) / MINUTE) * MINUTE
  const email = 'ada@example.com'
  const people = Array.from({ length: 20 }, (_, n) => ({ id: `c-${n}`, email }))
  const buyer = { id: 'buyer', email }
  const orders = Array.from({ length: 6 }, (_, n) => `o-${n}`)
  const joined = await moreRead('checkout-abandoned')
  const matched = await moreRead('payment-recovered')

  /** Ten parcels of one carrier, each from another warehouse. */
  async function delayTen(from: number): Promise<void> {
    for (let n = 0; n < 10; n++) {
      const time = from + n * SECOND
      const data = { customer: buyer, carrier: 'slow', warehouse: `w-${time - at}` }
      await writer.write(shipmentDelayed, time, { tenant, data })
    }
  }

  for (const [n, customer] of people.entries()) {
    await writer.write(paymentFailed, at + n, { tenant, id: `${n}-1`, data: { customer } })
    await writer.write(paymentFailed, at + n, { tenant, id: `${n}-2`, data: { customer } })
    await writer.write(pageViewed, at + n, { tenant, id: `v-${n}-1`, data: { visitorId: customer.id } })
  }
  for (const [n, orderId] of orders.entries())
    await writer.write(orderPlaced, at + n, { tenant, id: orderId, data: { customer: buyer, orderId } })
  await joined(2 * people.length + orders.length)
  for (const [n, orderId] of orders.entries())
    await writer.write(paymentFailed, at + 10 * SECOND + n, {
      ...{ tenant, id: `${orderId}-failed` },
      data: { customer: buyer, orderId, attempt: 1 },
    })
  await delayTen(at)
  await joined(2 * people.length + 2 * orders.length)
  await matched(2 * people.length + orders.length)

  await between()

  for (const [n, customer] of people.entries()) {
    // Of every second customer there is a third failure.
    if (n % 2 === 0)
      await writer.write(paymentFailed, at + MINUTE + n, { tenant, id: `${n}-3`, data: { customer } })
    await writer.write(pageViewed, at + MINUTE + n, {
      tenant,
      id: `v-${n}-2`,
      data: { visitorId: customer.id },
    })
  }
  for (const [n, orderId] of orders.entries())
    if (n % 2 === 0)
      await writer.write(paymentSucceeded, at + MINUTE + SECOND + n, {
        ...{ tenant, id: `${orderId}-paid` },
        data: { customer: buyer, orderId, attempt: 2 },
      })
  await delayTen(at + MINUTE)
  await letTimePass(tenant, buyer, at + 3.5 * MINUTE)
  await writer.write(shipmentDelayed, at + 7 * MINUTE, {
    tenant,
    data: { customer: buyer, carrier: 'other' },
  })

  const plain = (thing: unknown) =>
    JSON.stringify(thing)
      .replaceAll(tenant, '')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => `at+${Date.parse(time) - at}`)
  const decided = () =>
    new Set(
      decisions
        .all()
        .filter(({ scope }) => scope.tenant === tenant)
        .map(plain),
    )
  // An event's id is made of its tenant.
  const events = () =>
    derived
      .all()
      .filter(({ event }) => event.tenant === tenant)
      .map(({ event }) => plain({ ...event, id: '' }))
  // Of payment trouble ten and the buyer's four, of repeated views 20, of 24 windows of the storm two, and one recovery;
  // 50 reports of repeats, and three abandoned checkouts.
  const isDone = () => decided().size >= 14 + 20 + 48 + 1 && events().length >= 50 + 3
  await waitFor(isDone, {
    timeoutMs: 60_000,
    describe: () => `the decisions and events; there are ${decided().size} and ${events().length}`,
  })
  return { decisions: [...decided()].sort(), events: events().sort() }
}
