import { DecodeError, encodeEvent, orderPlaced, paymentFailed } from '@sluice/events'
import { buildEvent } from '@sluice/testing'
import { expect, test } from 'vitest'
import { decode } from './decode.ts'
import { SchemaError } from './errors.ts'

const event = buildEvent(orderPlaced)
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

test('an event comes back as it was written', () => {
  expect(decode(bytes(encodeEvent(event)), orderPlaced)).toEqual(event)
})

test('what a newer producer added is kept, in the data and beside it', () => {
  const newer = { ...event, newattribute: 'x', data: { ...event.data, gift: { wrapped: true } } }
  expect(decode(bytes(newer), orderPlaced)).toEqual(newer)
})

test('an event of another type is a schema error that names both', () => {
  expect(() => decode(bytes(buildEvent(paymentFailed)), orderPlaced)).toThrow(
    new SchemaError('The record holds a "payment-failed"; this service reads "order-placed".'),
  )
})

test('data that does not fit names each place', () => {
  const wrong = { ...event, data: { ...event.data, orderId: 7, items: [], gift: true } }
  const run = () => decode(bytes(wrong), orderPlaced)
  expect(run).toThrow(SchemaError)
  expect(run).toThrow(/\/orderId: .+ \/items: /)
  expect(run).not.toThrow(/gift/)
  expect(() => decode(bytes({ ...event, data: 'text' }), orderPlaced)).toThrow(/^\/: /)
})

test.each([
  ['null', null],
  ['nothing', bytes('')],
  ['no JSON', bytes('{"id":')],
  ['no object', bytes('[]')],
  ['no data', bytes({ ...event, data: undefined })],
  ['no id', bytes({ ...event, id: undefined })],
])('a value with %s is no event', (_, value) => {
  expect(() => decode(value, orderPlaced)).toThrow(DecodeError)
})
