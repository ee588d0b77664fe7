import { expect, test } from 'vitest'
import { suggest } from './suggest.ts'

const known = ['order-placed', 'payment-failed', 'page-viewed']

test.each([
  ['order-place', 'order-placed'],
  ['OrderPlaced', 'order-placed'],
  ['order_placed', 'order-placed'],
  ['order.placed', 'order-placed'],
  ['pageviewed', 'page-viewed'],
  ['payment-fialed', 'payment-failed'],
])('%s was probably %s', (given, meant) => {
  expect(suggest(given, known)).toBe(meant)
})

test.each(['', 'x', 'invoice-sent', '__proto__', 'order-placed'.repeat(10)])('%j is like none', (given) => {
  expect(suggest(given, known)).toBeUndefined()
})
