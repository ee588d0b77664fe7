import { setImmediate } from 'node:timers/promises'
import { type CatalogueEntry, dataSchemaOf, REJECTED_TOPIC } from '@sluice/events'
import { createPublisher, type KafkaClient, type PublishOutcome } from '@sluice/kafka'
import { rejectionHeaders } from '@sluice/operations'
import { type Logger, type Metrics, QUARANTINE_EVENTS } from '@sluice/telemetry'
import { type Candidate, isObject } from '../body/candidate.ts'
import type { Receipt } from '../encode-value.ts'
import type { Result } from '../results.ts'

export type QuarantineOptions = {
  readonly client: KafkaClient
  readonly entries: readonly CatalogueEntry[]
  /** Of what may wait for Kafka; none of it is the lanes'. */
  readonly maxBufferBytes: number
  readonly deliveryTimeoutMs: number
  readonly metrics: Metrics
  readonly log: Logger
}

/** Keeps rejected events in a topic, so that they can be let in once their definition is mended. */
export type Quarantine = {
  /**
   * Nobody waits for it, and nobody is told but a metric: what does not fit the budget, or Kafka does not take, is
   * dropped. What is no JSON object is no event and is passed over.
   */
  keep(candidate: Pick<Candidate, 'posted'>, result: Result, receipt: Receipt): void
  /** Settles what is pending, within the delivery timeout. */
  close(): Promise<void>
}

/** The publisher's only lane, and the label of its metrics. */
const LANE = 'quarantine'

/** The topic takes a little more, for the headers. */
const MAX_VALUE_BYTES = 1024 * 1024

/** Has a publisher of its own: its connection and its buffer are not the lanes'. */
export function createQuarantine(options: QuarantineOptions): Quarantine {
  const { metrics, log } = options
  const publisher = createPublisher({
    ...options,
    lanes: [LANE],
    // It would tell of each batch; here one line is enough.
    log: log.child({}, { level: 'silent' }),
  })
  const schemas = new Map(
    options.entries.map(({ definition: { type, version } }) => [type, dataSchemaOf(type, version)]),
  )
  const counted = (outcome: string) => metrics.counter(QUARANTINE_EVENTS, { outcome })
  const counters = {
    kept: counted('kept'),
    full: counted('full'),
    'too-large': counted('too-large'),
    failed: counted('failed'),
    unknown: counted('unknown'),
  }
  /** Nothing more fits until something settles: then to encode an event is a waste. */
  let full = false
  let failing = false

  const receipt = {
    settled(_index: number, outcome: PublishOutcome): void {
      const end = endOf(outcome)
      counters[end].add(1)
      full = end === 'full' && publisher.pending > 0
      if (end === 'full' || end === 'too-large') return
      const fails = end !== 'kept'
      if (fails === failing) return
      failing = fails
      if ('detail' in outcome) {
        log.warn(
          { topic: REJECTED_TOPIC, outcome: outcome.status, reason: outcome.detail },
          'rejected events are not kept: npm run topics creates their topic, which the gateway must be allowed to write; QUARANTINE=off goes without',
        )
      } else log.info({ topic: REJECTED_TOPIC }, 'rejected events are kept again')
    },
  }

  return {
    keep({ posted }, { id, type, code, errors = [] }, { credential, receivedat, traceparent }) {
      if (!isObject(posted)) return
      if (full) {
        counters.full.add(1)
        return
      }
      const value = JSON.stringify(posted)
      if (Buffer.byteLength(value) > MAX_VALUE_BYTES) {
        counters['too-large'].add(1)
        return
      }
      const { name, tenant, source, maxPriority } = credential
      const headers = rejectionHeaders({
        ...{ id, type, code: code!, errors, credential: name, tenant, source, maxPriority, receivedat },
        dataschema: type === null ? undefined : schemas.get(type),
        traceparent,
      })
      publisher.publish(
        { lane: LANE, topic: REJECTED_TOPIC, partition: 0, key: null, value, headers },
        receipt,
        0,
      )
    },
    async close() {
      // What was answered in this turn is handed over in the next.
      await setImmediate()
      await publisher.close()
    },
  }
}

function endOf(outcome: PublishOutcome): 'kept' | 'full' | 'too-large' | 'failed' | 'unknown' {
  switch (outcome.status) {
    case 'stored':
      return 'kept'
    case 'overloaded':
      return 'full'
    case 'failed':
      return outcome.reason === 'too-large' ? 'too-large' : 'failed'
    case 'unknown':
      return 'unknown'
  }
}
