import {
  decodeEvent,
  fraudCheckRequested,
  LANES,
  laneTopic,
  type Output,
  orderPlaced,
  PARTITIONS_PER_TYPE,
  pageViewEnriched,
  schemaIdOf,
  stockReserved,
} from '@sluice/events'
import { partitionOf } from '@sluice/kafka'
import { buildEvent } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createEncodeOutputs } from './encode-outputs.ts'
import { OutputError } from './errors.ts'

const encodeOutputs = createEncodeOutputs([stockReserved, pageViewEnriched], 'order-placed')
const order = buildEvent(orderPlaced, { id: 'o-1', priority: 'high', traceparent: '00-a-b-01' })
const reserve = (sku: string, cause = order) =>
  stockReserved.from(cause, { orderId: 'o-1', sku, quantity: 1 })
const read = (record: { value: unknown } | undefined) => JSON.parse(String(record?.value))

test('nothing, one and many outputs are records', () => {
  expect(encodeOutputs(undefined)).toEqual([])
  expect(encodeOutputs([])).toEqual([])
  expect(encodeOutputs(reserve('tea'))).toHaveLength(1)
  expect(encodeOutputs([reserve('tea'), reserve('cup')])).toHaveLength(2)
})

test('a record goes to the topic of its lane and the partition of its key, as a CloudEvent', () => {
  const [record] = encodeOutputs(reserve('tea'))
  expect(record).toEqual({
    lane: 'high',
    topic: 'events.stock-reserved.high',
    partition: partitionOf('tea', PARTITIONS_PER_TYPE),
    key: 'tea',
    value: expect.any(String),
    headers: { 'content-type': 'application/cloudevents+json' },
  })
  expect(read(record)).toMatchObject({
    type: 'stock-reserved',
    source: '/services/order-placed',
    causationid: 'o-1',
    correlationid: 'o-1',
    traceparent: '00-a-b-01',
    receivedat: order.receivedat,
    priority: 'high',
    data: { orderId: 'o-1', sku: 'tea', quantity: 1 },
  })
})

test('framed, a record holds the same event, and names the schema of its type', () => {
  const schemaIds = new Map([
    ['stock-reserved', 7],
    ['page-view-enriched', 8],
  ])
  const encodeFramedOutputs = createEncodeOutputs(
    [stockReserved, pageViewEnriched],
    'order-placed',
    schemaIds,
  )
  const [plain, framed] = [encodeOutputs(reserve('tea'))[0]!, encodeFramedOutputs(reserve('tea'))[0]!]
  const stored = { value: framed.value as Buffer, headers: framed.headers as Record<string, string> }
  expect(decodeEvent(stored)).toEqual(read(plain))
  expect(schemaIdOf(stored.value)).toBe(7)
  expect({ ...framed, value: plain.value, headers: plain.headers }).toEqual(plain)
})

test('the ids are the same at every attempt and differ inside one', () => {
  const ids = () =>
    encodeOutputs([reserve('tea'), reserve('tea'), reserve('cup')]).map((record) => read(record).id)
  expect(ids()).toEqual(ids())
  expect(new Set(ids()).size).toBe(3)
})

test('another cause makes other ids', () => {
  const other = buildEvent(orderPlaced, { id: 'o-2', priority: 'high' })
  expect(read(encodeOutputs(reserve('tea', other))[0]).id).not.toBe(read(encodeOutputs(reserve('tea'))[0]).id)
})

test('the lane is always one that the output declares', () => {
  fc.assert(
    fc.property(fc.constantFrom(...LANES), (wished) => {
      const cause = { ...order, priority: wished }
      const enriched = pageViewEnriched.from(cause, pageViewEnriched.example)
      for (const record of encodeOutputs([reserve('tea', cause), enriched])) {
        const definition = record.topic.includes('stock-reserved') ? stockReserved : pageViewEnriched
        expect(definition.lanes).toContain(record.lane)
        expect(record.topic).toBe(laneTopic(definition.type, record.lane as 'high'))
        expect(read(record).priority).toBe(record.lane)
      }
    }),
  )
  // Not declared: the nearest, here the most urgent that there is.
  expect(encodeOutputs(pageViewEnriched.from(order, pageViewEnriched.example))[0]?.lane).toBe('normal')
})

test('an output that the service does not declare is an error that names it', () => {
  const output = fraudCheckRequested.from(order, fraudCheckRequested.example)
  expect(() => encodeOutputs([reserve('tea'), output])).toThrow(OutputError)
  expect(() => encodeOutputs(output)).toThrow('"fraud-check-requested", which its service does not declare')
})

test('an output that is not valid is an error that names the place', () => {
  const output = stockReserved.from(order, { orderId: 'o-1', sku: 'tea', quantity: 0 })
  expect(() => encodeOutputs(output)).toThrow(OutputError)
  expect(() => encodeOutputs(output)).toThrow(/"stock-reserved" that is not valid\. \/quantity: /)
  const unknown = stockReserved.from(order, { ...stockReserved.example, colour: 'green' } as never)
  expect(() => encodeOutputs(unknown)).toThrow('/colour: This field is not known.')
})

test('what is no output at all is an output error', () => {
  expect(() => encodeOutputs({} as Output)).toThrow(OutputError)
})
