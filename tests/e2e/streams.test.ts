import { laneTopic, orderPlaced, paymentFailed } from '@sluice/events'
import { uniqueName, waitFor } from '@sluice/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { readDecisions } from '../streams/decision-log.ts'
import { createEventWriter, type EventWriter } from '../streams/event-writer.ts'
import { type FlinkFixture, startFlink } from '../streams/flink-fixture.ts'
import { type System, startSystem } from './system.ts'
import { readTopics, type TopicLog } from './topic-log.ts'

// One job on a real Flink, from HTTP to the decision. The other jobs, and a kill, are in tests/streams.

let system: System
let flink: FlinkFixture
let decisions: Awaited<ReturnType<typeof readDecisions>>
let lane: TopicLog
let writer: EventWriter

beforeAll(async () => {
  const brokers = inject('brokers')
  // It creates the topics.
  system = await startSystem(brokers)
  flink = await startFlink(brokers, { jobs: ['payment-trouble'], settings: { START_BACK: '01:00' } })
  decisions = await readDecisions(brokers)
  lane = await readTopics(brokers, [laneTopic('order-placed', 'high')])
  writer = createEventWriter(brokers)
}, 400_000)

afterAll(async () => {
  await writer?.close()
  await lane?.close()
  await decisions?.close()
  await flink?.stop()
  await system?.stop()
})

test('after the third failed payment of a customer, the next event goes to the high lane', async () => {
  const customer = { id: uniqueName('c'), email: 'ada@example.com' }
  const ids: string[] = []
  for (let attempt = 1; attempt <= 3; attempt++) {
    const { id, status } = await post('payment-failed', { ...paymentFailed.example, customer, attempt })
    expect(status).toBe('accepted')
    ids.push(id)
  }
  const failed = performance.now()
  const decision = await decisions.find(({ scope }) => scope.key === customer.id, 'the decision')
  expect(decision).toMatchObject({
    id: `payment-trouble/default/${customer.id}`,
    action: 'raise',
    scope: { tenant: 'default', key: customer.id },
    priority: 'high',
    evidence: { failures: 3, events: ids },
    by: 'payment-trouble',
  })
  const [from, until] = [Date.parse(decision.from), Date.parse(decision.until)]
  expect(until - from).toBe(15 * 60_000)

  // What the customer does next, again and again, until it goes first.
  const next = { ...orderPlaced.example, customer }
  const order = await waitFor(
    async () => {
      const posted = await post('order-placed', next)
      return posted.priority === 'high' && posted
    },
    { timeoutMs: 10_000, intervalMs: 20, describe: () => 'an order to be raised' },
  )
  expect(order).toMatchObject({ status: 'accepted', decidedBy: `decision:${decision.id}` })
  const { record } = await lane.find(({ id }) => id === order.id, 'the order in the high lane')
  expect(record.topic).toBe(laneTopic('order-placed', 'high'))
  console.error(
    `third failed payment to the next event in the high lane: ${Math.round(performance.now() - failed)} ms`,
  )
})

type Posted = { readonly id: string; readonly status: string; readonly priority?: string }

async function post(type: string, data: object): Promise<Posted> {
  const response = await fetch(`${system.ingest}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type, data }),
  })
  return (await response.json()) as Posted
}

test('a record that is no event ends no job, and is counted', async () => {
  await writer.writeRaw(paymentFailed, Date.now(), '{"id":"no event"')
  await waitFor(async () => (await flink.counts('payment-trouble')).unreadable === 1, {
    timeoutMs: 30_000,
    describe: () => 'the record to be counted',
  })
})
