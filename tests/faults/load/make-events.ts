import { DEFAULT_TENANT, type Lane } from '@sluice/events'
import type { SentEvent } from '../books/history.ts'
import type { Random } from './seeded-random.ts'

/** An event to post: what the books need to know of it, and its data. */
export type LoadEvent = SentEvent & { readonly data: unknown; readonly priority?: Lane }

export type LoadMix = {
  /** The types to post, as often as they are listed. */
  readonly types: readonly LoadType[]
  /** Keys of each type. */
  readonly keys: number
  /** The part that goes to the first key of its type. */
  readonly hotKey?: number
  /** The part of the orders that ask for the high lane. */
  readonly high?: number
}

export type LoadType = 'order-placed' | 'payment-failed' | 'page-viewed'

/** Every twentieth page view is a bot's, and every fiftieth event is wrong: the gateway has to tell. */
const BOTS = 0.05
const WRONG = 0.02
/** Some events share their id with another one, from another source. */
const SAME_ID = 0.1
const SOURCES = ['/faults/a', '/faults/b'] as const

/**
 * Makes the events of a run, one after the other, the same for the same seed. The id says run and number; the
 * place in the row of its key travels in the data, so that whoever looks at a topic can follow a key by eye.
 * What an event makes goes to one partition for each place among its outputs, so that their order can be told.
 */
export function createEvents(run: string, random: Random, mix: LoadMix): () => LoadEvent {
  const rows = new Map<string, number>()
  let made = 0
  let previous: LoadEvent | undefined

  return function makeEvent() {
    const type = random.pick(mix.types)
    const hot = mix.hotKey !== undefined && random.chance(mix.hotKey)
    const key = `${PREFIX[type]}-${run}-${hot ? 0 : random.between(mix.hotKey === undefined ? 0 : 1, mix.keys - 1)}`
    const row = `${type} ${key}`
    const kseq = rows.get(row) ?? 0
    rows.set(row, kseq + 1)
    const number = made++
    const isTwin = previous?.source === SOURCES[0] && random.chance(SAME_ID)
    const identity = {
      tenant: DEFAULT_TENANT,
      source: isTwin ? SOURCES[1] : SOURCES[0],
      id: isTwin ? previous!.id : `${run}/${String(number).padStart(6, '0')}`,
    }
    const event = { ...identity, type, key, kseq, ...MAKERS[type]({ key, kseq, random, mix }) }
    previous = event
    return event
  }
}

const PREFIX = { 'order-placed': 'c', 'payment-failed': 'p', 'page-viewed': 'v' } as const

type Making = {
  readonly key: string
  readonly kseq: number
  readonly random: Random
  readonly mix: LoadMix
}
type Made = Pick<LoadEvent, 'fate' | 'rule' | 'outputs' | 'data' | 'priority'>

const MAKERS: Readonly<Record<LoadType, (making: Making) => Made>> = {
  'order-placed': makeOrder,
  'payment-failed': makePayment,
  'page-viewed': makePageView,
}

/** Three products make three reservations; a large total asks for a fraud check. */
function makeOrder({ key, kseq, random, mix }: Making): Made {
  const lines = random.between(1, 3)
  const isLarge = random.chance(0.2)
  const isWrong = random.chance(WRONG)
  const outputs = Array.from({ length: lines }, (_, index) => ({ type: 'stock-reserved', index }))
  if (isLarge) outputs.push({ type: 'fraud-check-requested', index: lines })
  return {
    fate: isWrong ? 'rejected' : 'handled',
    outputs: isWrong ? [] : outputs,
    ...(random.chance(mix.high ?? 0) && { priority: 'high' }),
    data: {
      orderId: `${key}-${kseq}`,
      customer: { id: key, email: 'ada@example.com' },
      total: { amount: isLarge ? 250_000 : 4990, currency: isWrong ? 'euro' : 'EUR' },
      items: Array.from({ length: lines }, (_, line) => ({ sku: `${key}-sku-${line}`, quantity: line + 1 })),
    },
  }
}

function makePayment({ key, kseq, random }: Making): Made {
  const isWrong = random.chance(WRONG)
  return {
    fate: isWrong ? 'rejected' : 'handled',
    outputs: isWrong ? [] : [{ type: 'payment-retry-scheduled', index: 0 }],
    data: {
      // The output's key, and the same for all of one customer, so that the order of outputs can be told.
      paymentId: `${key}-payment`,
      orderId: `${key}-${kseq}`,
      customer: { id: key, email: 'ada@example.com' },
      amount: { amount: 4990, currency: 'EUR' },
      reason: 'insufficient-funds',
      attempt: isWrong ? 0 : 1,
    },
  }
}

function makePageView({ key, kseq, random }: Making): Made {
  const isBot = random.chance(BOTS)
  const isWrong = !isBot && random.chance(WRONG)
  return {
    fate: isBot ? 'filtered' : isWrong ? 'rejected' : 'handled',
    ...(isBot && { rule: 'bots' }),
    outputs: isBot || isWrong ? [] : [{ type: 'page-view-enriched', index: 0 }],
    data: {
      visitorId: key,
      sessionId: `${key}-${kseq}`,
      url: 'https://shop.example.com/tea',
      userAgent: isBot
        ? 'Googlebot/2.1 (+http://www.google.com/bot.html)'
        : 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      viewportWidth: isWrong ? -1 : 1440,
      pageOfSession: 1,
    },
  }
}
