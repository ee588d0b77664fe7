import { notificationRequested, type shipmentDelayed } from '@sluice/events'
import type { EventHandler } from '@sluice/service'

/**
 * Tells the customer about the delay. How urgent that is was decided at the gateway, which raises delays from
 * three days to high; the notification inherits it.
 */
export const handle: EventHandler<typeof shipmentDelayed> = (delay) => {
  const { shipmentId, orderId, customer, carrier, delayDays, expectedOn } = delay.data
  return notificationRequested.from(delay, {
    customer,
    template: 'shipment-delayed',
    parameters: { orderId, shipmentId, carrier, delayDays: String(delayDays), expectedOn },
  })
}
