import { orderPlaced } from '@sluice/events'
import type { PublishOutcome, PublishRecord } from '@sluice/kafka'
import { waitFor } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { botView, createTestGateway } from './gateway-fixture.ts'

const order = (id: string, customer = 'c-7', more: object = {}) => ({
  type: 'order-placed',
  id,
  data: { ...orderPlaced.example, customer: { ...orderPlaced.example.customer, id: customer } },
  ...more,
})
const unknownType = { type: 'nope', data: {} }

const OUTCOMES = {
  stored: { status: 'stored' },
  overloaded: { status: 'overloaded' },
  unavailable: { status: 'failed', reason: 'unavailable', detail: 'x' },
  unknownTopic: { status: 'failed', reason: 'unknown-topic', detail: 'x' },
  notAuthorised: { status: 'failed', reason: 'not-authorised', detail: 'x' },
  invalid: { status: 'failed', reason: 'invalid', detail: 'x' },
  tooLarge: { status: 'failed', reason: 'too-large', detail: 'x' },
  afterFailed: { status: 'failed', reason: 'after-failed', detail: 'x' },
  unknown: { status: 'unknown', detail: 'x' },
} satisfies Record<string, PublishOutcome>

test.each([
  [OUTCOMES.stored, 202, undefined, 'accepted'],
  [OUTCOMES.overloaded, 503, 'overloaded', 'refused'],
  [OUTCOMES.unavailable, 503, 'unavailable', 'refused'],
  [OUTCOMES.unknownTopic, 503, 'unavailable', 'refused'],
  [OUTCOMES.notAuthorised, 503, 'unavailable', 'refused'],
  [OUTCOMES.invalid, 503, 'unavailable', 'refused'],
  [OUTCOMES.tooLarge, 413, 'event-too-large', 'rejected'],
  [OUTCOMES.afterFailed, 503, 'after-refused', 'refused'],
  [OUTCOMES.unknown, 503, 'unconfirmed', 'unknown'],
] as const)('%j of the publisher is %i %s', async (outcome, status, code, outcomeOfEvent) => {
  const gateway = createTestGateway({ outcome: () => outcome })
  const response = await gateway.post(order('1'))
  expect(response.status).toBe(status)
  expect(response.json.code).toBe(code)
  expect(response.json.outcome ?? response.json.status).toBe(outcomeOfEvent)
  expect(Number(response.headers['retry-after'] ?? 0) > 0).toBe(status === 503)
})

/** By the id of the event. */
function byId(outcomes: Record<string, PublishOutcome>) {
  return (record: PublishRecord) => outcomes[JSON.parse(String(record.value)).id] ?? OUTCOMES.stored
}

const outcome = byId({ full: OUTCOMES.overloaded, lost: OUTCOMES.unknown })
const [taken, full, lost] = [order('1', 'a'), order('full', 'b'), order('lost', 'c')]

test.each([
  ['all accepted', 202, [taken, order('2')]],
  ['accepted, filtered and duplicate', 202, [taken, taken, botView]],
  ['all rejected', 422, [unknownType, unknownType]],
  ['all refused or unknown', 503, [full, lost]],
  ['accepted and rejected', 207, [taken, unknownType]],
  ['filtered and rejected', 207, [botView, unknownType]],
  ['accepted and refused', 207, [taken, full]],
  ['accepted and unknown', 207, [taken, lost]],
  ['rejected and refused', 207, [unknownType, full]],
])('a batch, %s, is %i', async (_what, status, body) => {
  const response = await createTestGateway({ outcome }).post(body)
  expect(response.status).toBe(status)
  expect(response.headers['content-type']).toBe('application/json')
  expect(response.headers['retry-after'] !== undefined).toBe(status === 503)
  const { results, ...counts } = response.json
  expect(results).toHaveLength(body.length)
  for (const [name, count] of Object.entries(counts)) {
    expect(results.filter((result: { status: string }) => result.status === name)).toHaveLength(Number(count))
  }
})

const codesOf = (json: { results: { code?: string; status: string }[] }) =>
  json.results.map(({ code, status }) => code ?? status)

test('the same event twice is a duplicate, whatever the order of its members', async () => {
  const gateway = createTestGateway()
  const { data, ...rest } = order('1')
  const { json } = await gateway.post([order('1'), { data, ...rest }])
  expect(codesOf(json)).toEqual(['accepted', 'duplicate'])
  expect(gateway.published).toHaveLength(1)
})

test('one id with other content is refused for good; with another source it is another event', async () => {
  const gateway = createTestGateway()
  const { json } = await gateway.post([
    order('1'),
    order('1', 'other'),
    order('1', 'c-7', { source: '/elsewhere' }),
    order('1', 'c-7', { subject: 'other' }),
  ])
  expect(codesOf(json)).toEqual(['accepted', 'id-reused', 'accepted', 'id-reused'])
  expect(json.results[1].errors[0].pointer).toBe('/id')
})

test('what was rejected does not occupy its id', async () => {
  const gateway = createTestGateway({ maxEventBytes: 2000 })
  const large = order('1', 'c-7', { subject: 'x'.repeat(500) })
  large.data = { ...large.data, items: Array(50).fill({ sku: 'x'.repeat(100), quantity: 1 }) }
  const { json } = await gateway.post([{ ...order('1'), data: {} }, large, order('1'), order('1')])
  expect(codesOf(json)).toEqual(['schema', 'event-too-large', 'accepted', 'duplicate'])
})

test.each([
  [OUTCOMES.unknown, ['unconfirmed', 'unconfirmed']],
  [OUTCOMES.unavailable, ['unavailable', 'unavailable']],
  // The first is settled at once: the second is judged afresh, and its key is held.
  [OUTCOMES.overloaded, ['overloaded', 'after-refused']],
])('a repeat shares the fate of the first: %j', async (fate, codes) => {
  const { json } = await createTestGateway({ outcome: () => fate }).post([order('1'), order('1')])
  expect(codesOf(json)).toEqual(codes)
})

test('a repeat of a filtered event is filtered', async () => {
  const event = { ...botView, id: '1' }
  const { json } = await createTestGateway().post([event, event])
  expect(json.results.map(({ status, decidedBy }: Record<string, string>) => [status, decidedBy])).toEqual([
    ['filtered', 'rule:bots'],
    ['filtered', 'rule:bots'],
  ])
})

test('after an event that found its lane full, later ones of its key wait, other keys and lanes do not', async () => {
  const gateway = createTestGateway({ outcome })
  const { json } = await gateway.post([
    order('1', 'b'),
    order('full', 'b'),
    order('2', 'b'),
    order('3', 'other'),
    order('4', 'b', { priority: 'high' }),
  ])
  expect(codesOf(json)).toEqual(['accepted', 'overloaded', 'after-refused', 'accepted', 'accepted'])
  expect(gateway.stored().map(({ id }) => id)).toEqual(['1', 'full', '3', '4'])
})

test('events without an id are never taken for each other', async () => {
  const { json } = await createTestGateway().post([
    order('1'),
    { ...order('1'), id: undefined },
    { ...order('1'), id: undefined },
  ])
  expect(json).toMatchObject({ accepted: 3 })
})

test('everything of a key goes to one partition, in its order', async () => {
  const gateway = createTestGateway()
  await gateway.post(Array.from({ length: 60 }, (_, i) => order(String(i), `c-${i % 7}`)))
  const partitions = new Map<unknown, Set<number>>()
  for (const { key, partition } of gateway.published) {
    partitions.set(key, (partitions.get(key) ?? new Set()).add(partition))
  }
  expect([...partitions.values()].map((set) => set.size)).toEqual(Array(7).fill(1))
  expect(gateway.stored().map(({ id }) => id)).toEqual(Array.from({ length: 60 }, (_, i) => String(i)))
})

test('for any mix of events and outcomes: one result each, counted right, accepted only what was stored', async () => {
  const event = fc.record({ id: fc.constantFrom('1', '2', '3', '4'), customer: fc.constantFrom('a', 'b') })
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 12 }),
      fc.array(fc.constantFrom(...Object.values(OUTCOMES)), { minLength: 12, maxLength: 12 }),
      async (events, fates) => {
        const gateway = createTestGateway({ outcome: (_record, index) => fates[index]! })
        const { json } = await gateway.post(events.map(({ id, customer }) => order(id, customer)))
        expect(json.results).toHaveLength(events.length)
        const stored = gateway.stored().filter((_, index) => fates[index]!.status === 'stored')
        const accepted = json.results.filter(({ status }: { status: string }) => status === 'accepted')
        expect(accepted.map(({ id }: { id: string }) => id)).toEqual(stored.map(({ id }) => id))
      },
    ),
  )
})

test('every event is counted once, by type, lane, outcome and code; unknown types share one label', async () => {
  const gateway = createTestGateway({ outcome })
  await gateway.post([taken, taken, full, lost, unknownType, botView, { ...order('9'), data: {} }])
  const text = await gateway.metrics.text()
  const counted = (labels: string) =>
    text
      .split('\n')
      .find((line) => line.startsWith(`sluice_ingest_events_total{${labels}`))
      ?.split(' ')[1]
  expect(counted('type="order-placed",lane="normal",outcome="accepted",code=""')).toBe('1')
  expect(counted('type="order-placed",lane="",outcome="duplicate",code=""')).toBe('1')
  expect(counted('type="order-placed",lane="normal",outcome="refused",code="overloaded"')).toBe('1')
  expect(counted('type="order-placed",lane="normal",outcome="unknown",code="unconfirmed"')).toBe('1')
  expect(counted('type="",lane="",outcome="rejected",code="unknown-type"')).toBe('1')
  expect(counted('type="order-placed",lane="",outcome="rejected",code="schema"')).toBe('1')
  expect(counted('type="page-viewed",lane="",outcome="filtered",code=""')).toBe('1')
  expect(text).toMatch(/sluice_prioritised_events_total\{type="order-placed",decided_by="default".*\} 1/)
  expect(text).toMatch(/sluice_ingest_requests_total\{status="207".*\} 1/)
})

test('a publisher that throws leaves its event unconfirmed, holds its key, and hangs no request', async () => {
  const gateway = createTestGateway({
    outcome: (record) => {
      if (JSON.parse(String(record.value)).id === 'bad') throw new Error('planted')
      return OUTCOMES.stored
    },
  })
  const single = await gateway.post(order('bad'))
  expect(single.json).toMatchObject({ code: 'unconfirmed', outcome: 'unknown' })
  const batch = await gateway.post([order('1', 'a'), order('bad', 'b'), order('2', 'b'), order('3', 'c')])
  expect(codesOf(batch.json)).toEqual(['accepted', 'unconfirmed', 'after-refused', 'accepted'])
  expect(gateway.logged[0]).toContain('could not be published: a bug')
})

test('twenty posts of one event at once store one record: one is accepted, the others wait and are duplicates', async () => {
  const gateway = createTestGateway({ hold: true })
  const posts = Array.from({ length: 20 }, () => gateway.post(order('1')))
  await waitFor(async () =>
    (await gateway.metrics.text()).includes('sluice_idempotency_shared_total{service="gateway"} 19'),
  )
  gateway.release()
  const statuses = (await Promise.all(posts)).map(({ json }) => json.status)
  expect(statuses.sort()).toEqual(['accepted', ...Array(19).fill('duplicate')])
  expect(gateway.published).toHaveLength(1)
})

test('an event that was accepted is a duplicate afterwards, with other content it is id-reused', async () => {
  const gateway = createTestGateway()
  await gateway.post(order('1'))
  const { json: again, status } = await gateway.post(order('1'))
  expect([status, again.status]).toEqual([202, 'duplicate'])
  const other = await gateway.post(order('1', 'other'))
  expect([other.status, other.json.code]).toEqual([409, 'id-reused'])
  expect(gateway.published).toHaveLength(1)
})

test.each([OUTCOMES.unknown, OUTCOMES.unavailable, OUTCOMES.overloaded])(
  'what ended as %j is judged afresh when it comes again',
  async (fate) => {
    const gateway = createTestGateway({ outcome: (_record, index) => (index === 0 ? fate : OUTCOMES.stored) })
    expect((await gateway.post(order('1'))).status).toBe(503)
    expect((await gateway.post(order('1', 'other'))).json.status).toBe('accepted')
    expect(gateway.published).toHaveLength(2)
  },
)

test('a repeat of what another request has in flight shares its fate, and holds its key for the rest', async () => {
  const gateway = createTestGateway({ hold: true, outcome: byId({ '1': OUTCOMES.unknown }) })
  const first = gateway.post(order('1', 'a'))
  await waitFor(() => gateway.published.length === 1)
  const second = gateway.post([order('1', 'a'), order('2', 'a'), order('3', 'b')])
  await waitFor(() => gateway.published.length === 2)
  gateway.release()
  expect((await first).json.code).toBe('unconfirmed')
  expect(codesOf((await second).json)).toEqual(['unconfirmed', 'after-refused', 'accepted'])
})

test('a duplicate of an accepted event holds no key', async () => {
  const gateway = createTestGateway()
  await gateway.post(order('1', 'a'))
  const { json } = await gateway.post([order('1', 'a'), order('2', 'a')])
  expect(codesOf(json)).toEqual(['duplicate', 'accepted'])
})

test('a filtered event does not occupy its id', async () => {
  const gateway = createTestGateway()
  await gateway.post({ ...botView, id: '1' })
  const person = { ...botView, id: '1', data: { ...botView.data, userAgent: 'Mozilla/5.0 Firefox/140.0' } }
  expect((await gateway.post(person)).json.status).toBe('accepted')
})

test('an Idempotency-Key gives ids to events without one: the request again repeats them all', async () => {
  const gateway = createTestGateway()
  const body = [{ ...order('1'), id: undefined }, order('own'), { ...order('1'), id: undefined }]
  const key = { 'idempotency-key': '"k 1"' }
  const first = await gateway.post(body, key)
  const again = await gateway.post(body, key)
  const ids = (json: { results: { id: string }[] }) => json.results.map(({ id }) => id)
  expect(first.json.accepted).toBe(3)
  expect(again.json.duplicate).toBe(3)
  expect(ids(again.json)).toEqual(ids(first.json))
  expect(new Set(ids(first.json)).size).toBe(3)
  expect(ids(first.json)[1]).toBe('own')
  const other = await gateway.post({ ...order('1'), id: undefined, subject: 'other' }, key)
  expect(other.json.code).toBe('id-reused')
  expect((await gateway.post(body.slice(0, 1), { 'idempotency-key': 'another' })).json.accepted).toBe(1)
})

test('an Idempotency-Key that is malformed is a problem of the request', async () => {
  const { status, json } = await createTestGateway().post(order('1'), { 'idempotency-key': '"open' })
  expect([status, json.code]).toEqual([400, 'invalid-idempotency-key'])
})

const late = { drainSeconds: 90, budgetSeconds: 45, retryAfter: 42 }
const lateLanes = new Map([['events.order-placed.normal', late]])

test('a lane whose services are behind takes nothing, and says how far', async () => {
  const gateway = createTestGateway({ lateLanes })
  const one = await gateway.post(order('1'))
  expect([one.status, one.headers['retry-after']]).toEqual([503, '42'])
  expect(one.json).toMatchObject({ code: 'overloaded', outcome: 'refused', drainSeconds: 90 })
  expect(one.json.detail).toContain('would take 90 s, and may take 45')
  const batch = await gateway.post([order('2'), order('3')])
  expect([batch.status, batch.headers['retry-after']]).toEqual([503, '42'])
  expect(batch.json.results).toMatchObject([
    { status: 'refused', code: 'overloaded', retryable: true, priority: 'normal', drainSeconds: 90 },
    { status: 'refused', code: 'after-refused', retryable: true },
  ])
  expect(gateway.published).toEqual([])
  expect(await gateway.metrics.text()).toContain(
    'sluice_late_events_total{type="order-placed",lane="normal",service="gateway"} 2',
  )
})

test('other lanes go on beside a late one, and what was refused is taken when it is in time', async () => {
  const lanes = new Map(lateLanes)
  const gateway = createTestGateway({ lateLanes: lanes })
  const urgent = order('2', 'c-8', { priority: 'high' })
  const { json } = await gateway.post([order('1'), urgent, botView, unknownType])
  expect(codesOf(json)).toEqual(['overloaded', 'accepted', 'filtered', 'unknown-type'])
  lanes.clear()
  expect((await gateway.post(order('1'))).json).toMatchObject({ status: 'accepted' })
})
