import { notificationRequested, type paymentSucceeded } from '@sluice/events'
import type { EventHandler } from '@sluice/service'

/** Sends the customer a receipt. Safe to repeat: output ids derive from the input's. */
export const handle: EventHandler<typeof paymentSucceeded> = (payment) => {
  const { paymentId, orderId, customer, amount } = payment.data
  return notificationRequested.from(payment, {
    customer,
    template: 'payment-received',
    parameters: { orderId, paymentId, amount: String(amount.amount), currency: amount.currency },
  })
}
