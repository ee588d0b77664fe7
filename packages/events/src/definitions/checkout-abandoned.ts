import { z } from 'zod'
import { defineEvent } from '../define-event.ts'
import { Customer, Id, Money } from './values.ts'

/** An order whose payment failed and was not tried again. Written by the stream job of this name. */
export const checkoutAbandoned = defineEvent({
  type: 'checkout-abandoned',
  version: 1,
  origin: 'derived',
  owner: 'checkout',
  data: z.strictObject({
    orderId: Id,
    customer: Customer,
    total: Money,
    attempts: z.int().min(1),
    lastReason: z.string().min(1).max(64),
    orderedAt: z.iso.datetime({ offset: true }),
    lastFailedAt: z.iso.datetime({ offset: true }),
  }),
  key: (data) => data.customer.id,
  lanes: ['high', 'normal'],
  defaultPriority: 'normal',
  pii: ['/customer/email'],
  example: {
    orderId: 'o-1001',
    customer: { id: 'c-7', email: 'ada@example.com' },
    total: { amount: 4990, currency: 'EUR' },
    attempts: 2,
    lastReason: 'insufficient-funds',
    orderedAt: '2026-11-24T09:00:00.000Z',
    lastFailedAt: '2026-11-24T09:02:10.000Z',
  },
})
