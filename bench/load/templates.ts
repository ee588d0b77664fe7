import type { Lane } from '@sluice/events'

/** An event to post: all but its id, and what has to come out at the far end because of it. */
export type Template = {
  readonly type: string
  /** Where it has to travel, by its type, its wish or a rule. */
  readonly lane: Lane
  /** The producer's wish, where it has one. */
  readonly priority?: Lane
  readonly data: Readonly<Record<string, unknown>>
  /** One bit for each output, by {@link outputSlot}. */
  readonly outputs: number
}

// Constants stand first here, because the templates are made while this file is loaded.
const VARIANTS = 100
const LETTER_A = 97
const OTHER_SLOT = 7
const OTHER = 1 << OTHER_SLOT
const BROWSERS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
]

/**
 * What is posted, the same in every run: of twenty events eight page views (low), nine of normal priority and
 * three of high priority. Each comes in a hundred variants with keys of their own. No bots and nothing invalid:
 * each event has to be accepted and to have outputs.
 */
export const templates: readonly Template[] = Object.freeze(
  Array.from({ length: VARIANTS }, twentyEvents).flat(),
)

/** Indices of the templates that fit, in order. */
export function chooseTemplates(fits: (template: Template) => boolean): number[] {
  return templates.flatMap((template, index) => (fits(template) ? [index] : []))
}

/**
 * Which output of its cause a record is, told by the last byte of its key, which is all that every system here
 * has in common. A cause has at most one output per slot: skus end in `a` to `g`, all other keys in a digit.
 */
export function outputSlot(lastByteOfKey: number): number {
  return lastByteOfKey >= LETTER_A && lastByteOfKey < LETTER_A + OTHER_SLOT
    ? lastByteOfKey - LETTER_A
    : OTHER_SLOT
}

function twentyEvents(_: unknown, variant: number): Template[] {
  return [
    pageView(variant, 0),
    order(variant, 0, 1),
    pageView(variant, 1),
    registration(variant, 0),
    payment(variant, 0),
    pageView(variant, 2),
    order(variant, 1, 2),
    pageView(variant, 3),
    shipment(variant, 0, 1),
    registration(variant, 1),
    pageView(variant, 4),
    order(variant, 2, 3),
    pageView(variant, 5),
    payment(variant, 1),
    registration(variant, 2),
    pageView(variant, 6),
    order(variant, 3, 1),
    shipment(variant, 1, 5),
    pageView(variant, 7),
    order(variant, 4, 2),
  ]
}

function pageView(variant: number, n: number): Template {
  return {
    type: 'page-viewed',
    lane: 'low',
    outputs: OTHER,
    data: {
      visitorId: `v-${variant}-${n}`,
      sessionId: `s-${variant * 8 + n}`,
      url: `https://shop.example.com/tea/green/${variant}?page=${n}`,
      ...(n % 2 === 1 && { referrer: 'https://search.example.com/results?q=green+tea' }),
      userAgent: BROWSERS[n % BROWSERS.length],
      viewportWidth: 1440,
      pageOfSession: n + 1,
    },
  }
}

function order(variant: number, n: number, lines: number): Template {
  const items = ['a', 'b', 'c'].slice(0, lines)
  return {
    type: 'order-placed',
    lane: 'normal',
    // A bit per reservation. The total stays below what a fraud check is asked for.
    outputs: 2 ** lines - 1,
    data: {
      orderId: `o-${variant}-${n}`,
      customer: customer(variant * 5 + n),
      total: { amount: 4990 + n, currency: 'EUR' },
      items: items.map((letter, line) => ({ sku: `tea-${variant}-${n}-${letter}`, quantity: line + 1 })),
    },
  }
}

function registration(variant: number, n: number): Template {
  return {
    type: 'user-registered',
    lane: 'normal',
    outputs: OTHER,
    data: {
      userId: `u-${variant}-${n}`,
      email: `user${variant}.${n}@example.com`,
      name: 'Grace',
      locale: ['en-GB', 'de-DE', 'fr'][n % 3],
      plan: ['free', 'team', 'enterprise'][n % 3],
    },
  }
}

/** One is tried again, the other is not. */
function payment(variant: number, n: number): Template {
  return {
    type: 'payment-failed',
    lane: 'high',
    outputs: OTHER,
    data: {
      paymentId: `p-${variant}-${n}`,
      orderId: `o-${variant}-${n}`,
      customer: customer(variant * 2 + n),
      amount: { amount: 4990, currency: 'EUR' },
      reason: n === 0 ? 'insufficient-funds' : 'card-expired',
      attempt: 1,
    },
  }
}

/** From three days on the gateway raises it to high. */
function shipment(variant: number, n: number, delayDays: number): Template {
  return {
    type: 'shipment-delayed',
    lane: delayDays >= 3 ? 'high' : 'normal',
    outputs: OTHER,
    data: {
      shipmentId: `sh-${variant}-${n}`,
      orderId: `o-${variant}-${n}`,
      customer: customer(variant * 2 + n),
      carrier: 'parcel-post',
      warehouse: 'rotterdam-2',
      delayDays,
      expectedOn: '2026-12-03',
    },
  }
}

function customer(n: number): { id: string; email: string } {
  return { id: `c-${n}`, email: `customer${n}@example.com` }
}
