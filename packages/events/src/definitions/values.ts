import { z } from 'zod'

/** An identifier: opaque, non-empty, short enough for a Kafka key. */
export const Id = z.string().min(1).max(128)

/** An amount in the currency's minor unit (cents), so that no sum is ever rounded. */
export const Money = z.strictObject({
  amount: z.int().min(0),
  currency: z.string().regex(/^[A-Z]{3}$/, 'Use an ISO 4217 code, like EUR.'),
})

export const Customer = z.strictObject({
  id: Id,
  email: z.email().max(254),
})

export const Item = z.strictObject({
  sku: Id,
  quantity: z.int().min(1).max(10_000),
})

/** Why a customer is written to; each is a template of the mail system. */
export const NotificationTemplate = z.enum([
  'payment-failed',
  'shipment-delayed',
  'payment-received',
  'checkout-abandoned',
])
