import { z } from 'zod'
import { defineEvent } from '../define-event.ts'
import { Customer, Id } from './values.ts'

export const shipmentDelayed = defineEvent({
  type: 'shipment-delayed',
  version: 1,
  origin: 'producer',
  owner: 'logistics',
  data: z.strictObject({
    shipmentId: Id,
    orderId: Id,
    customer: Customer,
    carrier: Id,
    warehouse: Id,
    delayDays: z.int().min(1).max(365),
    expectedOn: z.iso.date(),
  }),
  key: (data) => data.customer.id,
  lanes: ['high', 'normal'],
  defaultPriority: 'normal',
  pii: ['/customer/email'],
  example: {
    shipmentId: 'sh-44',
    orderId: 'o-1001',
    customer: { id: 'c-7', email: 'ada@example.com' },
    carrier: 'parcel-post',
    warehouse: 'rotterdam-2',
    delayDays: 2,
    expectedOn: '2026-12-03',
  },
})
