import { type Event, orderPlaced, paymentFailed } from '@sluice/events'
import { buildEvent } from '@sluice/testing'
import { expect, test } from 'vitest'
import { checkStored } from './check-stored.ts'
import { SchemaError } from './errors.ts'

const event = buildEvent(orderPlaced)
const check = (changes: object) => checkStored({ ...event, ...changes } as Event, orderPlaced)

test('takes what a newer producer added, in the data and beside it', () => {
  expect(() => check({})).not.toThrow()
  expect(() => check({ newattribute: 'x', data: { ...event.data, gift: { wrapped: true } } })).not.toThrow()
})

test('an event of another type is a schema error that names both', () => {
  expect(() => check(buildEvent(paymentFailed))).toThrow(
    new SchemaError('The record holds a "payment-failed"; this service reads "order-placed".'),
  )
})

test('data that does not fit names each place', () => {
  const run = () => check({ data: { ...event.data, orderId: 7, items: [], gift: true } })
  expect(run).toThrow(SchemaError)
  expect(run).toThrow(/\/orderId: .+ \/items: /)
  expect(run).not.toThrow(/gift/)
  expect(() => check({ data: 'text' })).toThrow(/^\/: /)
})
