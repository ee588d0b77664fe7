/** An event as posted, in the gateway's plain JSON form. Broken ones lack what the others have. */
export type DemoEvent = {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  readonly priority?: 'high' | 'normal' | 'low'
}

/**
 * What the gateway should make of it: `good` is accepted, `bot` is filtered, `bad` is rejected.
 */
export type DemoKind = 'good' | 'bot' | 'bad'

/** One request: a single event, or an array of them. */
export type DemoPost = {
  readonly body: DemoEvent | readonly DemoEvent[]
  readonly kinds: readonly DemoKind[]
}

/**
 * A shop's day as an endless run of posts: visitors look at pages, some register, some order, some payments
 * succeed and some fail, some shipments are late. About one event in fifty is broken and one page view in twenty a crawler's.
 * The same seed and start give the same posts, on every machine.
 */
export function createDemoTraffic(seed: number, startMs: number): () => DemoPost {
  const random = mulberry32(seed)
  const shop = createShop(random, startMs)
  return () => {
    // Browsers and back ends post one by one; a collector of page views posts batches.
    const count = random() < 0.85 ? 1 : 5 + Math.floor(random() * 16)
    const made = Array.from({ length: count }, () => nextEvent(shop, random))
    const events = made.map(({ event }) => event)
    return { body: count === 1 ? events[0]! : events, kinds: made.map(({ kind }) => kind) }
  }
}

type Random = () => number
type Made = { readonly event: DemoEvent; readonly kind: DemoKind }
type Shop = ReturnType<typeof createShop>

const BAD_SHARE = 0.02
const BOT_SHARE = 0.05
const WISH_SHARE = 0.05

function nextEvent(shop: Shop, random: Random): Made {
  const dice = random()
  if (dice < 0.68 && random() < BOT_SHARE) return { event: shop.pageViewed(pick(BOTS, random)), kind: 'bot' }
  const event = chooseEvent(shop, dice, random)
  if (random() < BAD_SHARE) return { event: spoil(event, random), kind: 'bad' }
  const wish = random() < WISH_SHARE ? { priority: pick(['high', 'normal', 'low'] as const, random) } : {}
  return { event: { ...event, ...wish }, kind: 'good' }
}

function chooseEvent(shop: Shop, dice: number, random: Random): DemoEvent {
  if (dice < 0.68) return shop.pageViewed(pick(BROWSERS, random))
  if (dice < 0.82) return shop.orderPlaced()
  if (dice < 0.88) return shop.userRegistered()
  if (dice < 0.92) return shop.paymentSucceeded()
  if (dice < 0.96) return shop.paymentFailed()
  return shop.shipmentDelayed()
}

/** Breaks an event in one of the ways that producers do. */
function spoil(event: DemoEvent, random: Random): DemoEvent {
  const [first, ...rest] = Object.entries(event.data)
  switch (Math.floor(random() * 3)) {
    case 0:
      return { ...event, data: Object.fromEntries(rest) }
    case 1:
      return { ...event, data: Object.fromEntries([first!, ...rest, ['colour', 'green']]) }
    default:
      return { ...event, type: `${event.type}-v2` }
  }
}

const PRODUCTS = [
  { sku: 'tea-green', price: 590, path: '/tea/green' },
  { sku: 'tea-black', price: 490, path: '/tea/black' },
  { sku: 'tea-white', price: 890, path: '/tea/white' },
  { sku: 'pot-iron', price: 6900, path: '/pots/iron' },
  { sku: 'pot-glass', price: 3400, path: '/pots/glass' },
  { sku: 'cup-set', price: 2400, path: '/cups/set' },
  { sku: 'kettle', price: 4900, path: '/kettles/steel' },
  { sku: 'samovar', price: 129_000, path: '/samovars/brass' },
] as const
const PATHS = ['/', '/tea', '/pots', '/sale', '/basket', ...PRODUCTS.map((product) => product.path)]
const REFERRERS = ['https://search.example.net/', 'https://blog.example.org/brewing-green-tea']
const NAMES = [
  'Ada',
  'Grace',
  'Edsger',
  'Barbara',
  'Donald',
  'Radia',
  'Leslie',
  'Frances',
  'Niklaus',
  'Karen',
]
const LOCALES = ['en-GB', 'en', 'de', 'fr-FR', 'nl-NL', 'es']
const CARRIERS = ['parcel-post', 'north-express', 'city-bike']
const WAREHOUSES = ['rotterdam-2', 'lyon-1', 'leipzig-4']
const REASONS = ['insufficient-funds', 'card-expired', 'declined', 'provider-unreachable']
const BROWSERS = [
  { userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', width: 1440 },
  {
    userAgent:
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
    width: 1920,
  },
  {
    userAgent:
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
    width: 390,
  },
  {
    userAgent:
      'Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
    width: 820,
  },
]
const BOTS = [
  { userAgent: 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', width: 0 },
  { userAgent: 'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)', width: 0 },
  { userAgent: 'curl/8.15.0', width: 0 },
]

const DAY_MS = 24 * 60 * 60 * 1000

/** The shop's state: who is there, and which orders can still go wrong. */
function createShop(random: Random, startMs: number) {
  let serial = 0
  const next = (prefix: string) => `${prefix}-${startMs.toString(36)}-${++serial}`
  const customers = Array.from({ length: 40 }, (_, index) => {
    const name = NAMES[index % NAMES.length]!
    return { id: `c-${index + 1}`, email: `${name.toLowerCase()}.${index + 1}@example.com` }
  })
  const sessions = Array.from({ length: 25 }, newSession)
  const orders = [newOrder()]

  function newSession() {
    return { visitorId: `v-${1 + Math.floor(random() * 500)}`, sessionId: next('s'), pages: 0 }
  }

  function newOrder() {
    const lines = Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
      product: pick(PRODUCTS, random),
      quantity: 1 + Math.floor(random() * 4),
    }))
    return {
      orderId: next('o'),
      customer: pick(customers, random),
      total: {
        amount: lines.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0),
        currency: 'EUR',
      },
      items: lines.map(({ product, quantity }) => ({ sku: product.sku, quantity })),
    }
  }

  return {
    pageViewed({ userAgent, width }: { userAgent: string; width: number }): DemoEvent {
      const place = Math.floor(random() * sessions.length)
      if (random() < 0.15) sessions[place] = newSession()
      const session = sessions[place]!
      session.pages += 1
      const referrer = session.pages === 1 && random() < 0.5 ? { referrer: pick(REFERRERS, random) } : {}
      return {
        type: 'page-viewed',
        data: {
          visitorId: session.visitorId,
          sessionId: session.sessionId,
          url: `https://shop.example.com${pick(PATHS, random)}`,
          ...referrer,
          userAgent,
          viewportWidth: width,
          pageOfSession: session.pages,
        },
      }
    },
    orderPlaced(): DemoEvent {
      const order = newOrder()
      orders.push(order)
      if (orders.length > 200) orders.shift()
      return { type: 'order-placed', data: order }
    },
    userRegistered(): DemoEvent {
      const name = pick(NAMES, random)
      const userId = next('u')
      return {
        type: 'user-registered',
        data: {
          userId,
          email: `${name.toLowerCase()}.${userId}@example.com`,
          name,
          locale: pick(LOCALES, random),
          plan: pick(['free', 'free', 'team', 'enterprise'], random),
        },
      }
    },
    paymentFailed(): DemoEvent {
      const { orderId, customer, total } = pick(orders, random)
      return {
        type: 'payment-failed',
        data: {
          paymentId: next('p'),
          orderId,
          customer,
          amount: total,
          reason: pick(REASONS, random),
          attempt: 1 + Math.floor(random() * 4),
        },
      }
    },
    paymentSucceeded(): DemoEvent {
      const { orderId, customer, total } = pick(orders, random)
      return {
        type: 'payment-succeeded',
        data: {
          paymentId: next('p'),
          orderId,
          customer,
          amount: total,
          attempt: 1 + Math.floor(random() * 4),
        },
      }
    },
    shipmentDelayed(): DemoEvent {
      const { orderId, customer } = pick(orders, random)
      // Most are late by a day or two; about a third by three days or more, which makes them urgent.
      const delayDays = random() < 0.65 ? 1 + Math.floor(random() * 2) : 3 + Math.floor(random() * 8)
      return {
        type: 'shipment-delayed',
        data: {
          shipmentId: next('sh'),
          orderId,
          customer,
          carrier: pick(CARRIERS, random),
          warehouse: pick(WAREHOUSES, random),
          delayDays,
          expectedOn: new Date(startMs + delayDays * DAY_MS).toISOString().slice(0, 10),
        },
      }
    },
  }
}

function pick<Choice>(choices: readonly Choice[], random: Random): Choice {
  return choices[Math.floor(random() * choices.length)]!
}

/** Tommy Ettinger's mulberry32: 32 bits of state are plenty for traffic. */
function mulberry32(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
