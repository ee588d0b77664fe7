import { fileURLToPath } from 'node:url'
import { orderPlaced } from '@sluice/events'
import { uniqueName, waitFor } from '@sluice/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { readDecisions } from './decision-log.ts'
import { createEventWriter, type EventWriter } from './event-writer.ts'
import { type FlinkFixture, startFlink } from './flink-fixture.ts'

// The test of the template for a job, and the template for a job's test. A copy leaves out `jobsDir`.

const JOB = 'regular-customer'
const MINUTE = 60_000

let flink: FlinkFixture
let writer: EventWriter
let decisions: Awaited<ReturnType<typeof readDecisions>>

beforeAll(async () => {
  const brokers = inject('brokers')
  const jobsDir = fileURLToPath(new URL('../../streams/flink/template/', import.meta.url))
  // How far back a job begins: before the oldest event that is written here.
  flink = await startFlink(brokers, { jobs: [JOB], jobsDir, settings: { START_BACK: '90:00' } })
  writer = createEventWriter(brokers)
  decisions = await readDecisions(brokers)
}, 400_000)

afterAll(async () => {
  await decisions?.close()
  await writer?.close()
  await flink?.stop()
})

test('the third order of a customer within an hour, in one tenant, raises', async () => {
  const tenant = uniqueName('t')
  const customer = { id: uniqueName('c'), email: 'ada@example.com' }
  // On Kafka events are as old as they say, so that nothing here waits for an hour.
  const at = Date.now() - 80 * MINUTE
  const order = (offset: number, whose = tenant) =>
    writer.write(orderPlaced, at + offset, { tenant: whose, data: { customer } })
  await order(0)
  const first = await order(30 * MINUTE)
  await order(31 * MINUTE, `${tenant}-other`)
  // An hour after the one before the first: too late for three.
  const second = await order(60 * MINUTE + 1)
  const third = await order(70 * MINUTE)
  const decision = await decisions.find(({ scope }) => scope.tenant === tenant, 'the raise')
  expect(decision).toEqual({
    id: `${JOB}/${tenant}/${customer.id}`,
    action: 'raise',
    scope: { tenant, type: 'order-placed', key: customer.id },
    priority: 'high',
    reason: '3 orders within an hour',
    evidence: { orders: 3, events: [first.id, second.id, third.id] },
    by: JOB,
    from: new Date(at + 70 * MINUTE).toISOString(),
    until: new Date(at + 70 * MINUTE + 24 * 60 * MINUTE).toISOString(),
  })
  expect(decisions.all().filter(({ id }) => id.startsWith(`${JOB}/${tenant}`))).toHaveLength(1)
})

test('what is no event is counted', async () => {
  await writer.writeRaw(orderPlaced, Date.now(), '{"id":"without the rest"}')
  await waitFor(async () => (await flink.counts(JOB)).unreadable === 1, {
    timeoutMs: 30_000,
    describe: () => 'the record to be counted',
  })
})
