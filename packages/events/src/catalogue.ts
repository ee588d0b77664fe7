import type { EventDefinition } from './define-event.ts'
import * as events from './definitions.ts'
import { retryDelayMs } from './retry-delays.ts'
import {
  DECISIONS_TOPIC,
  deadLetterTopic,
  laneTopic,
  OUTCOMES_TOPIC,
  REJECTED_TOPIC,
  RULES_TOPIC,
  retryTopic,
  streamDeadLetterTopic,
} from './topics.ts'

/** One event type and the services that read it. */
export type CatalogueEntry = { readonly definition: EventDefinition; readonly services: readonly string[] }

/** Every event type there is. Topics, ports, configuration and documents are derived from it. */
export const catalogue: readonly CatalogueEntry[] = Object.freeze([
  { definition: events.orderPlaced, services: ['order-placed'] },
  { definition: events.paymentFailed, services: ['payment-failed'] },
  { definition: events.pageViewed, services: ['page-viewed'] },
  { definition: events.userRegistered, services: ['user-registered'] },
  { definition: events.shipmentDelayed, services: ['shipment-delayed'] },
  { definition: events.stockReserved, services: [] },
  { definition: events.fraudCheckRequested, services: [] },
  { definition: events.paymentRetryScheduled, services: [] },
  { definition: events.notificationRequested, services: [] },
  { definition: events.welcomeMailRequested, services: [] },
  { definition: events.pageViewEnriched, services: [] },
  { definition: events.paymentSucceeded, services: ['payment-succeeded'] },
  { definition: events.checkoutAbandoned, services: ['checkout-abandoned'] },
  { definition: events.contentRepeated, services: [] },
])

/** A topic that the catalogue needs. */
export type TopicPlan = {
  readonly topic: string
  readonly kind: 'lane' | 'retry' | 'dead-letter' | 'outcomes' | 'rejected' | 'control'
  readonly partitions: number
  /** -1: for ever. */
  readonly retentionMs: number
  /** Only the last record of each key is kept. */
  readonly compacted?: boolean
  /** How much of each partition is kept, however young it is; absent: all. */
  readonly retentionBytes?: number
  /** The largest record batch that it takes. */
  readonly maxBatchBytes: number
}

/** What Kafka calls the topic's `cleanup.policy`: one, or both. */
export function cleanupPolicies({ compacted, retentionMs }: TopicPlan): ('compact' | 'delete')[] {
  if (!compacted) return ['delete']
  return retentionMs < 0 ? ['compact'] : ['compact', 'delete']
}

/** All lane and retry topics of a type have as many partitions, so that partition n of each goes to one member. */
export const PARTITIONS_PER_TYPE = 3

/** The outcomes of all types share one topic. */
export const OUTCOME_PARTITIONS = 3

const DAY = 24 * 60 * 60 * 1000
const OUTCOMES_RETENTION_DAYS = 7
/** A dead letter waits for somebody to look at it. */
const DEAD_LETTER_RETENTION_DAYS = 30

/** A definition is mended within a week or two, or not at all. */
const REJECTED_RETENTION_DAYS = 14

/**
 * A decision holds for 31 days at most. Jobs name a decision after whom it is about, so without an end the topic would
 * keep a record of every customer who ever was in trouble, and every gateway would read them all when it starts.
 */
const DECISIONS_RETENTION_DAYS = 32

const MIB = 1024 * 1024
/** How many events are rejected is up to whoever posts: they must not fill the disk. */
const REJECTED_RETENTION_BYTES = 1024 * MIB
/**
 * A dead letter is the record that failed and up to 6 KiB of headers about it, a retry copy and a rejected event have some
 * too: all must fit wherever the record did.
 */
const WITH_HEADERS = MIB + 64 * 1024
const MAX_BATCH_BYTES = {
  lane: MIB,
  retry: WITH_HEADERS,
  'dead-letter': WITH_HEADERS,
  outcomes: MIB,
  rejected: WITH_HEADERS,
  control: MIB,
} as const

/**
 * The topics of the given entries, each once. Retry topics only of types that are retried out of order.
 * @param options.outcomes whether books are kept
 * @param options.quarantine whether the gateway keeps what it rejects
 * @param options.control whether rules and decisions may change while it runs
 */
export function planTopics(
  entries: readonly CatalogueEntry[],
  options: { readonly outcomes?: boolean; readonly quarantine?: boolean; readonly control?: boolean } = {},
): TopicPlan[] {
  const plans = entries.flatMap(({ definition, services }) => {
    const { type, lanes, retryDelays, retentionDays: days } = definition
    const deadLetterDays = Math.max(days, DEAD_LETTER_RETENTION_DAYS)
    // A copy must be there when it is due, and a while longer for a service that is not.
    const retryDays = (delay: string) => days + Math.ceil(retryDelayMs(delay) / DAY)
    return [
      ...lanes.map((lane) => plan(laneTopic(type, lane), 'lane', PARTITIONS_PER_TYPE, days)),
      ...services.flatMap((service) =>
        retryDelays.map((delay) =>
          plan(retryTopic(type, service, delay), 'retry', PARTITIONS_PER_TYPE, retryDays(delay)),
        ),
      ),
      ...services.map((service) => plan(deadLetterTopic(type, service), 'dead-letter', 1, deadLetterDays)),
    ]
  })
  if (options.outcomes)
    plans.push(plan(OUTCOMES_TOPIC, 'outcomes', OUTCOME_PARTITIONS, OUTCOMES_RETENTION_DAYS))
  if (options.quarantine) {
    const rejected = plan(REJECTED_TOPIC, 'rejected', 1, REJECTED_RETENTION_DAYS)
    plans.push({ ...rejected, retentionBytes: REJECTED_RETENTION_BYTES })
  }
  if (options.control) {
    // One partition: what is decided about an event must not depend on which partition was read first.
    plans.push({ ...plan(RULES_TOPIC, 'control', 1, 0), retentionMs: -1, compacted: true })
    plans.push({ ...plan(DECISIONS_TOPIC, 'control', 1, DECISIONS_RETENTION_DAYS), compacted: true })
    // The other jobs count what they cannot read, and leave it where it is.
    plans.push(plan(streamDeadLetterTopic('flood-guard'), 'dead-letter', 1, DEAD_LETTER_RETENTION_DAYS))
  }
  return plans
}

/** The services of the given entries in catalogue order; admin ports are dealt in this order. */
export function listServices(
  entries: readonly {
    readonly definition: { readonly type: string }
    readonly services: readonly string[]
  }[],
): { service: string; type: string }[] {
  return entries.flatMap(({ definition, services }) =>
    services.map((service) => ({ service, type: definition.type })),
  )
}

function plan(topic: string, kind: TopicPlan['kind'], partitions: number, days: number): TopicPlan {
  return { topic, kind, partitions, retentionMs: days * DAY, maxBatchBytes: MAX_BATCH_BYTES[kind] }
}
