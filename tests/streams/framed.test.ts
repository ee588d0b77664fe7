import { hash } from 'node:crypto'
import { checkoutAbandoned, orderPlaced, pageViewed, paymentFailed, paymentSucceeded } from '@sluice/events'
import { uniqueName, waitFor } from '@sluice/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { readTopics, type TopicLog } from '../e2e/topic-log.ts'
import { readDecisions } from './decision-log.ts'
import { createEventWriter, type EventWriter } from './event-writer.ts'
import { type FlinkFixture, startFlink } from './flink-fixture.ts'

// What jobs.test.ts tests of plain events, where a schema registry is used: events of both forms, in one topic.

const MINUTE = 60_000

let flink: FlinkFixture
let writer: EventWriter
let decisions: Awaited<ReturnType<typeof readDecisions>>
let derived: TopicLog

beforeAll(async () => {
  const brokers = inject('brokers')
  flink = await startFlink(brokers, {
    jobs: ['payment-trouble', 'duplicates', 'checkout-abandoned'],
    settings: { EVENT_FORMS: 'both', IDLE_SECONDS: '1', CHECKOUT_ABANDONED_AFTER: '02:00' },
  })
  writer = createEventWriter(brokers)
  decisions = await readDecisions(brokers)
  derived = await readTopics(brokers, ['events.checkout-abandoned.high', 'events.checkout-abandoned.normal'])
}, 400_000)

afterAll(async () => {
  await derived?.close()
  await decisions?.close()
  await writer?.close()
  await flink?.stop()
})

test('framed and plain events count together, in the order in which they were stored', async () => {
  const [tenant, id] = [uniqueName('t'), uniqueName('c')]
  const customer = { id, email: 'zoe@example.com' }
  const at = Date.now() - 9 * MINUTE
  const data = { customer, orderId: `left-${tenant}` }
  const { read } = await flink.counts('checkout-abandoned')
  const order = await writer.writeFramed(orderPlaced, at, { tenant, data })
  // The orders are in another topic than the payments.
  await waitFor(async () => (await flink.counts('checkout-abandoned')).read > read, {
    timeoutMs: 30_000,
    describe: () => 'the order to be read',
  })
  const failures = [
    await writer.writeFramed(paymentFailed, at + 1, { tenant, data: { ...data, attempt: 1 } }),
    await writer.write(paymentFailed, at + 2, { tenant, data: { ...data, attempt: 2 } }),
    await writer.writeFramed(paymentFailed, at + 3, { tenant, data: { ...data, attempt: 3 } }),
  ]
  const raised = await decisions.find(
    ({ id }) => id === `payment-trouble/${tenant}/${customer.id}`,
    'the raise',
  )
  expect(raised.evidence).toEqual({ failures: 3, events: failures.map(({ id }) => id) })

  // One of each form.
  const view = { tenant, data: { visitorId: uniqueName('v'), url: 'https://example.com/thé' } }
  const first = await writer.writeFramed(pageViewed, at, view)
  const second = await writer.write(pageViewed, at + 1, view)
  const suppression = await decisions.find(
    ({ scope }) => scope.key === view.data.visitorId,
    'the suppression',
  )
  expect(suppression.scope.content).toBe(hash('sha256', JSON.stringify(first.data)))
  // This job reads the two forms apart.
  expect(new Set((suppression.evidence as { events: string[] }).events)).toEqual(
    new Set([first.id, second.id]),
  )

  // Somebody else's, of the same key, later than what the join waits for.
  const later = { tenant: `${tenant}-later`, data: { customer } }
  for (const offset of [3, 4, 4.1])
    for (const definition of [paymentFailed, orderPlaced])
      await writer.writeFramed(definition, at + offset * MINUTE, later)
  await writer.writeFramed(paymentSucceeded, at + 4 * MINUTE, later)
  const { event } = await derived.find((event) => event.tenant === tenant, 'the abandoned checkout')
  expect(checkoutAbandoned.validate(event.data)).toBeUndefined()
  expect(event).toMatchObject({
    correlationid: order.id,
    causationid: failures[2]!.id,
    data: { orderId: data.orderId, customer, total: orderPlaced.example.total, attempts: 3 },
  })
})

test('what is no event of its type is counted, framed or not', async () => {
  const before = (await flink.counts('payment-trouble')).unreadable
  const at = Date.now()
  const frame = Buffer.from([0, 0, 0, 0, 7])
  for (const value of ['{}', '[]', '{"orderId":', ''])
    await writer.writeRaw(paymentFailed, at, Buffer.concat([frame, Buffer.from(value)]))
  await writer.writeRaw(paymentFailed, at, frame.subarray(0, 3))
  for (const value of ['no JSON', '[]', '{"id":"without the rest"}'])
    await writer.writeRaw(paymentFailed, at, value)
  await waitFor(async () => (await flink.counts('payment-trouble')).unreadable === before + 8, {
    timeoutMs: 30_000,
    describe: () => 'all eight to be counted',
  })
})
