import { z } from 'zod'
import { defineEvent } from '../define-event.ts'
import { Id, Money } from './values.ts'

export const fraudCheckRequested = defineEvent({
  type: 'fraud-check-requested',
  version: 1,
  origin: 'derived',
  owner: 'risk',
  data: z.strictObject({ orderId: Id, customerId: Id, total: Money }),
  key: (data) => data.customerId,
  lanes: ['high', 'normal'],
  defaultPriority: 'normal',
  example: { orderId: 'o-1001', customerId: 'c-7', total: { amount: 250_000, currency: 'EUR' } },
})
