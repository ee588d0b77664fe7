import { z } from 'zod'
import { defineEvent } from '../define-event.ts'
import { Customer, Id, Item, Money } from './values.ts'

export const orderPlaced = defineEvent({
  type: 'order-placed',
  version: 1,
  origin: 'producer',
  owner: 'checkout',
  data: z.strictObject({
    orderId: Id,
    customer: Customer,
    total: Money,
    items: z.array(Item).min(1).max(500),
  }),
  key: (data) => data.customer.id,
  lanes: ['high', 'normal'],
  defaultPriority: 'normal',
  pii: ['/customer/email'],
  example: {
    orderId: 'o-1001',
    customer: { id: 'c-7', email: 'ada@example.com' },
    total: { amount: 4990, currency: 'EUR' },
    items: [{ sku: 'tea-green', quantity: 2 }],
  },
})
