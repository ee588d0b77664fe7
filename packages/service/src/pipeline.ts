import { deadLetterTopic, type Event, type EventDefinition } from '@sluice/events'
import {
  type DeadLetterReason,
  type Handled,
  type IncomingRecord,
  type PublishRecord,
  toDeadLetter,
} from '@sluice/kafka'
import {
  type Counter,
  DEAD_LETTERS,
  EVENT_AGE,
  HANDLED_EVENTS,
  HANDLER_DURATION,
  type Logger,
  type Metrics,
  OUTPUT_EVENTS,
  RETRIES,
} from '@sluice/telemetry'
import { HandlerCall } from './call.ts'
import { decode } from './decode.ts'
import { createEncodeOutputs } from './encode-outputs.ts'
import { HandlerTimeoutError, PoisonError } from './errors.ts'
import type { EventHandler, HandlerResult } from './handler.ts'
import { type GivenUp, type RetryPolicy, retry } from './retry.ts'
import { timeout } from './timeout.ts'

export type PipelineOptions = {
  readonly service: string
  readonly consumes: EventDefinition
  readonly produces: readonly EventDefinition[]
  readonly handle: EventHandler<EventDefinition>
  readonly retryPolicy: RetryPolicy
  readonly handlerTimeoutMs: number
  /** Aborted when the process begins to stop. */
  readonly stopping: AbortSignal
  readonly metrics: Metrics
  readonly log: Logger
}

/** What a record came to. */
export type PipelineResult = Handled & {
  readonly outcome: 'handled' | 'dead-letter'
  /** Milliseconds since the epoch, from the event; NaN when it could not be read. */
  readonly receivedAt: number
}

/**
 * The way of one record: decode → attempt (timeout → handler → encode outputs), retried in place → outputs, or
 * the dead letter instead. Never throws. Each step is a function of its own file; a handler that answers at
 * once makes no promise on the whole way.
 */
export function createPipeline(options: PipelineOptions) {
  const { service, consumes, metrics, log, handlerTimeoutMs } = options
  const { type } = consumes
  const encodeOutputs = createEncodeOutputs(options.produces, service)
  const dlq = deadLetterTopic(type, service)
  const handlerDuration = metrics.histogram(HANDLER_DURATION, { type })
  const outputCounters = new Map<string, Counter>()
  const endings = new Map(consumes.lanes.map((lane) => [lane as string, bindEndings(lane)]))

  function bindEndings(lane: string) {
    return {
      handled: metrics.counter(HANDLED_EVENTS, { type, lane, outcome: 'handled' }),
      'dead-letter': metrics.counter(HANDLED_EVENTS, { type, lane, outcome: 'dead-letter' }),
      age: metrics.histogram(EVENT_AGE, { type, lane }),
    }
  }

  function handle(
    record: IncomingRecord,
    lane: string,
  ): PipelineResult | Promise<PipelineResult | undefined> {
    let event: Event
    try {
      event = decode(record.value, consumes)
    } catch (error) {
      return giveUp(record, undefined, { error: error as Error, attempts: 1, firstFailedAt: Date.now() })
    }
    let answer: PipelineResult | Promise<PipelineResult>
    try {
      answer = tryOnce(event, 1)
    } catch (error) {
      answer = Promise.reject(error)
    }
    return answer instanceof Promise ? retryFrom(answer, record, lane, event) : answer
  }

  /** Apart from `handle`, so that an event whose answer is there at once pays for none of these closures. */
  function retryFrom(first: Promise<PipelineResult>, record: IncomingRecord, lane: string, event: Event) {
    return retry(first, {
      policy: options.retryPolicy,
      stopping: options.stopping,
      attempt: (attempt) => tryOnce(event, attempt),
      retrying: (attempt, error) => {
        metrics.counter(RETRIES, { type, lane }).add(1)
        log.warn({ ...identify(event), attempt, err: error }, 'handling failed; it is tried again')
      },
      giveUp: (givenUp) => giveUp(record, event, givenUp),
    })
  }

  function tryOnce(event: Event, attempt: number): PipelineResult | Promise<PipelineResult> {
    const call = new HandlerCall(event, attempt, log)
    const started = performance.now()
    let answer: HandlerResult | Promise<HandlerResult>
    try {
      answer = options.handle(event, call)
    } catch (error) {
      ended(started)
      throw error
    }
    if (answer instanceof Promise) return waitFor(answer, event, call, started)
    ended(started)
    return finish(event, answer)
  }

  async function waitFor(
    answer: Promise<HandlerResult>,
    event: Event,
    call: HandlerCall,
    started: number,
  ): Promise<PipelineResult> {
    let result: HandlerResult
    try {
      result = await timeout(answer, handlerTimeoutMs, (reason) => call.abort(reason))
    } finally {
      ended(started)
    }
    return finish(event, result)
  }

  function ended(started: number): void {
    handlerDuration.observe((performance.now() - started) / 1000)
  }

  function finish(event: Event, result: HandlerResult): PipelineResult {
    return { outputs: encodeOutputs(result), outcome: 'handled', receivedAt: Number(event.receivedat) }
  }

  function giveUp(
    record: IncomingRecord,
    event: Event | undefined,
    { error, attempts, firstFailedAt }: GivenUp,
  ): PipelineResult {
    const reason = reasonOf(error, event)
    metrics.counter(DEAD_LETTERS, { type, reason }).add(1)
    const { topic, partition, offset } = record
    log.error(
      { ...identify(event), topic, partition, offset, reason, attempts, err: error },
      'an event was given up; it is a dead letter',
    )
    return {
      outputs: [toDeadLetter(record, { service, reason, attempts, firstFailedAt, error }, dlq)],
      outcome: 'dead-letter',
      receivedAt: Number(event?.receivedat ?? Number.NaN),
    }
  }

  return {
    handle,
    undeliverable(record: IncomingRecord, _lane: string, detail: string): PipelineResult {
      const error = new Error(`An output could not be stored: ${detail}`)
      return giveUp(record, decodeAgain(record), { error, attempts: 1, firstFailedAt: Date.now() })
    },
    finished(lane: string, { outcome, outputs, receivedAt }: PipelineResult): void {
      const ending = endings.get(lane)!
      ending[outcome].add(1)
      const age = (Date.now() - receivedAt) / 1000
      if (age >= 0) ending.age.observe(age)
      if (outcome === 'handled') for (const output of outputs) countOutput(output)
    },
  }

  /** Only this rare end pays for decoding twice. Undefined: the output that was not stored was its dead letter. */
  function decodeAgain({ value }: IncomingRecord): Event | undefined {
    try {
      return decode(value, consumes)
    } catch {
      return undefined
    }
  }

  function countOutput({ topic, lane }: PublishRecord): void {
    let counter = outputCounters.get(topic)
    if (!counter) {
      counter = metrics.counter(OUTPUT_EVENTS, { type: topic.split('.')[1]!, lane })
      outputCounters.set(topic, counter)
    }
    counter.add(1)
  }
}

function reasonOf(error: Error, event: Event | undefined): DeadLetterReason {
  if (error instanceof PoisonError) return 'poison'
  if (error instanceof HandlerTimeoutError) return 'timeout'
  return event === undefined ? 'schema' : 'handler'
}

function identify(event: Event | undefined): { type?: string; id?: string; trace?: string } {
  if (!event) return {}
  return { type: event.type, id: event.id, ...(event.traceparent && { trace: event.traceparent }) }
}
