import { orderPlaced } from '@sluice/events'
import type { PublishRecord } from '@sluice/kafka'
import { waitFor } from '@sluice/testing'
import { expect, test } from 'vitest'
import { botView, createTestGateway } from './gateway-fixture.ts'

const order = { type: 'order-placed', id: 'o', source: '/shop', data: orderPlaced.example }
const bot = { ...botView, id: 'b' }
const mixed = [order, bot, order, { type: 'nope', data: {} }]
const isOutcome = ({ topic }: PublishRecord) => topic === 'events.outcomes'

test('the books tell what was filtered, by which rule, and what repeats another of its request', async () => {
  const gateway = createTestGateway({ outcomes: true })
  expect((await gateway.post(mixed)).status).toBe(207)
  const told = gateway.published.filter(isOutcome)
  expect(told.map(({ key }) => key)).toEqual(['b', 'o'])
  expect(told.map(({ value }) => JSON.parse(String(value)))).toEqual([
    {
      tenant: 'default',
      source: '/producers/default',
      id: 'b',
      type: 'page-viewed',
      by: 'gateway',
      outcome: 'filtered',
      reason: 'rule:bots',
    },
    {
      tenant: 'default',
      source: '/shop',
      id: 'o',
      type: 'order-placed',
      by: 'gateway',
      outcome: 'duplicate',
    },
  ])
})

test('a request is answered when the books say how it ended', async () => {
  const gateway = createTestGateway({ outcomes: true, hold: true })
  let answered = false
  const answer = gateway.post(bot).then((response) => {
    answered = true
    return response
  })
  await waitFor(() => gateway.published.length === 1)
  // As far as an answer that waits for nothing would have come.
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
  expect(answered).toBe(false)
  gateway.release()
  expect((await answer).json.status).toBe('filtered')
})

test('filtered is not said where the books do not say it: it is to be sent again, and counted as that', async () => {
  const gateway = createTestGateway({
    outcomes: true,
    outcome: (record) => (isOutcome(record) ? { status: 'unknown', detail: 'x' } : { status: 'stored' }),
  })
  const { json } = await gateway.post([order, bot, bot, order])
  expect(json).toMatchObject({ accepted: 1, filtered: 0, duplicate: 1, unknown: 2 })
  expect(json.results[1]).toEqual({
    index: 1,
    id: 'b',
    type: 'page-viewed',
    status: 'unknown',
    code: 'unconfirmed',
    retryable: true,
  })
  expect(await gateway.metrics.text()).not.toMatch(/sluice_filtered_events_total\{.*\} [1-9]/)
})

test('without books nothing is told', async () => {
  const gateway = createTestGateway()
  await gateway.post(mixed)
  expect(gateway.published.filter(isOutcome)).toEqual([])
})
