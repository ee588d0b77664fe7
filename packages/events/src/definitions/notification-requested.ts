import { z } from 'zod'
import { defineEvent } from '../define-event.ts'
import { Customer, NotificationTemplate } from './values.ts'

export const notificationRequested = defineEvent({
  type: 'notification-requested',
  version: 2,
  origin: 'derived',
  owner: 'messaging',
  data: z.strictObject({
    customer: Customer,
    template: NotificationTemplate,
    parameters: z.record(z.string(), z.string()),
  }),
  key: (data) => data.customer.id,
  lanes: ['high', 'normal'],
  defaultPriority: 'normal',
  pii: ['/customer/email', '/parameters/*'],
  example: {
    customer: { id: 'c-7', email: 'ada@example.com' },
    template: 'shipment-delayed',
    parameters: { orderId: 'o-1001', expectedOn: '2026-12-03' },
  },
})
