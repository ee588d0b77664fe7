import { orderPlaced } from '@sluice/events'
import type { PublishRecord } from '@sluice/kafka'
import { expect, test } from 'vitest'
import { createTestGateway } from './gateway-fixture.ts'

const order = { type: 'order-placed', id: 'o', source: '/shop', data: orderPlaced.example }
const bot = {
  type: 'page-viewed',
  id: 'b',
  data: {
    visitorId: 'v',
    sessionId: 's',
    url: 'https://shop.example.com/',
    userAgent: 'Googlebot/2.1',
    viewportWidth: 1,
    pageOfSession: 1,
  },
}
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
      reason: expect.stringMatching(/./),
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

test('a request is answered when the books say how it ended, and as before when they cannot', async () => {
  const gateway = createTestGateway({ outcomes: true, hold: true })
  let answered = false
  const answer = gateway.post(bot).then((response) => {
    answered = true
    return response
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect([gateway.published.length, answered]).toEqual([1, false])
  gateway.release()
  expect((await answer).json.status).toBe('filtered')

  const away = createTestGateway({
    outcomes: true,
    outcome: (record) =>
      isOutcome(record) ? { status: 'failed', reason: 'unavailable', detail: 'x' } : { status: 'stored' },
  })
  expect((await away.post(mixed)).json).toMatchObject({ accepted: 1, filtered: 1, duplicate: 1, rejected: 1 })
})

test('without books nothing is told', async () => {
  const gateway = createTestGateway()
  await gateway.post(mixed)
  expect(gateway.published.filter(isOutcome)).toEqual([])
})
