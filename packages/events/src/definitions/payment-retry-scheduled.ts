import { z } from 'zod'
import { defineEvent } from '../define-event.ts'
import { Id, Money } from './values.ts'

export const paymentRetryScheduled = defineEvent({
  type: 'payment-retry-scheduled',
  version: 1,
  origin: 'derived',
  owner: 'payments',
  data: z.strictObject({
    paymentId: Id,
    orderId: Id,
    amount: Money,
    attempt: z.int().min(2),
    notBefore: z.iso.datetime(),
  }),
  key: (data) => data.paymentId,
  lanes: ['high', 'normal'],
  defaultPriority: 'high',
  example: {
    paymentId: 'p-501',
    orderId: 'o-1001',
    amount: { amount: 4990, currency: 'EUR' },
    attempt: 2,
    notBefore: '2026-11-24T09:15:00.000Z',
  },
})
