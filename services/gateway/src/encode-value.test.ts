import { decodeEvent, type Event, encodeEvent, LANES, orderPlaced } from '@sluice/events'
import { createMetrics } from '@sluice/telemetry'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCloudEvent } from './body/read-cloudevents.ts'
import { ANYBODY } from './credentials/credential.ts'
import { encodeFramedCandidate } from './encode-framed.ts'
import { encodeValue } from './encode-value.ts'
import { NO_RULES, planWith } from './rules/rules-fixture.ts'

const entries = [{ definition: orderPlaced, services: [] }]
const plan = planWith({ entries, rules: NO_RULES, metrics: createMetrics('test') })().get('order-placed')!

/** Text that CloudEvents allows in attributes, quotes, backslashes and all planes included. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 50 })
  .filter((value) => !/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(value))
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

test('the value is byte for byte what encodeEvent makes of the same event, and framed it is the same event', () => {
  const parts = fc.record({
    id: text,
    source: text.map((value) => encodeURIComponent(value)),
    subject: optional(text),
    correlationid: optional(text),
    traceparent: optional(fc.constant(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`)),
    wish: fc.constantFrom(...LANES),
    // JSON writes -0 as 0.
    data: fc
      .jsonValue()
      .filter((value) => value !== null)
      .map((value) => JSON.parse(JSON.stringify(value))),
  })
  fc.assert(
    fc.property(parts, ({ id, source, subject, correlationid, traceparent, wish, data }) => {
      const posted = {
        specversion: '1.0',
        id,
        source,
        type: 'order-placed',
        subject,
        correlationid,
        traceparent,
        data,
      }
      const candidate = readCloudEvent(posted)
      expect(candidate.refusal).toBeUndefined()
      const way = plan.byWish[wish]
      const event: Event = {
        specversion: '1.0',
        id,
        source,
        type: 'order-placed',
        time: '2026-11-24T10:00:00.000Z',
        ...(subject !== undefined && { subject }),
        datacontenttype: 'application/json',
        dataschema: 'urn:sluice:order-placed:1',
        priority: way.lane,
        receivedat: '17',
        tenant: 'default',
        ...(traceparent !== undefined && { traceparent }),
        ...(correlationid !== undefined && { correlationid }),
        data,
      }
      const receipt = {
        time: '2026-11-24T10:00:00.000Z',
        receivedat: '17',
        traceparent: undefined,
        credential: ANYBODY,
      }
      expect(encodeValue(candidate, JSON.stringify(id), way, receipt)).toBe(encodeEvent(event))
      expect(decodeEvent(encodeFramedCandidate(candidate, id, orderPlaced, way, receipt, 7))).toEqual(event)
    }),
  )
})

test('attributes that Sluice does not know are stored as they came, before the data', () => {
  const candidate = readCloudEvent({
    specversion: '1.0',
    id: '1',
    source: '/s',
    type: 'order-placed',
    shop: 'a "b"',
    express: true,
    rank: -3,
    data: {},
  })
  const receipt = { time: 't', receivedat: '17', traceparent: undefined, credential: ANYBODY }
  const value = encodeValue(candidate, '"1"', plan.byDefault, receipt)
  expect(value.endsWith(String.raw`,"shop":"a \"b\"","express":true,"rank":-3,"data":{}}`)).toBe(true)
  const framed = encodeFramedCandidate(candidate, '1', orderPlaced, plan.byDefault, receipt, 7)
  expect(framed.headers).toMatchObject({ ce_shop: 'a "b"', ce_express: 'true', ce_rank: '-3' })
})

test('the trace of the request is for events without their own', () => {
  const own = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const outer = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`
  const receipt = { time: 't', receivedat: '17', traceparent: outer, credential: ANYBODY }
  const base = { specversion: '1.0', id: '1', source: '/s', type: 'order-placed', data: {} }
  const traceOf = (posted: object) =>
    JSON.parse(encodeValue(readCloudEvent(posted), '"1"', plan.byDefault, receipt)).traceparent
  expect(traceOf(base)).toBe(outer)
  expect(traceOf({ ...base, traceparent: own })).toBe(own)
})
