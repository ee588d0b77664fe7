import { createHook } from 'node:async_hooks'
import {
  DecodeError,
  type Event,
  encodeEvent,
  encodeFramed,
  orderPlaced,
  schemaIdOf,
  stockReserved,
} from '@sluice/events'
import type { Claim, IncomingRecord, PublishRecord } from '@sluice/kafka'
import { createLogger, createMetrics, EVENT_AGE, HANDLER_DURATION } from '@sluice/telemetry'
import { buildEvent } from '@sluice/testing'
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { createBreaker } from './breaker.ts'
import { PoisonError } from './errors.ts'
import type { EventHandler } from './handler.ts'
import { createPipeline, type PipelineOptions, type PipelineResult } from './pipeline.ts'

const event = buildEvent(orderPlaced, { id: 'o-1', priority: 'high' })
const reserve: EventHandler<typeof orderPlaced> = (order) =>
  order.data.items.map((item) => stockReserved.from(order, { orderId: order.data.orderId, ...item }))

afterEach(() => void vi.useRealTimers())

function setup(handle: EventHandler<typeof orderPlaced>, options: Partial<PipelineOptions> = {}) {
  const metrics = createMetrics('order-placed')
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const pipeline = createPipeline({
    service: 'order-placed',
    consumes: orderPlaced,
    produces: [stockReserved],
    handle: handle as PipelineOptions['handle'],
    retryPolicy: { maxAttempts: 3, baseMs: 0, maxMs: 0 },
    handlerTimeoutMs: 1000,
    breaker: createBreaker({ ready() {}, opened() {}, closed() {} }),
    watchdog: { begun() {}, ended() {} },
    outcomes: false,
    stopping: new AbortController().signal,
    metrics,
    log: createLogger({ service: 'order-placed', level: 'info', destination }),
    ...options,
  })
  /** The value of one sample, by the start of its line. */
  async function metric(name: string, labels: Record<string, string> = {}): Promise<number> {
    const line = (await metrics.text())
      .split('\n')
      .find(
        (candidate) =>
          candidate.startsWith(`${name}{`) &&
          Object.entries(labels).every(([label, value]) => candidate.includes(`${label}="${value}"`)),
      )
    return Number(line?.split(' ').at(-1) ?? 0)
  }
  const claims: string[] = []
  /** Nobody has handled anything. */
  const unclaimed: Claim = {
    claim(identity) {
      claims.push(identity)
      return false
    },
  }
  const handleOne = (record: IncomingRecord, lane: string, claim = unclaimed, unreadable?: DecodeError) =>
    pipeline.handle(record, lane, claim, unreadable)
  return { pipeline: { ...pipeline, handle: handleOne }, claims, metric, lines }
}

function recordOf(value: Event | Buffer | null, changes: Partial<IncomingRecord> = {}): IncomingRecord {
  return {
    topic: 'events.order-placed.high',
    partition: 2,
    offset: 41,
    timestamp: 1_767_323_045_000,
    key: Buffer.from('c-7'),
    value: value === null || Buffer.isBuffer(value) ? value : Buffer.from(encodeEvent(value)),
    headers: { 'content-type': 'application/cloudevents+json', trace: Buffer.from([0xff, 0x00]) },
    bytes: 0,
    ...changes,
  }
}

/** What the dead letter says; there must be exactly one output. */
function letterOf(result: PipelineResult | undefined): { record: PublishRecord; [header: string]: unknown } {
  expect(result?.outcome).toBe('dead-letter')
  expect(result?.outputs).toHaveLength(1)
  const record = result!.outputs[0]!
  return { record, ...record.headers }
}

test('an event becomes the records that follow from it', async () => {
  const { pipeline } = setup(reserve)
  const result = await pipeline.handle(recordOf(event), 'high')
  expect(result).toMatchObject({ outcome: 'handled', receivedAt: Number(event.receivedat) })
  expect(result?.outputs.map(({ topic, key }) => ({ topic, key }))).toEqual([
    { topic: 'events.stock-reserved.high', key: 'tea-green' },
  ])
})

test('keeps personal data out of what a handler logs', async () => {
  const { pipeline, lines } = setup((order, { log }) => {
    log.info({ customer: order.data.customer, order: { customer: order.data.customer } }, 'taken')
    return []
  })
  await pipeline.handle(recordOf(event), 'high')
  expect(lines).toMatchObject([
    {
      msg: 'taken',
      id: 'o-1',
      customer: { id: 'c-7', email: '[redacted]' },
      order: { customer: { id: 'c-7' } },
    },
  ])
  expect(JSON.stringify(lines)).not.toContain('ada@example.com')
})

test('a handler that answers at once makes no promise on the whole way', () => {
  const { pipeline } = setup(reserve)
  const record = recordOf(event)
  const result = pipeline.handle(record, 'high')
  expect(result).not.toBeInstanceOf(Promise)
  let promises = 0
  const hook = createHook({
    init: (_id, type) => {
      if (type === 'PROMISE') promises++
    },
  }).enable()
  pipeline.handle(record, 'high')
  hook.disable()
  expect(promises).toBe(0)
})

test('a promised answer and an answer of nothing are handled too', async () => {
  const later = setup(async (order, context) => reserve(order, context))
  expect((await later.pipeline.handle(recordOf(event), 'high'))?.outputs).toHaveLength(1)
  const nothing = setup(() => undefined)
  expect(await nothing.pipeline.handle(recordOf(event), 'high')).toMatchObject({
    outcome: 'handled',
    outputs: [],
  })
})

test('a record that is no event is a dead letter with reason schema, byte for byte', async () => {
  const handle = vi.fn(() => undefined)
  const { pipeline, lines, metric } = setup(handle)
  const value = Buffer.from([0x7b, 0xff, 0xfe])
  const record = recordOf(value)
  const letter = letterOf(await pipeline.handle(record, 'high'))
  expect(letter.record).toMatchObject({
    topic: 'events.order-placed.order-placed.dlq',
    partition: 0,
    lane: 'dead-letter',
  })
  expect(letter.record.value).toBe(value)
  expect(letter.record.key).toBe(record.key)
  expect(letter).toMatchObject({
    'content-type': 'application/cloudevents+json',
    trace: record.headers['trace'],
    'dlq-reason': 'schema',
    'dlq-attempts': '1',
    'dlq-service': 'order-placed',
    'dlq-error-type': 'DecodeError',
    'dlq-original-topic': 'events.order-placed.high',
    'dlq-original-partition': '2',
    'dlq-original-offset': '41',
  })
  expect(handle).not.toHaveBeenCalled()
  expect(await metric('sluice_dead_letters_total', { reason: 'schema' })).toBe(1)
  expect(lines).toMatchObject([
    { level: 'error', topic: record.topic, partition: 2, offset: 41, reason: 'schema' },
  ])
})

test('a framed event is handled as the same event unframed, and its outputs are framed where schemas are known', () => {
  const schemaIds = new Map([['stock-reserved', 9]])
  const framed = recordOf(null, encodeFramed(event, 7))
  const { pipeline, claims } = setup(reserve, { schemaIds })
  const unframed = setup(reserve)
  const result = pipeline.handle(framed, 'high') as PipelineResult
  const same = unframed.pipeline.handle(recordOf(event), 'high') as PipelineResult
  expect(claims).toEqual(unframed.claims)
  expect(result.outputs.map(({ topic, partition }) => ({ topic, partition }))).toEqual(
    same.outputs.map(({ topic, partition }) => ({ topic, partition })),
  )
  expect(schemaIdOf(result.outputs[0]!.value as Buffer)).toBe(9)
})

test('a framed record whose schema cannot be read is a dead letter with reason schema, byte for byte', () => {
  const { pipeline } = setup(reserve)
  const record = recordOf(null, encodeFramed(event, 7))
  const unreadable = new DecodeError('The schema registry knows no schema 7.')
  const letter = letterOf(pipeline.handle(record, 'high', undefined, unreadable) as PipelineResult)
  expect(letter).toMatchObject({
    ...{ 'dlq-reason': 'schema', 'dlq-error-message': unreadable.message, ce_id: event.id },
    record: { key: record.key, value: record.value },
  })
})

test('data that does not fit is a dead letter with reason schema and the places', async () => {
  const { pipeline } = setup(reserve)
  const wrong = { ...event, data: { ...event.data, orderId: 7 } } as Event
  const letter = letterOf(await pipeline.handle(recordOf(wrong), 'high'))
  expect(letter).toMatchObject({ 'dlq-reason': 'schema', 'dlq-error-type': 'SchemaError' })
  expect(letter['dlq-error-message']).toMatch(/^\/orderId: /)
})

test('poison is a dead letter at the first attempt', async () => {
  const handle = vi.fn(() => {
    throw new PoisonError('The order is from the future.')
  })
  const { pipeline, metric } = setup(handle)
  const result = await pipeline.handle(recordOf(event), 'high')
  expect(letterOf(result)).toMatchObject({
    'dlq-reason': 'poison',
    'dlq-attempts': '1',
    'dlq-error-message': 'The order is from the future.',
  })
  expect(result?.receivedAt).toBe(Number(event.receivedat))
  expect(handle).toHaveBeenCalledOnce()
  expect(await metric('sluice_retries_total')).toBe(0)
})

test('an error is tried again, then a dead letter with reason handler', async () => {
  const attempts: number[] = []
  const { pipeline, metric, lines } = setup((_order, context) => {
    attempts.push(context.attempt)
    throw new TypeError('a bug')
  })
  const letter = letterOf(await pipeline.handle(recordOf(event), 'high'))
  expect(letter).toMatchObject({
    'dlq-reason': 'handler',
    'dlq-attempts': '3',
    'dlq-error-type': 'TypeError',
  })
  expect(attempts).toEqual([1, 2, 3])
  expect(await metric('sluice_retries_total', { lane: 'high' })).toBe(2)
  expect(await metric('sluice_dead_letters_total', { reason: 'handler' })).toBe(1)
  expect(lines.map(({ level, id }) => ({ level, id }))).toEqual([
    { level: 'warn', id: 'o-1' },
    { level: 'warn', id: 'o-1' },
    { level: 'error', id: 'o-1' },
  ])
})

test('an event that works at a later attempt is handled, with the same outputs', async () => {
  const { pipeline } = setup((order, context) => {
    if (context.attempt < 3) throw new Error('not now')
    return reserve(order, context)
  })
  const late = await pipeline.handle(recordOf(event), 'high')
  expect(late).toEqual(await setup(reserve).pipeline.handle(recordOf(event), 'high'))
})

test('a handler out of time is aborted, tried again, and a dead letter with reason timeout', async () => {
  vi.useFakeTimers()
  const signals: AbortSignal[] = []
  const { pipeline, metric } = setup((_order, context) => {
    signals.push(context.signal)
    return new Promise(() => {})
  })
  const answer = pipeline.handle(recordOf(event), 'high') as Promise<PipelineResult | undefined>
  await vi.advanceTimersByTimeAsync(3010)
  expect(letterOf(await answer)).toMatchObject({
    'dlq-reason': 'timeout',
    'dlq-attempts': '3',
    'dlq-error-type': 'HandlerTimeoutError',
  })
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true])
  expect(await metric(`${HANDLER_DURATION.name}_count`)).toBe(3)
})

test('an output that is not declared is a dead letter at once: no attempt would mend it', async () => {
  const { pipeline } = setup(reserve, { produces: [] })
  expect(letterOf(await pipeline.handle(recordOf(event), 'high'))).toMatchObject({
    'dlq-reason': 'handler',
    'dlq-attempts': '1',
    'dlq-error-type': 'OutputError',
  })
})

test('one output that is wrong keeps back the others: all or none', async () => {
  const { pipeline } = setup((order) => [
    stockReserved.from(order, stockReserved.example),
    stockReserved.from(order, { ...stockReserved.example, quantity: -1 }),
  ])
  letterOf(await pipeline.handle(recordOf(event), 'high'))
})

test('a stop during the wait gives the record back unfinished', async () => {
  const stopping = new AbortController()
  const { pipeline, metric } = setup(
    () => {
      throw new Error('not now')
    },
    { stopping: stopping.signal, retryPolicy: { maxAttempts: 3, baseMs: 60_000, maxMs: 60_000 } },
  )
  const answer = pipeline.handle(recordOf(event), 'high')
  stopping.abort()
  expect(await answer).toBe(undefined)
  expect(await metric('sluice_dead_letters_total')).toBe(0)
})

test('every attempt is in the duration of handlers, whatever became of it', async () => {
  for (const fail of [
    () => {
      throw new Error('at once')
    },
    async () => {
      throw new Error('later')
    },
  ]) {
    const { pipeline, metric } = setup((order, context) =>
      context.attempt < 2 ? fail() : reserve(order, context),
    )
    await pipeline.handle(recordOf(event), 'high')
    expect(await metric(`${HANDLER_DURATION.name}_count`)).toBe(2)
  }
})

test('an end counts by outcome, with the age since the gateway took it, and the outputs', async () => {
  vi.useFakeTimers({ now: Number(event.receivedat) + 1500, toFake: ['Date'] })
  const { pipeline, metric } = setup(reserve)
  const result = (await pipeline.handle(recordOf(event), 'high'))!
  expect(await metric('sluice_handled_events_total')).toBe(0)
  pipeline.finished('high', result)
  expect(await metric('sluice_handled_events_total', { lane: 'high', outcome: 'handled' })).toBe(1)
  expect(await metric('sluice_handled_events_total', { outcome: 'dead-letter' })).toBe(0)
  expect(await metric('sluice_output_events_total', { type: 'stock-reserved', lane: 'high' })).toBe(1)
  expect(await metric(`${EVENT_AGE.name}_sum`, { lane: 'high' })).toBe(1.5)
})

test('a dead letter counts as an end and not as an output; without an event it has no age', async () => {
  const { pipeline, metric } = setup(reserve)
  pipeline.finished('normal', (await pipeline.handle(recordOf(null), 'normal'))!)
  expect(await metric('sluice_handled_events_total', { lane: 'normal', outcome: 'dead-letter' })).toBe(1)
  expect(await metric(`${EVENT_AGE.name}_count`, { lane: 'normal' })).toBe(0)
  expect(await metric('sluice_output_events_total')).toBe(0)
})

test('a record whose output Kafka will not take is a dead letter that says so', async () => {
  const { pipeline } = setup(reserve)
  const record = recordOf(event)
  const result = (await pipeline.handle(record, 'high'))!
  const letter = letterOf(
    pipeline.undeliverable(record, 'high', [{ output: result.outputs[0]!, detail: 'too large' }], result),
  )
  expect(letter).toMatchObject({
    'dlq-reason': 'handler',
    'dlq-error-message': 'An output could not be stored: too large',
  })
})

test('nothing stands for a dead letter: it stays the same and says what it said', async () => {
  const { pipeline } = setup(reserve)
  const record = recordOf(Buffer.from('{'))
  const result = (await pipeline.handle(record, 'high'))!
  const undelivered = [{ output: result.outputs[0]!, detail: 'not allowed' }]
  expect(pipeline.undeliverable(record, 'high', undelivered, result)).toBe(result)
})

test('where books are kept, each end has its line, apart from the outputs', async () => {
  const { pipeline } = setup(reserve, { outcomes: true })
  const record = recordOf(event)
  const result = (await pipeline.handle(record, 'high'))!
  expect(result.outputs.map(({ topic }) => topic)).not.toContain('events.outcomes')
  expect(JSON.parse(String(result.account?.value))).toMatchObject({ id: 'o-1', outcome: 'handled' })
  const letter = pipeline.undeliverable(record, 'high', [{ output: result.outputs[0]!, detail: '' }], result)
  expect(JSON.parse(String(letter.account?.value))).toMatchObject({ id: 'o-1', outcome: 'dead-letter' })
  expect(setup(reserve).pipeline.handle(recordOf(event), 'high')).toMatchObject({ account: undefined })
})

test('claims its event by identity before it is checked, and does not handle what was handled', async () => {
  const handle = vi.fn(() => undefined)
  const { pipeline, claims, metric } = setup(handle)
  await pipeline.handle(recordOf(event), 'high')
  expect(claims).toEqual([`default\n/tests\no-1`])
  const result = (await pipeline.handle(recordOf(event), 'high', { claim: () => true }))!
  expect(result).toMatchObject({ outcome: 'duplicate', outputs: [] })
  expect(handle).toHaveBeenCalledOnce()
  pipeline.finished('high', result)
  expect(await metric('sluice_handled_events_total', { lane: 'high', outcome: 'duplicate' })).toBe(1)
  expect(await metric(`${EVENT_AGE.name}_count`)).toBe(0)
})

test('what somebody else is handling ends as that does', async () => {
  const handle = vi.fn(() => undefined)
  const { pipeline } = setup(handle)
  const while_ = (handled: boolean) =>
    pipeline.handle(recordOf(event), 'high', { claim: async () => handled })
  expect(await while_(true)).toMatchObject({ outcome: 'duplicate', outputs: [] })
  expect(await while_(false)).toBeUndefined()
  expect(handle).not.toHaveBeenCalled()
})

test('a copy and a redriven event claim what the first delivery did not', async () => {
  const { pipeline, claims } = setup(() => undefined)
  const deliver = (headers: Record<string, string>) => pipeline.handle(recordOf(event, { headers }), 'high')
  await deliver({})
  await deliver({ 'sluice-hop': '1' })
  await deliver({ 'sluice-generation': 'redrive-1' })
  await deliver({ 'sluice-generation': 'redrive-1', 'sluice-hop': '1', 'sluice-service': 'order-placed' })
  await deliver({ 'sluice-hop': 'x', 'sluice-unknown': '' })
  expect(new Set(claims).size).toBe(4)
  expect(claims[4]).toBe(claims[0])
})

test('what is for another service is skipped and not claimed, whatever it holds', async () => {
  const handle = vi.fn(() => undefined)
  const { pipeline, claims, metric } = setup(handle)
  for (const value of [event, Buffer.from('{'), null]) {
    const result = (await pipeline.handle(
      recordOf(value, { headers: { 'sluice-service': 'other' } }),
      'high',
    ))!
    expect(result).toMatchObject({ outcome: 'skipped', outputs: [] })
    pipeline.finished('high', result)
  }
  expect(handle).not.toHaveBeenCalled()
  expect(claims).toEqual([])
  expect(await metric('sluice_handled_events_total', { outcome: 'skipped' })).toBe(3)
})

test('whatever the bytes are and whatever the handler throws, there is a result', async () => {
  const values = fc.oneof(
    fc.constant(null),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    // Near to an event: one attribute is anything.
    fc
      .tuple(fc.constantFrom(...Object.keys(event), '__proto__'), fc.jsonValue())
      .map(([attribute, value]) => Buffer.from(JSON.stringify({ ...event, [attribute]: value }))),
  )
  const thrown = fc.oneof(
    fc.anything({ withNullPrototype: true, withBigInt: true }),
    fc.anything().map((message) => Object.assign(new Error('x'), { message, name: message, stack: message })),
  )
  await fc.assert(
    fc.asyncProperty(values, thrown, fc.boolean(), async (value, error, later) => {
      const { pipeline } = setup(() => {
        if (later) return Promise.reject(error)
        throw error
      })
      const result = await pipeline.handle(recordOf(value), 'high')
      const letter = letterOf(result)
      for (const header of Object.keys(letter).filter((name) => name.startsWith('dlq-'))) {
        expect(typeof letter[header], header).toBe('string')
      }
    }),
  )
})
