import { encodeEvent, encodeFramed, identityOf, orderPlaced } from '@sluice/events'
import type { IncomingRecord } from '@sluice/kafka'
import { buildEvent } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { claimOf, createIdentify, FIRST_DELIVERY, nextHopHeaders, readRedelivery } from './redelivery.ts'

const event = buildEvent(orderPlaced)

const recordWith = (
  headers: IncomingRecord['headers'],
  value: Buffer | null = Buffer.from(encodeEvent(event)),
): IncomingRecord => ({
  topic: 't',
  partition: 1,
  offset: 2,
  timestamp: 3,
  key: null,
  value,
  headers,
  bytes: 0,
})

test('of a record of the gateway nothing is read', () => {
  expect(readRedelivery(recordWith({ 'content-type': 'application/cloudevents+json' }))).toBe(FIRST_DELIVERY)
})

test('what a copy says is read back by the next reader, hop by hop', () => {
  const number = fc.nat(Number.MAX_SAFE_INTEGER)
  const origin = fc.record({
    topic: fc.stringMatching(/^[a-z.-]{1,20}$/),
    partition: fc.nat(100),
    offset: number,
    timestamp: number,
    attempts: fc.nat(100),
    firstFailedAt: number,
  })
  fc.assert(
    fc.property(origin, fc.nat(5), fc.boolean(), (first, hop, redriven) => {
      const kept = redriven ? { 'sluice-generation': Buffer.from('redrive-1') } : {}
      const before = { ...FIRST_DELIVERY, hop }
      const headers = nextHopHeaders(recordWith({ ...kept, trace: 'x' }), before, 'stock', first)
      expect(headers['trace']).toBe('x')
      const bytes = Object.fromEntries(
        Object.entries(headers).map(([name, held]) => [name, Buffer.from(String(held))]),
      )
      expect(readRedelivery(recordWith(bytes))).toEqual({
        hop: hop + 1,
        generation: redriven ? 'redrive-1' : '',
        service: 'stock',
        origin: first,
      })
    }),
  )
})

test.each(['', 'x', '-1', '1.5', '1e400', '9007199254740993'])('a hop of "%s" counts as none', (hop) => {
  expect(readRedelivery(recordWith({ 'sluice-hop': hop })).hop).toBe(0)
})

test.each(['', 't', 't/1/2/3', '/1/2/3/4/5', 't/1/2/3/4/x', 't/1/2/3/4/5/6', 't/1/2/3/4/-5'])(
  'an origin of "%s" counts as none',
  (origin) => {
    expect(readRedelivery(recordWith({ 'sluice-origin': origin })).origin).toBeUndefined()
  },
)

test('of a header that repeats the last one counts', () => {
  expect(readRedelivery(recordWith({ 'sluice-hop': ['1', '2'] })).hop).toBe(2)
})

test('a claim is the identity, and which delivery of it this is', () => {
  const claims = [
    FIRST_DELIVERY,
    { ...FIRST_DELIVERY, hop: 1 },
    { ...FIRST_DELIVERY, hop: 2 },
    { ...FIRST_DELIVERY, generation: '1' },
    { ...FIRST_DELIVERY, generation: 'redrive-1', hop: 1 },
  ].map((redelivery) => claimOf('identity', redelivery))
  expect(new Set(claims).size).toBe(claims.length)
  expect(claims[0]).toBe('identity')
})

test('what was handled is identified as it was claimed; what was for another service was not', () => {
  const identify = createIdentify('stock')
  const headers = { 'sluice-hop': '1', 'sluice-service': 'stock' }
  expect(identify(recordWith({}))).toBe(identityOf(event))
  expect(identify(recordWith(headers))).toBe(claimOf(identityOf(event), { ...FIRST_DELIVERY, hop: 1 }))
  const framed = encodeFramed(event, 7)
  expect(identify(recordWith(framed.headers, framed.value))).toBe(identityOf(event))
  expect(identify(recordWith({ 'sluice-service': 'other' }))).toBeUndefined()
  expect(identify(recordWith({}, null))).toBeUndefined()
  expect(identify(recordWith({}, Buffer.from('{')))).toBeUndefined()
})
