import { fraudCheckRequested, type orderPlaced, stockReserved } from '@sluice/events'
import type { EventHandler } from '@sluice/service'

/**
 * Reserves stock for each product of the order, lines of one product taken together, and asks for a fraud
 * check when the total is large. Safe to repeat: output ids derive from the input's.
 */
export const handle: EventHandler<typeof orderPlaced> = (order) => {
  const { orderId, customer, total, items } = order.data
  const reservations = sumBySku(items).map(([sku, quantity]) =>
    stockReserved.from(order, { orderId, sku, quantity }),
  )
  if (total.amount < FRAUD_CHECK_FROM) return reservations
  return [...reservations, fraudCheckRequested.from(order, { orderId, customerId: customer.id, total })]
}

/**
 * 1,000.00 in most currencies. Not converted: a rate that changes would make the same order's outputs differ
 * between two attempts. Where the minor unit is worth less than a cent this checks more orders than it must.
 */
const FRAUD_CHECK_FROM = 100_000

/** In order of first appearance, so that each reservation keeps its place, and with it its id. */
function sumBySku(items: readonly { sku: string; quantity: number }[]): [sku: string, quantity: number][] {
  const sums = new Map<string, number>()
  for (const { sku, quantity } of items) sums.set(sku, (sums.get(sku) ?? 0) + quantity)
  return [...sums]
}
