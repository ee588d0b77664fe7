import { type EventDefinition, LANE_SHARES, LANES, laneTopic, retryDelayMs, retryTopic } from '@sluice/events'
import { createLaneConsumer, createPublisher, DEAD_LETTER_LANE } from '@sluice/kafka'
import { BREAKER_OPEN, BREAKER_OPENINGS } from '@sluice/telemetry'
import { createAwaitSchema } from './await-schema.ts'
import { createBreaker } from './breaker.ts'
import { checkAssignment } from './check-assignment.ts'
import type { Framing } from './framing.ts'
import type { EventHandler } from './handler.ts'
import { createPipeline } from './pipeline.ts'
import type { ProcessContext, RunningProcess } from './process.ts'
import { createIdentify, readRedelivery } from './redelivery.ts'
import type { ConsumerSpec, consumerSettings } from './run-consumer.ts'
import { createWatchdog } from './watchdog.ts'

/**
 * The inside of a consumer service: publisher, breaker, pipeline and lane consumer, and how ready they are.
 * @param framing undefined: outputs are stored as whole CloudEvents, and no schema is asked for
 */
export async function startConsumer<Definition extends EventDefinition>(
  spec: ConsumerSpec<Definition>,
  { config, log, metrics, kafka, crash }: Omit<ProcessContext<typeof consumerSettings>, 'openFraming'>,
  framing?: Framing,
): Promise<RunningProcess> {
  const { consumes, produces } = spec
  const { type, retryDelays } = consumes
  const service = spec.service ?? type
  const stopping = new AbortController()
  const lanes = LANES.filter((lane) => consumes.lanes.includes(lane))
  const laneOfTopic = new Map(lanes.map((lane) => [laneTopic(type, lane), lane]))
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
  const breakerOpen = metrics.gauge(BREAKER_OPEN, { type })
  const openings = metrics.counter(BREAKER_OPENINGS, { type })
  const breaker = createBreaker({
    ready: () => consumer.wake(),
    opened(detail) {
      breakerOpen.set(1)
      openings.add(1)
      log.error({ detail }, 'the breaker opened: nothing is taken but one event at a time')
    },
    closed() {
      breakerOpen.set(0)
      log.info('the breaker closed: the handler works again')
    },
  })
  const watchdog = createWatchdog({
    stallMs: config.WATCHDOG_STALL_MS,
    limitMs: config.HANDLER_TIMEOUT_MS,
    tripped: crash,
  })
  const pipeline = createPipeline({
    service,
    consumes,
    produces,
    schemaIds: framing?.schemaIds,
    handle: spec.handle as EventHandler<EventDefinition>,
    retryPolicy: {
      maxAttempts: config.RETRY_MAX_ATTEMPTS,
      baseMs: config.RETRY_BASE_MS,
      maxMs: config.RETRY_MAX_MS,
    },
    handlerTimeoutMs: config.HANDLER_TIMEOUT_MS,
    breaker,
    watchdog,
    outcomes: config.OUTCOMES,
    stopping: stopping.signal,
    metrics,
    log,
  })
  const schemas = framing && createAwaitSchema({ ...framing, stopping: stopping.signal, log })
  const consumer = createLaneConsumer({
    client: kafka,
    publisher,
    group: service,
    type,
    lanes: lanes.map((lane) => ({
      lane,
      topic: laneTopic(type, lane),
      ...(consumes.laneShares?.[lane] ?? LANE_SHARES[lane]),
    })),
    retries: retryDelays.map((delay) => ({
      topic: retryTopic(type, service, delay),
      name: `retry-${delay}`,
      delayMs: retryDelayMs(delay),
    })),
    // A copy that somebody else wrote, without an origin, is not urgent.
    laneOf: (record) => laneOfTopic.get(readRedelivery(record).origin?.topic ?? '') ?? lanes.at(-1)!,
    admission: breaker,
    concurrency: config.CONSUMER_CONCURRENCY,
    sessionTimeoutMs: config.CONSUMER_SESSION_TIMEOUT_MS,
    commitIntervalMs: config.CONSUMER_COMMIT_INTERVAL_MS,
    windowSize: config.CONSUMER_WINDOW_EVENTS,
    identify: createIdentify(service),
    ...pipeline,
    ...(schemas && { handle: schemas.awaitSchema(pipeline.handle) }),
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
        check: () => checkAssignment(consumer.assignment(), config.CONSUMER_SESSION_TIMEOUT_MS),
      },
      { name: 'handler', check: () => ({ ok: breaker.closed, detail: breaker.describe() }) },
      ...(schemas ? [{ name: 'schemas', check: () => checkSchemas(schemas.waiting()) }] : []),
      {
        name: 'outputs',
        check() {
          const { records, detail } = consumer.stuck()
          if (records > 0) {
            return {
              ok: false,
              detail: `${records} records wait, because Kafka does not take them: ${detail}`,
            }
          }
          const [refusal] = publisher.refused()
          if (!refusal) return { ok: true, detail: 'Kafka takes what is written.' }
          return { ok: false, detail: `Kafka does not take records for ${refusal.topic}: ${refusal.detail}` }
        },
      },
    ],
    async stop(graceMs) {
      stopping.abort()
      const inHand = await consumer.stop(graceMs)
      await watchdog.stop()
      if (inHand > 0) {
        crash(new Error(`The grace period was not enough for ${inHand} records; they are read again.`))
        return
      }
      await publisher.close()
    },
  }
}

function checkSchemas({ records, detail }: { readonly records: number; readonly detail: string }) {
  if (records === 0) return { ok: true, detail: 'The schemas of all records are known.' }
  return { ok: false, detail: `${records} records wait for their schemas. ${detail}` }
}
