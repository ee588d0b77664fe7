import {
  type EventOf,
  notificationRequested,
  type paymentFailed,
  paymentRetryScheduled,
} from '@sluice/events'
import type { EventHandler } from '@sluice/service'

/**
 * Schedules another attempt where waiting can help and one is left; otherwise tells the customer, who can then
 * pay another way. Always exactly one of the two. Safe to repeat: the delay counts from the event's own time.
 */
export const handle: EventHandler<typeof paymentFailed> = (failure, ctx) => {
  const { paymentId, orderId, customer, amount, reason, attempt } = failure.data
  const delay = RETRY_DELAYS_MS[reason][attempt - 1]
  if (delay !== undefined) {
    const notBefore = new Date(ctx.now.getTime() + delay).toISOString()
    return paymentRetryScheduled.from(failure, {
      paymentId,
      orderId,
      amount,
      attempt: attempt + 1,
      notBefore,
    })
  }
  return notificationRequested.from(failure, {
    customer,
    template: 'payment-failed',
    parameters: { orderId, paymentId, reason, amount: String(amount.amount), currency: amount.currency },
  })
}

type Reason = EventOf<typeof paymentFailed>['data']['reason']

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/**
 * How long to wait after each failed attempt; past the end there is no other. An outage of the provider is over
 * in minutes, an empty account is filled within days. A refused or expired card stays so, and trying it again
 * only costs a fee.
 */
const RETRY_DELAYS_MS: Record<Reason, readonly number[]> = {
  'provider-unreachable': [MINUTE, 10 * MINUTE, 60 * MINUTE],
  'insufficient-funds': [DAY, 3 * DAY, 7 * DAY],
  'card-expired': [],
  declined: [],
}
