import { z } from 'zod'
import { defineEvent } from '../define-event.ts'
import { Id } from './values.ts'

export const stockReserved = defineEvent({
  type: 'stock-reserved',
  version: 1,
  origin: 'derived',
  owner: 'checkout',
  data: z.strictObject({ orderId: Id, sku: Id, quantity: z.int().min(1) }),
  key: (data) => data.sku,
  lanes: ['high', 'normal'],
  defaultPriority: 'normal',
  example: { orderId: 'o-1001', sku: 'tea-green', quantity: 2 },
})
