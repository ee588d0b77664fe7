import { z } from 'zod'
import { defineEvent } from '../define-event.ts'
import { Customer, Id, Money } from './values.ts'

export const paymentFailed = defineEvent({
  type: 'payment-failed',
  version: 1,
  origin: 'producer',
  owner: 'payments',
  data: z.strictObject({
    paymentId: Id,
    orderId: Id,
    customer: Customer,
    amount: Money,
    reason: z.enum(['insufficient-funds', 'card-expired', 'declined', 'provider-unreachable']),
    attempt: z.int().min(1).max(100),
  }),
  key: (data) => data.customer.id,
  lanes: ['high', 'normal'],
  defaultPriority: 'high',
  pii: ['/customer/email'],
  example: {
    paymentId: 'p-501',
    orderId: 'o-1001',
    customer: { id: 'c-7', email: 'ada@example.com' },
    amount: { amount: 4990, currency: 'EUR' },
    reason: 'insufficient-funds',
    attempt: 1,
  },
})
