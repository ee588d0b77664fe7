import type {
  Event,
  EventDefinition,
  EventOf,
  orderPlaced,
  pageViewed,
  paymentFailed,
  shipmentDelayed,
  userRegistered,
} from '@sluice/events'

export type MonolithOutput = { readonly type: string; readonly key: string; readonly data: object }

/** The same outputs that Sluice's services write, from one switch over all types. */
export function outputsOf(event: Event): MonolithOutput[] {
  switch (event.type) {
    case 'order-placed':
      return reserveStock(event.data as DataOf<typeof orderPlaced>)
    case 'payment-failed':
      return [retryPayment(event.data as DataOf<typeof paymentFailed>, event.time)]
    case 'page-viewed':
      return [enrichView(event.data as DataOf<typeof pageViewed>)]
    case 'user-registered':
      return [welcome(event.data as DataOf<typeof userRegistered>)]
    case 'shipment-delayed':
      return [tellDelay(event.data as DataOf<typeof shipmentDelayed>)]
    default:
      return []
  }
}

type DataOf<Definition extends EventDefinition> = EventOf<Definition>['data']

function reserveStock({ orderId, customer, total, items }: DataOf<typeof orderPlaced>): MonolithOutput[] {
  const quantities = new Map<string, number>()
  for (const { sku, quantity } of items) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity)
  const outputs: MonolithOutput[] = [...quantities].map(([sku, quantity]) => ({
    type: 'stock-reserved',
    key: sku,
    data: { orderId, sku, quantity },
  }))
  if (total.amount >= 100_000) {
    const data = { orderId, customerId: customer.id, total }
    outputs.push({ type: 'fraud-check-requested', key: customer.id, data })
  }
  return outputs
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const RETRY_AFTER: Record<string, readonly number[]> = {
  'provider-unreachable': [MINUTE, 10 * MINUTE, 60 * MINUTE],
  'insufficient-funds': [DAY, 3 * DAY, 7 * DAY],
}

function retryPayment(payment: DataOf<typeof paymentFailed>, time: string): MonolithOutput {
  const { paymentId, orderId, customer, amount, reason, attempt } = payment
  const delay = RETRY_AFTER[reason]?.[attempt - 1]
  if (delay !== undefined) {
    const notBefore = new Date(Date.parse(time) + delay).toISOString()
    const data = { paymentId, orderId, amount, attempt: attempt + 1, notBefore }
    return { type: 'payment-retry-scheduled', key: paymentId, data }
  }
  const money = { amount: String(amount.amount), currency: amount.currency }
  const data = { customer, template: 'payment-failed', parameters: { orderId, paymentId, reason, ...money } }
  return { type: 'notification-requested', key: customer.id, data }
}

function enrichView(view: DataOf<typeof pageViewed>): MonolithOutput {
  const { visitorId, sessionId, url, referrer, userAgent, viewportWidth, pageOfSession } = view
  const page = new URL(url)
  let device =
    viewportWidth >= 1024 || viewportWidth === 0 ? 'desktop' : viewportWidth < 600 ? 'phone' : 'tablet'
  if (/iPad|Tablet|Silk|Android(?!.*Mobile)/i.test(userAgent)) device = 'tablet'
  else if (/iPhone|iPod|Mobile/i.test(userAgent)) device = 'phone'
  else if (/Windows NT|Macintosh|X11|CrOS/i.test(userAgent)) device = 'desktop'
  const session = pageOfSession === 1 ? 'landing' : pageOfSession < 5 ? 'browsing' : 'engaged'
  const from = referrer === undefined ? undefined : new URL(referrer).hostname
  const arrivedFrom = from === undefined ? 'direct' : from === page.hostname ? 'internal' : 'external'
  const data = { visitorId, sessionId, path: page.pathname, device, session, arrivedFrom }
  return { type: 'page-view-enriched', key: visitorId, data }
}

function welcome({ userId, email, name, locale, plan }: DataOf<typeof userRegistered>): MonolithOutput {
  const language = locale.split('-')[0]!
  const series = plan === 'free' ? 'getting-started' : 'team-onboarding'
  const known = ['en', 'de', 'es', 'fr', 'nl'].includes(language) ? language : 'en'
  return {
    type: 'welcome-mail-requested',
    key: userId,
    data: { userId, email, name, language: known, series },
  }
}

function tellDelay(delay: DataOf<typeof shipmentDelayed>): MonolithOutput {
  const { shipmentId, orderId, customer, carrier, delayDays, expectedOn } = delay
  const parameters = { orderId, shipmentId, carrier, delayDays: String(delayDays), expectedOn }
  return {
    type: 'notification-requested',
    key: customer.id,
    data: { customer, template: 'shipment-delayed', parameters },
  }
}
