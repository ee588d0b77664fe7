import { z } from 'zod'
import { defineEvent } from '../define-event.ts'
import { Customer, Id, Money } from './values.ts'

export const paymentSucceeded = defineEvent({
  type: 'payment-succeeded',
  version: 1,
  origin: 'producer',
  owner: 'payments',
  data: z.strictObject({
    paymentId: Id,
    orderId: Id,
    customer: Customer,
    amount: Money,
    attempt: z.int().min(1).max(100),
  }),
  key: (data) => data.customer.id,
  lanes: ['high', 'normal'],
  defaultPriority: 'normal',
  pii: ['/customer/email'],
  example: {
    paymentId: 'p-502',
    orderId: 'o-1001',
    customer: { id: 'c-7', email: 'ada@example.com' },
    amount: { amount: 4990, currency: 'EUR' },
    attempt: 2,
  },
})
