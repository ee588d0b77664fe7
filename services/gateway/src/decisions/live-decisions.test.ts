import { createHash } from 'node:crypto'
import { type Decision, encodeDecision } from '@sluice/decisions'
import { catalogue, orderPlaced, pageViewed, paymentFailed, shipmentDelayed } from '@sluice/events'
import { createMetrics } from '@sluice/telemetry'
import { describe, expect, it } from 'vitest'
import { botView, createTestGateway, NOW } from '../gateway-fixture.ts'
import { createRejudge } from '../quarantine/rejudge.ts'
import { NO_RULES } from '../rules/rules-fixture.ts'
import { createLiveDecisions } from './live-decisions.ts'

const order = (customer = 'c-1') => ({
  type: 'order-placed',
  source: '/shop',
  data: { ...orderPlaced.example, customer: { ...orderPlaced.example.customer, id: customer } },
})
const view = { type: 'page-viewed', source: '/shop', data: pageViewed.example }
const KEY = { tenant: 'default', key: 'c-1' }

async function post(gateway: ReturnType<typeof createTestGateway>, event: object) {
  const { json } = await gateway.post(event)
  return json
}

describe('a decision raises or lowers', () => {
  it('the events in its scope, and no others; the answer, the event and the counters say so', async () => {
    const gateway = createTestGateway()
    gateway.decide({ id: 'trouble/c-1', action: 'raise', scope: KEY, by: 'payment-trouble' })
    expect(await post(gateway, order())).toMatchObject({
      ...{ status: 'accepted', priority: 'high', decidedBy: 'decision:trouble/c-1' },
    })
    expect(await post(gateway, order('c-2'))).toMatchObject({ priority: 'normal', decidedBy: 'default' })
    expect(gateway.published.map(({ topic }) => topic)).toEqual([
      'events.order-placed.high',
      'events.order-placed.normal',
    ])
    expect(gateway.stored()[0]).toMatchObject({ priority: 'high' })
    const metrics = await gateway.metrics.text()
    expect(metrics).toMatch(/sluice_decided_events_total\{by="payment-trouble",action="raise".*\} 1/)
    expect(metrics).toMatch(
      /sluice_prioritised_events_total\{type="order-placed",decided_by="decision".*\} 1/,
    )
    expect(metrics).toMatch(/sluice_live_decisions\{action="raise".*\} 1/)
    expect(metrics).not.toContain('trouble/c-1')
    expect(gateway.decisions.get('trouble/c-1')).toMatchObject({ hits: 1 })
  })

  it('over a rule and over the wish of the producer, to the nearest lane of the type', async () => {
    const gateway = createTestGateway()
    gateway.decide({ id: 'calm', action: 'lower', scope: { source: '/shop' } })
    const delayed = { ...shipmentDelayed.example, delayDays: 9 }
    const shipment = { type: 'shipment-delayed', source: '/shop', data: delayed, priority: 'high' }
    expect(await post(gateway, shipment)).toMatchObject({ priority: 'normal', decidedBy: 'decision:calm' })
    expect(await post(gateway, { ...order(), priority: 'high' })).toMatchObject({ priority: 'normal' })
  })

  it('and is named only where it made a difference', async () => {
    const gateway = createTestGateway()
    gateway.decide({ id: 'urgent', action: 'raise', scope: { type: 'payment-failed' }, priority: 'normal' })
    const payment = { type: 'payment-failed', data: paymentFailed.example, priority: 'high' }
    expect(await post(gateway, payment)).toMatchObject({ priority: 'high', decidedBy: 'producer' })
    expect(gateway.decisions.get('urgent')).toMatchObject({ hits: 0 })
  })

  it('from its start to its end', async () => {
    let now = NOW - 1
    const gateway = createTestGateway({ decisionClock: () => now })
    const [from, until] = [new Date(NOW).toISOString(), new Date(NOW + 10).toISOString()]
    gateway.decide({ id: 'soon', action: 'raise', scope: KEY, from, until })
    const lanes = []
    for (now of [NOW - 1, NOW, NOW + 9, NOW + 10]) lanes.push((await post(gateway, order())).priority)
    expect(lanes).toEqual(['normal', 'high', 'high', 'normal'])
    expect(gateway.decisions.list()).toEqual([])
    expect(gateway.decisions.isEmpty()).toBe(true)
  })
})

describe('a suppression', () => {
  it('drops what is in its scope: named in the answer and the books, counted, and not stored', async () => {
    const gateway = createTestGateway({ outcomes: true })
    gateway.decide({ id: 'flood/shop', action: 'suppress', scope: { source: '/shop' }, by: 'flood-guard' })
    expect(await post(gateway, view)).toMatchObject({ status: 'filtered', decidedBy: 'decision:flood/shop' })
    expect(await post(gateway, { ...view, source: '/app' })).toMatchObject({ status: 'accepted' })
    const [told, stored] = gateway.published
    expect(JSON.parse(String(told!.value))).toMatchObject({
      outcome: 'filtered',
      reason: 'decision:flood/shop',
    })
    expect(stored!.topic).toBe('events.page-viewed.low')
    const metrics = await gateway.metrics.text()
    expect(metrics).toMatch(/sluice_filtered_events_total\{type="page-viewed",rule="".*\} 1/)
    expect(metrics).toMatch(/sluice_decided_events_total\{by="flood-guard",action="suppress".*\} 1/)
    expect(gateway.decisions.get('flood/shop')).toMatchObject({ hits: 1 })
  })

  it('is looked at after the rules, and an exception from it does not let in what they filter', async () => {
    const gateway = createTestGateway()
    gateway.decide({ id: 'none', action: 'suppress', scope: { type: 'page-viewed' } })
    expect(await post(gateway, botView)).toMatchObject({ decidedBy: 'rule:bots' })
    gateway.decide({ id: 'all', action: 'allow', scope: { type: 'page-viewed' } })
    expect(await post(gateway, botView)).toMatchObject({ status: 'filtered', decidedBy: 'rule:bots' })
    expect(await post(gateway, view)).toMatchObject({ status: 'accepted' })
  })

  it('does not reach what was accepted before: a repeat of that is a duplicate', async () => {
    const gateway = createTestGateway()
    const event = { ...view, id: 'v-1' }
    expect(await post(gateway, event)).toMatchObject({ status: 'accepted' })
    gateway.decide({ id: 'flood', action: 'suppress', scope: { type: 'page-viewed' } })
    expect(await post(gateway, event)).toMatchObject({ status: 'duplicate' })
    expect(await post(gateway, { ...view, id: 'v-2' })).toMatchObject({ status: 'filtered' })
  })

  it('of content is about the data as it is stored', async () => {
    const gateway = createTestGateway()
    await post(gateway, order())
    const stored = /"data":(.*)\}$/.exec(String(gateway.published[0]!.value))![1]!
    const content = createHash('sha256').update(stored).digest('hex')
    gateway.decide({ id: 'twice', action: 'suppress', scope: { type: 'order-placed', key: 'c-1', content } })
    expect(await post(gateway, order())).toMatchObject({ status: 'filtered', decidedBy: 'decision:twice' })
    const other = { ...order(), data: { ...order().data, orderId: 'o-other' } }
    expect(await post(gateway, other)).toMatchObject({ status: 'accepted' })
  })

  it('holds for what is let in from the quarantine, too', () => {
    const { decisions, decide } = createTestGateway()
    const rejudge = createRejudge({
      ...{
        entries: catalogue,
        rules: () => NO_RULES,
        metrics: createMetrics('gateway'),
        maxEventBytes: 1e6,
        decisions,
      },
      ...{ partitionOf: () => 0, typesOf: () => '*', notAllowed: false },
    })
    decide({ id: 'flood', action: 'suppress', scope: { type: 'page-viewed', source: '/shop' } })
    const event = { id: 'e', at: NOW, tenant: 'default', source: '/producers/default', credential: 'anybody' }
    const judged = rejudge({ ...event, maxPriority: 'high' } as never, Buffer.from(JSON.stringify(view)))
    expect(judged).toEqual({ filteredBy: 'decision:flood' })
  })
})

it('counts jobs by name as long as they are few', async () => {
  const metrics = createMetrics('gateway')
  const decisions = createLiveDecisions({ metrics, now: () => NOW })
  decisions.stop()
  const [from, until] = [0, 1].map((hours) => new Date(NOW + hours * 3_600_000).toISOString())
  function decide(by: string): void {
    const whole: Decision = {
      ...{ id: by, action: 'suppress', scope: { key: by }, reason: 'r', by, from: from!, until: until! },
    }
    const { key, value } = encodeDecision(whole)
    expect(decisions.apply({ key: Buffer.from(key), value: Buffer.from(value) })).toBeUndefined()
    const event = { tenant: 't', type: 'page-viewed', source: 's', key: by, data: {}, at: NOW }
    decisions.findDrop(event)!.filtered.add(1)
  }
  for (let n = 0; n < 60; n++) decide(`job-${n}`)
  decide('operator:ada')
  decide('operator:bob')
  decide('job-7')
  const text = await metrics.text()
  expect(text.match(/^sluice_decided_events_total\{/gm)).toHaveLength(52)
  expect(text).toMatch(/decided_events_total\{by="job-7".*\} 2/)
  expect(text).toMatch(/decided_events_total\{by="other".*\} 10/)
  expect(text).toMatch(/decided_events_total\{by="operator".*\} 2/)
})
