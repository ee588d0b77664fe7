import type { EventDefinition } from './define-event.ts'
import { fraudCheckRequested } from './definitions/fraud-check-requested.ts'
import { notificationRequested } from './definitions/notification-requested.ts'
import { orderPlaced } from './definitions/order-placed.ts'
import { pageViewEnriched } from './definitions/page-view-enriched.ts'
import { pageViewed } from './definitions/page-viewed.ts'
import { paymentFailed } from './definitions/payment-failed.ts'
import { paymentRetryScheduled } from './definitions/payment-retry-scheduled.ts'
import { shipmentDelayed } from './definitions/shipment-delayed.ts'
import { stockReserved } from './definitions/stock-reserved.ts'
import { userRegistered } from './definitions/user-registered.ts'
import { welcomeMailRequested } from './definitions/welcome-mail-requested.ts'
import { deadLetterTopic, laneTopic, OUTCOMES_TOPIC, retryTopic } from './topics.ts'

/** One event type and the services that read it. */
export type CatalogueEntry = { readonly definition: EventDefinition; readonly services: readonly string[] }

/** Every event type there is. Topics, ports, configuration and documents are derived from it. */
export const catalogue: readonly CatalogueEntry[] = Object.freeze([
  { definition: orderPlaced, services: ['order-placed'] },
  { definition: paymentFailed, services: ['payment-failed'] },
  { definition: pageViewed, services: ['page-viewed'] },
  { definition: userRegistered, services: ['user-registered'] },
  { definition: shipmentDelayed, services: ['shipment-delayed'] },
  { definition: stockReserved, services: [] },
  { definition: fraudCheckRequested, services: [] },
  { definition: paymentRetryScheduled, services: [] },
  { definition: notificationRequested, services: [] },
  { definition: welcomeMailRequested, services: [] },
  { definition: pageViewEnriched, services: [] },
])

/** A topic that the catalogue needs. */
export type TopicPlan = {
  readonly topic: string
  readonly kind: 'lane' | 'retry' | 'dead-letter' | 'outcomes'
  readonly partitions: number
  readonly retentionMs: number
  /** The largest record batch that it takes. */
  readonly maxBatchBytes: number
}

/** All lane and retry topics of a type have as many partitions, so that partition n of each goes to one member. */
export const PARTITIONS_PER_TYPE = 3

/** The outcomes of all types share one topic. */
export const OUTCOME_PARTITIONS = 3

const DAY = 24 * 60 * 60 * 1000
const RETENTION_MS = { lane: 7 * DAY, retry: 7 * DAY, 'dead-letter': 30 * DAY, outcomes: 7 * DAY } as const

const MIB = 1024 * 1024
/**
 * A dead letter is the record that failed and up to 6 KiB of headers about it, a retry copy has some too: both must fit
 * wherever the record did.
 */
const WITH_HEADERS = MIB + 64 * 1024
const MAX_BATCH_BYTES = {
  lane: MIB,
  retry: WITH_HEADERS,
  'dead-letter': WITH_HEADERS,
  outcomes: MIB,
} as const

/**
 * The topics of the given entries, each once. Retry topics only of types that are retried out of order.
 * @param options.outcomes whether books are kept
 */
export function planTopics(
  entries: readonly CatalogueEntry[],
  options: { readonly outcomes?: boolean } = {},
): TopicPlan[] {
  const ofTypes = entries.flatMap(({ definition: { type, lanes, retryDelays }, services }) => [
    ...lanes.map((lane) => plan(laneTopic(type, lane), 'lane', PARTITIONS_PER_TYPE)),
    ...services.flatMap((service) =>
      retryDelays.map((delay) => plan(retryTopic(type, service, delay), 'retry', PARTITIONS_PER_TYPE)),
    ),
    ...services.map((service) => plan(deadLetterTopic(type, service), 'dead-letter', 1)),
  ])
  return options.outcomes ? [...ofTypes, plan(OUTCOMES_TOPIC, 'outcomes', OUTCOME_PARTITIONS)] : ofTypes
}

/** The services of the given entries in catalogue order; admin ports are dealt in this order. */
export function listServices(entries: readonly CatalogueEntry[]): { service: string; type: string }[] {
  return entries.flatMap(({ definition, services }) =>
    services.map((service) => ({ service, type: definition.type })),
  )
}

function plan(topic: string, kind: TopicPlan['kind'], partitions: number): TopicPlan {
  return { topic, kind, partitions, retentionMs: RETENTION_MS[kind], maxBatchBytes: MAX_BATCH_BYTES[kind] }
}
