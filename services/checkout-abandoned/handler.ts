import { type checkoutAbandoned, notificationRequested } from '@sluice/events'
import type { EventHandler } from '@sluice/service'

/**
 * Asks the customer to come back and pay. How urgent that is was inherited from the failed payment. Safe to repeat:
 * output ids derive from the input's, and the input's from the order.
 */
export const handle: EventHandler<typeof checkoutAbandoned> = (checkout) => {
  const { orderId, customer, total, lastReason } = checkout.data
  return notificationRequested.from(checkout, {
    customer,
    template: 'checkout-abandoned',
    parameters: { orderId, reason: lastReason, amount: String(total.amount), currency: total.currency },
  })
}
