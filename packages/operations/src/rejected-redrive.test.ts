import { planTopics, REJECTED_TOPIC } from '@sluice/events'
import { partitionOf } from '@sluice/kafka'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { createMemoryBroker } from '@sluice/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { type Rejection, readRejectedEvent, rejectionHeaders } from './rejected-event.ts'
import { type RejectedRedriveOptions, redriveRejected } from './rejected-redrive.ts'
import { rejectedFilters, surveyRejected } from './rejected-survey.ts'
import { createSender, type Sender } from './sender.ts'

const LANE = 'events.order-placed.normal'

const senders: Sender[] = []
afterEach(async () => {
  for (const sender of senders.splice(0)) await sender.close()
})

/** A quarantine, and a gateway that lets in what says `{"good": true}`. */
function setup() {
  const broker = createMemoryBroker({ topics: { [LANE]: 3 } })
  for (const { topic, partitions } of planTopics([], { quarantine: true }))
    broker.createTopic(topic, partitions)
  const client = broker.client()
  const sender = createSender({
    client,
    metrics: createMetrics('test'),
    log: createLogger({ service: 'test', level: 'silent' }),
    deliveryTimeoutMs: 200,
  })
  senders.push(sender)
  let count = 0

  const judge: RejectedRedriveOptions['judge'] = ({ id }, posted) => {
    const { good, key } = JSON.parse(String(posted)) as { good: unknown; key: string }
    if (good === 'filtered') return { filteredBy: 'rule:bots' }
    if (good !== true) return { code: 'schema', detail: '/data must be good' }
    const partition = partitionOf(key, 3)
    return { record: { lane: 'normal', topic: LANE, partition, key, value: JSON.stringify({ id, key }) } }
  }

  return {
    broker,
    client,
    quarantine(good: unknown, changes: Partial<Rejection> = {}): string {
      const id = `e-${count++}`
      const headers = rejectionHeaders({
        ...{ id, type: 'order-placed', code: 'schema', errors: [], credential: 'shop', tenant: 'acme' },
        ...{ source: '/shop', maxPriority: 'high', receivedat: String(1000 + count) },
        ...{ dataschema: undefined, traceparent: undefined },
        ...changes,
      })
      const value = JSON.stringify({ good, key: `k-${count % 5}` })
      broker.append({ topic: REJECTED_TOPIC, partition: 0 }, [{ key: null, value, headers }])
      return id
    },
    redrive: (options: Partial<RejectedRedriveOptions> = {}) =>
      redriveRejected({ client, sender, judge, selection: {}, notAllowed: false, dryRun: false, ...options }),
    /** Ids, in the order in which they were written to each partition. */
    letIn: () => broker.read(LANE).map(({ value }) => JSON.parse(String(value)).id as string),
    records: () => broker.read(REJECTED_TOPIC).length,
  }
}

describe('a redrive of rejected events', () => {
  it('lets in those that pass today; the others stay, and nothing is written of them', async () => {
    const { quarantine, redrive, letIn, records } = setup()
    const [good] = [quarantine(true), quarantine(false), quarantine('filtered')]
    expect(await redrive()).toEqual({
      ...{ ended: 'done', topic: REJECTED_TOPIC, selected: 3, redrivenBefore: 0 },
      ...{ notAllowed: 0, idsReused: 0, stillRejected: 1, filtered: 1, planned: 1, sent: 1 },
      reasons: [{ type: 'order-placed', code: 'schema', detail: '/data must be good', events: 1 }],
      routes: [{ topic: LANE, partition: expect.any(Number), events: 1 }],
    })
    expect(letIn()).toEqual([good])
    // One mark, for what was sent.
    expect(records()).toBe(4)
    expect(await redrive()).toMatchObject({ redrivenBefore: 1, stillRejected: 1, filtered: 1, sent: 0 })
    expect(letIn()).toEqual([good])
    expect(records()).toBe(4)
  })

  it('keeps the order of each key', async () => {
    const { quarantine, redrive, broker } = setup()
    for (let n = 0; n < 1200; n++) quarantine(n % 3 > 0)
    expect(await redrive()).toMatchObject({ ended: 'done', sent: 800 })
    const byKey = Map.groupBy(broker.read(LANE), ({ key }) => String(key))
    expect(byKey.size).toBe(5)
    for (const records of byKey.values()) {
      const numbers = records.map(({ value }) => Number(JSON.parse(String(value)).id.slice(2)))
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    }
  })

  it('lets nobody in who might not post, unless that is asked for; and no id that is taken, ever', async () => {
    const { quarantine, redrive, letIn } = setup()
    const [derived] = [quarantine(true, { code: 'not-allowed' }), quarantine(true, { code: 'id-reused' })]
    expect(await redrive()).toMatchObject({ selected: 2, notAllowed: 1, idsReused: 1, planned: 0, sent: 0 })
    expect(await redrive({ notAllowed: true })).toMatchObject({ notAllowed: 0, idsReused: 1, sent: 1 })
    expect(letIn()).toEqual([derived])
  })

  it('does nothing but count in a dry run', async () => {
    const { quarantine, redrive, letIn, records } = setup()
    quarantine(true)
    expect(await redrive({ dryRun: true })).toMatchObject({ planned: 1, sent: 0 })
    expect(letIn()).toEqual([])
    expect(records()).toBe(1)
  })

  it('takes what is selected, and no more than is asked for', async () => {
    const { quarantine, redrive, letIn } = setup()
    for (const type of ['order-placed', 'page-viewed', 'order-placed', 'order-placed'])
      quarantine(true, { type })
    const parsed = rejectedFilters.parse(['type=order-placed', 'code=schema', 'tenant=acme'], 0)
    const { selection } = parsed as Extract<typeof parsed, { selection: unknown }>
    expect(await redrive({ selection, max: 2 })).toMatchObject({ selected: 3, planned: 2, sent: 2 })
    expect(letIn().toSorted()).toEqual(['e-0', 'e-2'])
    expect(await redrive({ selection })).toMatchObject({ redrivenBefore: 2, sent: 1 })
  })

  it('is gone on with where it was stopped', async () => {
    const { quarantine, redrive, letIn } = setup()
    for (let n = 0; n < 30; n++) quarantine(true)
    const stop = new AbortController()
    const onProgress: RejectedRedriveOptions['onProgress'] = ({ phase, done }) => {
      if (phase === 'sending' && done > 0) stop.abort()
    }
    expect(await redrive({ rate: 10, signal: stop.signal, onProgress })).toMatchObject({
      ...{ ended: 'stopped', planned: 30, sent: 10 },
    })
    expect(await redrive()).toMatchObject({ ended: 'done', redrivenBefore: 10, sent: 20 })
    expect(new Set(letIn()).size).toBe(30)
    expect(letIn()).toHaveLength(30)
  })

  it('sends the same again where the mark was not stored, as after a crash', async () => {
    const { quarantine, redrive, letIn, broker } = setup()
    const id = quarantine(true)
    broker.failNext({ topic: REJECTED_TOPIC, partition: 0 }, 1, {
      ...{ status: 'failed', reason: 'not-authorised', retriable: false, detail: 'no right' },
    })
    expect(await redrive()).toMatchObject({
      ended: 'failed',
      sent: 1,
      failure: expect.stringContaining('mark'),
    })
    expect(await redrive()).toMatchObject({ ended: 'done', sent: 1 })
    // One identity: whoever reads them drops the second.
    expect(letIn()).toEqual([id, id])
  })

  it('passes over what the gateway did not write', async () => {
    const { broker, redrive, client } = setup()
    broker.append({ topic: REJECTED_TOPIC, partition: 0 }, [
      { key: null, value: '{"good": true}' },
      { key: 'k', value: null },
      { key: null, value: 'x', headers: { 'rejected-code': 'schema' } },
    ])
    expect(await redrive()).toMatchObject({ ended: 'done', selected: 0, sent: 0 })
    expect(await surveyRejected({ client })).toMatchObject({ exists: true, count: 0 })
  })

  it('without a topic says how to create it', async () => {
    const client = createMemoryBroker().client()
    const { redrive } = setup()
    await expect(redrive({ client })).rejects.toThrow('npm run topics creates it')
    expect(await surveyRejected({ client })).toMatchObject({ exists: false, count: 0 })
  })
})

it('a survey counts by type and code, and knows what was let in', async () => {
  const { quarantine, redrive, client } = setup()
  for (const good of [true, false, true]) quarantine(good)
  quarantine(false, { type: null, code: 'invalid-event' })
  await redrive()
  expect(await surveyRejected({ client, newest: 2 })).toMatchObject({
    ...{ exists: true, count: 4, waiting: 2 },
    groups: [
      { type: 'order-placed', code: 'schema', count: 3, waiting: 1, firstAt: 1001, lastAt: 1003 },
      { type: null, code: 'invalid-event', count: 1, waiting: 1, firstAt: 1004, lastAt: 1004 },
    ],
    newest: [
      { id: 'e-2', redriven: true },
      { id: 'e-3', redriven: false },
    ],
  })
})

it('errors are kept as far as they fit, whole', () => {
  const errors = Array.from({ length: 100 }, (_, n) => ({ pointer: `/data/${n}`, detail: 'é'.repeat(100) }))
  const headers = rejectionHeaders({
    ...{ id: '1', type: null, code: 'schema', errors, credential: 'c', tenant: 't', source: 's' },
    ...{ maxPriority: 'low', receivedat: '1', dataschema: undefined, traceparent: undefined },
  })
  const bytes = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]))
  const read = readRejectedEvent({
    ...{ topic: REJECTED_TOPIC, partition: 0, offset: 3, timestamp: 0, bytes: 0, key: null, value: null },
    headers: bytes,
  })
  expect(read).toMatchObject({ offset: 3, at: 1, type: null, maxPriority: 'low' })
  expect(read!.errors.length).toBeGreaterThan(10)
  expect(read!.errors).toEqual(errors.slice(0, read!.errors.length))
  expect(headers['rejected-errors']!.length).toBeLessThan(4100)
})
