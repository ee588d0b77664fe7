import { type EventDefinition, LANES, laneTopic } from '@sluice/events'
import { createLaneConsumer, createPublisher, DEAD_LETTER_LANE } from '@sluice/kafka'
import type { EventHandler } from './handler.ts'
import { createPipeline } from './pipeline.ts'
import { type ProcessContext, type RunningProcess, runProcess } from './process.ts'
import { integer, type Settings } from './settings.ts'

export const consumerSettings = {
  CONSUMER_CONCURRENCY: integer({ min: 1, max: 10_000 })
    .default(64)
    .describe(
      'How many handlers may wait for something at a time; events of one key never run side by side.',
    ),
  CONSUMER_SESSION_TIMEOUT_MS: integer({ min: 6000, max: 300_000, unit: 'ms' })
    .default(10_000)
    .describe('How soon the partitions of a process that died are given to others.'),
  CONSUMER_COMMIT_INTERVAL_MS: integer({ min: 10, unit: 'ms' })
    .default(250)
    .describe(
      'How often finished offsets are committed; what was not committed is handled again after a crash.',
    ),
  HANDLER_TIMEOUT_MS: integer({ min: 1, unit: 'ms' })
    .default(30_000)
    .describe('How long one attempt of a handler may take.'),
  RETRY_MAX_ATTEMPTS: integer({ min: 1 })
    .default(5)
    .describe('Attempts to handle an event, the first included, before it becomes a dead letter.'),
  RETRY_BASE_MS: integer({ min: 0, unit: 'ms' })
    .default(200)
    .describe('The longest wait before the second attempt; doubled for each one after it.'),
  RETRY_MAX_MS: integer({ min: 0, unit: 'ms' })
    .default(10_000)
    .describe('The longest wait before any attempt.'),
} satisfies Settings

export type ConsumerSpec<Definition extends EventDefinition> = {
  readonly consumes: Definition
  /** Everything that the handler may return. */
  readonly produces: readonly EventDefinition[]
  readonly handle: EventHandler<Definition>
  /** Also the consumer group, the folder and the metric label; the type's name by default. */
  readonly service?: string
}

/**
 * The whole process of a consumer service: reads all lanes of one type, hands each event to the handler, and
 * writes what it returns. Ends with the process; see `runProcess` for exit codes.
 */
export async function runConsumer<Definition extends EventDefinition>(
  spec: ConsumerSpec<Definition>,
): Promise<void> {
  await runProcess({
    name: spec.service ?? spec.consumes.type,
    settings: consumerSettings,
    start: (context) => startConsumer(spec, context),
  })
}

/** Lanes' shares while all have work, and how long one may go unserved. */
const LANE_SHARES = {
  high: { weight: 16, maxWaitMs: 100 },
  normal: { weight: 4, maxWaitMs: 500 },
  low: { weight: 1, maxWaitMs: 1000 },
} as const

async function startConsumer<Definition extends EventDefinition>(
  spec: ConsumerSpec<Definition>,
  { config, log, metrics, kafka, crash }: ProcessContext<typeof consumerSettings>,
): Promise<RunningProcess> {
  const { consumes, produces } = spec
  const service = spec.service ?? consumes.type
  const stopping = new AbortController()
  const publisher = createPublisher({
    client: kafka,
    lanes: [...LANES, DEAD_LETTER_LANE],
    // What follows from an accepted event is never given up: an outage of Kafka is waited out. What waits is
    // bounded by the records that the consumer has fetched.
    deliveryTimeoutMs: Number.POSITIVE_INFINITY,
    maxBufferBytes: Number.POSITIVE_INFINITY,
    metrics,
    log,
  })
  const pipeline = createPipeline({
    service,
    consumes,
    produces,
    handle: spec.handle as EventHandler<EventDefinition>,
    retryPolicy: {
      maxAttempts: config.RETRY_MAX_ATTEMPTS,
      baseMs: config.RETRY_BASE_MS,
      maxMs: config.RETRY_MAX_MS,
    },
    handlerTimeoutMs: config.HANDLER_TIMEOUT_MS,
    stopping: stopping.signal,
    metrics,
    log,
  })
  const consumer = createLaneConsumer({
    client: kafka,
    publisher,
    group: service,
    type: consumes.type,
    lanes: LANES.filter((lane) => consumes.lanes.includes(lane)).map((lane) => ({
      lane,
      topic: laneTopic(consumes.type, lane),
      ...LANE_SHARES[lane],
    })),
    concurrency: config.CONSUMER_CONCURRENCY,
    sessionTimeoutMs: config.CONSUMER_SESSION_TIMEOUT_MS,
    commitIntervalMs: config.CONSUMER_COMMIT_INTERVAL_MS,
    ...pipeline,
    crashed: crash,
    metrics,
    log,
  })
  // Not awaited: without Kafka it is never through, and the process must be able to stop all the same.
  consumer.start().catch(crash)
  return {
    checks: [
      {
        name: 'assignment',
        check() {
          const partitions = consumer.assigned()
          if (partitions === undefined) return { ok: false, detail: 'No answer of the consumer group yet.' }
          return { ok: true, detail: `${partitions} partitions` }
        },
      },
    ],
    async stop(graceMs) {
      stopping.abort()
      const inHand = await consumer.stop(graceMs)
      if (inHand > 0) {
        crash(new Error(`The grace period was not enough for ${inHand} records; they are read again.`))
        return
      }
      await publisher.close()
    },
  }
}
