import {
  DecodeError,
  deadLetterTopic,
  decodeEvent,
  type Event,
  type EventDefinition,
  HOP,
  identityOf,
  ORIGIN,
  retryTopic,
} from '@sluice/events'
import {
  type Claim,
  type DeadLetterReason,
  type Handled,
  type IncomingRecord,
  type PublishRecord,
  toDeadLetter,
  type Undelivered,
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
  redactPersonalData,
} from '@sluice/telemetry'
import type { Breaker } from './breaker.ts'
import { HandlerCall } from './call.ts'
import { checkStored } from './check-stored.ts'
import { createEncodeOutputs } from './encode-outputs.ts'
import { HandlerTimeoutError, PoisonError, SchemaError } from './errors.ts'
import type { EventHandler, HandlerResult } from './handler.ts'
import { type Outcome, outcomeRecord } from './outcome.ts'
import {
  claimOf,
  isForAnother,
  nextHopHeaders,
  type Origin,
  type Redelivery,
  readRedelivery,
} from './redelivery.ts'
import { type GivenUp, isRetryable, type RetryPolicy, retry } from './retry.ts'
import { timeout } from './timeout.ts'
import type { Watchdog } from './watchdog.ts'

export type PipelineOptions = {
  readonly service: string
  readonly consumes: EventDefinition
  readonly produces: readonly EventDefinition[]
  /** Of the types that are produced; absent: outputs are stored as whole CloudEvents. */
  readonly schemaIds?: ReadonlyMap<string, number> | undefined
  readonly handle: EventHandler<EventDefinition>
  /** Of a type that is retried in place. */
  readonly retryPolicy: RetryPolicy
  readonly handlerTimeoutMs: number
  readonly breaker: Breaker
  readonly watchdog: Pick<Watchdog, 'begun' | 'ended'>
  /** Whether each end is written to the books. */
  readonly outcomes: boolean
  /** Aborted when the process begins to stop. */
  readonly stopping: AbortSignal
  readonly metrics: Metrics
  readonly log: Logger
}

/** What a record came to. `retry`: its event goes on in a retry copy; the others are ends. */
export type PipelineResult = Handled & {
  readonly outcome: 'handled' | 'duplicate' | 'skipped' | 'dead-letter' | 'retry'
  /** Milliseconds since the epoch, from the event; NaN where its age does not count. */
  readonly receivedAt: number
}

/**
 * The way of one record: decode → claim → check → attempt (timeout → handler → encode outputs), tried again in place
 * or in a retry topic → outputs, or the dead letter instead. Never throws. Each step is a function of its own file; a
 * handler that answers at once makes no promise on the whole way.
 */
export function createPipeline(options: PipelineOptions) {
  const { service, consumes, metrics, log, handlerTimeoutMs, breaker } = options
  const { type, retryDelays } = consumes
  const handlerLog = redactPersonalData(log, consumes.pii)
  const encodeOutputs = createEncodeOutputs(options.produces, service, options.schemaIds)
  const dlq = deadLetterTopic(type, service)
  const retryTopics = retryDelays.map((delay) => retryTopic(type, service, delay))
  const retryPolicy = retryTopics.length > 0 ? ONCE : options.retryPolicy
  const handlerDuration = metrics.histogram(HANDLER_DURATION, { type })
  const outputCounters = new Map<string, Counter>()
  const endings = new Map(consumes.lanes.map((lane) => [lane as string, bindEndings(lane)]))

  function bindEndings(lane: string) {
    const count = (outcome: string) => metrics.counter(HANDLED_EVENTS, { type, lane, outcome })
    return {
      handled: count('handled'),
      duplicate: count('duplicate'),
      skipped: count('skipped'),
      'dead-letter': count('dead-letter'),
      retry: metrics.counter(RETRIES, { type, lane }),
      age: metrics.histogram(EVENT_AGE, { type, lane }),
    }
  }

  function handle(
    record: IncomingRecord,
    lane: string,
    claim: Claim,
    unreadable?: DecodeError,
  ): PipelineResult | Promise<PipelineResult | undefined> {
    const redelivery = readRedelivery(record)
    let event: Event | undefined
    try {
      if (unreadable) throw unreadable
      event = decodeEvent(record)
      const another = isForAnother(redelivery, service)
      const handled = another || claim.claim(claimOf(identityOf(event), redelivery))
      if (handled !== false) {
        withdraw()
        if (handled === true) return endUnhandled(event, another ? 'skipped' : 'duplicate', lane, redelivery)
        return endAsTheOther(handled, event, lane, redelivery)
      }
      checkStored(event, consumes)
    } catch (error) {
      withdraw()
      return giveUpUnread(record, event, lane, redelivery, error as Error)
    }
    const probe = !breaker.closed
    let answer: PipelineResult | Promise<PipelineResult>
    try {
      answer = tryOnce(event, attemptsBefore(redelivery) + 1, lane, redelivery)
    } catch (error) {
      answer = Promise.reject(error)
    }
    if (answer instanceof Promise) return retryFrom(answer, record, lane, event, redelivery, probe)
    breaker.record(true, probe)
    return answer
  }

  /** Apart from `handle`, so that an event whose answer is there at once pays for none of these closures. */
  function retryFrom(
    first: Promise<PipelineResult>,
    record: IncomingRecord,
    lane: string,
    event: Event,
    redelivery: Redelivery,
    probe: boolean,
  ) {
    const before = attemptsBefore(redelivery)
    return retry(first, {
      policy: retryPolicy,
      breaker,
      probe,
      stopping: options.stopping,
      attempt: (attempt) => tryOnce(event, before + attempt, lane, redelivery),
      retrying: (attempt, error) => {
        metrics.counter(RETRIES, { type, lane }).add(1)
        log.warn(
          { ...identify(event), attempt: before + attempt, err: error },
          'handling failed; it is tried again',
        )
      },
      giveUp: (givenUp) =>
        redelivery.hop < retryTopics.length && isRetryable(givenUp.error)
          ? tryLater(record, event, lane, redelivery, givenUp)
          : giveUp(record, event, lane, redelivery, givenUp),
    })
  }

  function tryOnce(
    event: Event,
    attempt: number,
    lane: string,
    redelivery: Redelivery,
  ): PipelineResult | Promise<PipelineResult> {
    const call = new HandlerCall(event, attempt, handlerLog)
    const started = performance.now()
    let answer: HandlerResult | Promise<HandlerResult>
    try {
      answer = options.handle(event, call)
    } catch (error) {
      ended(started)
      throw error
    }
    if (answer instanceof Promise) return waitFor(answer, event, call, started, lane, redelivery)
    ended(started)
    return finish(event, answer, lane, redelivery)
  }

  async function waitFor(
    answer: Promise<HandlerResult>,
    event: Event,
    call: HandlerCall,
    started: number,
    lane: string,
    redelivery: Redelivery,
  ): Promise<PipelineResult> {
    let result: HandlerResult
    options.watchdog.begun(call)
    try {
      result = await timeout(answer, handlerTimeoutMs, (reason) => call.abort(reason))
    } finally {
      options.watchdog.ended(call)
      ended(started)
    }
    return finish(event, result, lane, redelivery)
  }

  function ended(started: number): void {
    handlerDuration.observe((performance.now() - started) / 1000)
  }

  function finish(event: Event, result: HandlerResult, lane: string, redelivery: Redelivery): PipelineResult {
    const outputs = encodeOutputs(result)
    return {
      outputs,
      account: tell(event, 'handled', lane, redelivery),
      outcome: 'handled',
      receivedAt: Number(event.receivedat),
    }
  }

  /** Without a word of the handler: if the record was to be the breaker's probe, it is none. */
  function withdraw(): void {
    if (!breaker.closed) breaker.withdraw()
  }

  function endUnhandled(
    event: Event,
    outcome: 'duplicate' | 'skipped',
    lane: string,
    redelivery: Redelivery,
  ): PipelineResult {
    const account = tell(event, outcome, lane, redelivery)
    return { outputs: NONE, account, outcome, receivedAt: Number.NaN }
  }

  /** Another record of the event is being handled. */
  async function endAsTheOther(
    handled: Promise<boolean>,
    event: Event,
    lane: string,
    redelivery: Redelivery,
  ) {
    return (await handled) ? endUnhandled(event, 'duplicate', lane, redelivery) : undefined
  }

  function giveUpUnread(
    record: IncomingRecord,
    event: Event | undefined,
    lane: string,
    redelivery: Redelivery,
    error: Error,
  ): PipelineResult {
    // What cannot be read cannot be known to be somebody else's, unless its headers say so.
    if (event === undefined && isForAnother(redelivery, service)) {
      return { outputs: NONE, outcome: 'skipped', receivedAt: Number.NaN }
    }
    return giveUp(record, event, lane, redelivery, { error, attempts: 1, firstFailedAt: Date.now() })
  }

  /** Writes the copy that is tried after the next delay. Same partition number: one member has all of a key. */
  function tryLater(
    record: IncomingRecord,
    event: Event,
    lane: string,
    redelivery: Redelivery,
    { error, attempts, firstFailedAt }: GivenUp,
  ): PipelineResult {
    const origin = originOf(record, redelivery, attempts, firstFailedAt)
    const delay = retryDelays[redelivery.hop]!
    log.warn(
      { ...identify(event), attempt: origin.attempts, delay, err: error },
      'handling failed; it is tried again after a delay',
    )
    const copy: PublishRecord = {
      lane,
      topic: retryTopics[redelivery.hop]!,
      partition: record.partition,
      key: record.key,
      value: record.value,
      headers: nextHopHeaders(record, redelivery, service, origin),
    }
    return { outputs: [copy], outcome: 'retry', receivedAt: Number.NaN }
  }

  function giveUp(
    record: IncomingRecord,
    event: Event | undefined,
    lane: string,
    redelivery: Redelivery,
    { error, attempts: own, firstFailedAt: ownFailedAt }: GivenUp,
  ): PipelineResult {
    const reason = reasonOf(error)
    metrics.counter(DEAD_LETTERS, { type, reason }).add(1)
    const { topic, partition, offset } = record
    const origin = originOf(record, redelivery, own, ownFailedAt)
    const { attempts, firstFailedAt } = origin
    log.error(
      { ...identify(event), topic, partition, offset, reason, attempts, err: error },
      'an event was given up; it is a dead letter',
    )
    const withoutHeaders = redelivery.origin ? [HOP, ORIGIN] : []
    const letter = { service, reason, attempts, firstFailedAt, error, origin, withoutHeaders }
    return {
      outputs: [toDeadLetter(record, letter, dlq)],
      account: event && tell(event, 'dead-letter', lane, redelivery, reason),
      outcome: 'dead-letter',
      receivedAt: Number(event?.receivedat ?? Number.NaN),
    }
  }

  /** For the books, where they are kept. What holds no event has no identity to tell. */
  function tell(
    { tenant, source, id }: Event,
    outcome: Outcome['outcome'],
    lane: string,
    { hop, generation }: Redelivery,
    reason?: string,
  ): PublishRecord | undefined {
    if (!options.outcomes) return undefined
    const again = { hop: hop === 0 ? undefined : hop, generation: generation === '' ? undefined : generation }
    return outcomeRecord({ tenant, source, id, type, by: service, outcome, reason, ...again }, lane)
  }

  return {
    handle,
    undeliverable(
      record: IncomingRecord,
      lane: string,
      undelivered: readonly Undelivered[],
      result: PipelineResult,
    ): PipelineResult {
      // Nothing else could stand for a dead letter.
      if (result.outcome !== 'handled' && result.outcome !== 'retry') return result
      const redelivery = readRedelivery(record)
      const error = new Error(`An output could not be stored: ${undelivered[0]!.detail}`)
      return giveUp(record, decodeEvent(record), lane, redelivery, {
        error,
        attempts: 1,
        firstFailedAt: Date.now(),
      })
    },
    finished(lane: string, { outcome, outputs, receivedAt }: PipelineResult): void {
      const ending = endings.get(lane)!
      ending[outcome].add(1)
      const age = (Date.now() - receivedAt) / 1000
      if (age >= 0) ending.age.observe(age)
      if (outcome === 'handled') for (const output of outputs) countOutput(output)
    },
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

/** A type that is retried after delays is tried once at a time. */
const ONCE: RetryPolicy = { maxAttempts: 1, baseMs: 0, maxMs: 0 }

const NONE: readonly PublishRecord[] = Object.freeze([])

function attemptsBefore({ origin }: Redelivery): number {
  return origin?.attempts ?? 0
}

/** The first record of its event, with what has become of that by now. */
function originOf(
  { topic, partition, offset, timestamp }: IncomingRecord,
  { origin }: Redelivery,
  attempts: number,
  firstFailedAt: number,
): Origin {
  if (origin) return { ...origin, attempts: origin.attempts + attempts }
  return { topic, partition, offset, timestamp, attempts, firstFailedAt }
}

function reasonOf(error: Error): DeadLetterReason {
  if (error instanceof DecodeError || error instanceof SchemaError) return 'schema'
  if (error instanceof PoisonError) return 'poison'
  return error instanceof HandlerTimeoutError ? 'timeout' : 'handler'
}

function identify(event: Event | undefined): { type?: string; id?: string; trace?: string } {
  if (!event) return {}
  return { type: event.type, id: event.id, ...(event.traceparent && { trace: event.traceparent }) }
}
