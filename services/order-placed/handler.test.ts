import { type EventOf, fraudCheckRequested, orderPlaced, stockReserved } from '@sluice/events'
import { buildEvent } from '@sluice/testing'
import { given } from '@sluice/testing/given'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handle } from './handler.ts'

type Order = EventOf<typeof orderPlaced>['data']

const orderOf = (changes: Partial<Order>) => buildEvent(orderPlaced, { data: { orderId: 'o-1', ...changes } })
const reserved = (sku: string, quantity: number) => ({
  definition: stockReserved,
  data: { orderId: 'o-1', sku, quantity },
})

describe('order-placed', () => {
  it('reserves stock for each line', async () => {
    const items = [
      { sku: 'tea-green', quantity: 2 },
      { sku: 'pot-iron', quantity: 1 },
    ]
    await given(orderOf({ items }))
      .when(handle)
      .thenOutputs([reserved('tea-green', 2), reserved('pot-iron', 1)])
  })

  it('reserves a product once, however many lines name it', async () => {
    const items = [
      { sku: 'tea-green', quantity: 2 },
      { sku: 'pot-iron', quantity: 1 },
      { sku: 'tea-green', quantity: 3 },
    ]
    await given(orderOf({ items }))
      .when(handle)
      .thenOutputs([reserved('tea-green', 5), reserved('pot-iron', 1)])
  })

  it('takes any text for a product, also what an object would trip over', async () => {
    const items = [
      { sku: '__proto__', quantity: 1 },
      { sku: 'constructor', quantity: 2 },
    ]
    await given(orderOf({ items }))
      .when(handle)
      .thenOutputs([reserved('__proto__', 1), reserved('constructor', 2)])
  })

  it('asks for a fraud check from 1,000.00 on, after the reservations', async () => {
    const items = [{ sku: 'samovar', quantity: 1 }]
    const customer = { id: 'c-9', email: 'ada@example.com' }
    const total = { amount: 100_000, currency: 'EUR' }
    await given(orderOf({ items, customer, total }))
      .when(handle)
      .thenOutputs([
        reserved('samovar', 1),
        { definition: fraudCheckRequested, data: { orderId: 'o-1', customerId: 'c-9', total } },
      ])
    await given(orderOf({ items, total: { ...total, amount: 99_999 } }))
      .when(handle)
      .thenOutputs([reserved('samovar', 1)])
  })

  it('reserves what was ordered, no more and no less, whatever the lines', async () => {
    // Few products, so that lines often share one.
    const sku = fc.constantFrom('a', 'b', 'c', 'd')
    const lines = fc.array(fc.record({ sku, quantity: fc.integer({ min: 1, max: 10_000 }) }), {
      minLength: 1,
      maxLength: 60,
    })
    const amount = fc.integer({ min: 0, max: 200_000 })
    await fc.assert(
      fc.asyncProperty(lines, amount, async (items, amount) => {
        const order = orderOf({ items, total: { amount, currency: 'EUR' } })
        const outputs = [await handle(order, undefined as never)].flat()
        const reservations = outputs.filter((output) => output?.definition === stockReserved)
        const quantities = reservations.map((output) => output?.data as { sku: string; quantity: number })
        for (const product of ['a', 'b', 'c', 'd']) {
          const sum = (of: readonly { sku: string; quantity: number }[]) =>
            of.filter((line) => line.sku === product).reduce((total, line) => total + line.quantity, 0)
          expect(sum(quantities)).toBe(sum(items))
        }
        expect(new Set(quantities.map((line) => line.sku)).size).toBe(quantities.length)
        expect(outputs.length - reservations.length).toBe(amount >= 100_000 ? 1 : 0)
        for (const output of outputs) expect(output?.definition.validate(output.data)).toBeUndefined()
      }),
    )
  })
})
