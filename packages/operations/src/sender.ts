import { createPublisher, type KafkaClient, type PublishOutcome, type PublishRecord } from '@sluice/kafka'
import type { Logger, Metrics } from '@sluice/telemetry'

/** The publisher's lane for what operators send again: its connections are nobody else's. */
export const REDELIVERY_LANE = 'redelivery'

/** Writes what operators send again. */
export type Sender = {
  /**
   * Sends records and says what became of each. Of one topic and key, nothing that follows a record which was certainly
   * not stored is sent. An outage is waited out for {@link DELIVERY_TIMEOUT_MS}.
   */
  send(records: readonly PublishRecord[]): Promise<readonly PublishOutcome[]>
  close(): Promise<void>
}

const DELIVERY_TIMEOUT_MS = 30_000

export type SenderOptions = {
  readonly client: KafkaClient
  readonly metrics: Metrics
  readonly log: Logger
  readonly deliveryTimeoutMs?: number
}

/** Connects with the first record. */
export function createSender(options: SenderOptions): Sender {
  const { client, metrics, log, deliveryTimeoutMs = DELIVERY_TIMEOUT_MS } = options
  const publisher = createPublisher({
    client,
    lanes: [REDELIVERY_LANE],
    deliveryTimeoutMs,
    // What is sent at once is bounded by its chunk.
    maxBufferBytes: Number.POSITIVE_INFINITY,
    metrics,
    log,
  })
  return {
    send(records) {
      const outcomes: PublishOutcome[] = []
      let open = records.length
      if (open === 0) return Promise.resolve(outcomes)
      return new Promise((resolve) => {
        const receipt = {
          settled(index: number, outcome: PublishOutcome) {
            outcomes[index] = outcome
            open -= 1
            if (open === 0) resolve(outcomes)
          },
        }
        for (const [index, record] of records.entries()) publisher.publish(record, receipt, index)
      })
    },
    close: () => publisher.close(),
  }
}
