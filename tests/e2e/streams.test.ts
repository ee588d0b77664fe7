import { orderPlaced, paymentFailed } from '@sluice/events'
import { uniqueName, waitFor } from '@sluice/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { readDecisions } from '../streams/decision-log.ts'
import { createEventWriter, type EventWriter } from '../streams/event-writer.ts'
import { type FlinkFixture, startFlink } from '../streams/flink-fixture.ts'
import { type System, startSystem } from './system.ts'

// One job on a real Flink, from HTTP to the decision. The other jobs, and a kill, are in tests/streams.

const ADMIN_TOKEN = 'a-token-of-sixteen-or-more'

let system: System
let flink: FlinkFixture
let decisions: Awaited<ReturnType<typeof readDecisions>>
let writer: EventWriter

beforeAll(async () => {
  const brokers = inject('brokers')
  // It creates the topics.
  system = await startSystem(brokers, { ADMIN_TOKEN })
  flink = await startFlink(brokers, { jobs: ['payment-trouble'], settings: { START_BACK: '01:00' } })
  decisions = await readDecisions(brokers)
  writer = createEventWriter(brokers)
}, 400_000)

afterAll(async () => {
  await writer?.close()
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

  const authorization = `Bearer ${ADMIN_TOKEN}`
  const known = async () => {
    const url = `${system.admin('gateway')}/v1/decisions?key=${customer.id}`
    const response = await fetch(url, { headers: { authorization } })
    return ((await response.json()) as { decisions: unknown[] }).decisions.length > 0
  }
  await waitFor(known, { timeoutMs: 10_000, describe: () => 'the gateway to know the decision' })
  expect(await post('order-placed', { ...orderPlaced.example, customer })).toMatchObject({
    status: 'accepted',
    priority: 'high',
    decidedBy: `decision:${decision.id}`,
  })
})

async function post(type: string, data: object): Promise<{ id: string; status: string }> {
  const response = await fetch(`${system.ingest}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type, data }),
  })
  return (await response.json()) as { id: string; status: string }
}

test('a record that is no event ends no job, and is counted', async () => {
  await writer.writeRaw(paymentFailed, Date.now(), '{"id":"no event"')
  await waitFor(async () => (await flink.counts('payment-trouble')).unreadable === 1, {
    timeoutMs: 30_000,
    describe: () => 'the record to be counted',
  })
})
