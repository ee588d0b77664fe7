import type { CatalogueEntry } from '@sluice/events'
import type { Publisher, PublishOutcome, PublishRecord } from '@sluice/kafka'
import { FILTERED_EVENTS, INGEST_EVENTS, type Logger, type Metrics } from '@sluice/telemetry'
import type { Candidate } from './body/candidate.ts'
import type { Credential } from './credentials/credential.ts'
import { rememberEarlier } from './earlier.ts'
import type { Receipt } from './encode-value.ts'
import { createEventIds } from './event-id.ts'
import { createJudge, type JudgeOptions } from './judge.ts'
import { outcomeOf } from './outcomes.ts'
import type { Quarantine } from './quarantine/quarantine.ts'
import { createResult, type Result, reject, settleAs } from './results.ts'
import type { Rule } from './rules.ts'
import { planTypes } from './type-plans.ts'

export type IngestOptions = Omit<JudgeOptions, 'plans'> & {
  readonly entries: readonly CatalogueEntry[]
  readonly rules: readonly Rule[]
  readonly publisher: Pick<Publisher, 'publish'>
  /** Where rejected events are kept; without it nowhere. */
  readonly quarantine?: Pick<Quarantine, 'keep'> | undefined
  /** Whether books are kept: then filtered, the end of an event, is not said before they say it. */
  readonly outcomes: boolean
  readonly metrics: Metrics
  readonly log: Logger
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** What all events of one request share, beside when they came. */
export type IngestRequest = {
  readonly credential: Credential
  /** From the HTTP header. */
  readonly traceparent: string | undefined
}

/**
 * Takes the events of one request and resolves when the fate of each is known, to one result per event in
 * order. Never rejects because of an event.
 *
 * Two events of one identity: the second shares the outcome of the first, or is `id-reused` when its content
 * differs. Only this request is looked at.
 *
 * Order: after an event that was not stored, later ones of its topic and key in the request are not stored
 * either. The publisher sees to that for what it took; what it refuses at once is seen to here.
 */
export type Ingest = (candidates: readonly Candidate[], request: IngestRequest) => Promise<readonly Result[]>

export function createIngest(options: IngestOptions): Ingest {
  const { publisher, metrics, log } = options
  const now = options.now ?? Date.now
  const plans = planTypes(options.entries, options.rules, metrics)
  const judge = createJudge({ ...options, plans })
  let moment = createMoment(now())

  return function ingest(candidates, { traceparent, credential }) {
    const { promise, resolve } = Promise.withResolvers<readonly Result[]>()
    const receivedAt = now()
    if (receivedAt !== moment.at) moment = createMoment(receivedAt)
    const { time, receivedat, newId } = moment
    const receipt: Receipt = { time, receivedat, traceparent, credential }
    const earlier = candidates.length > 1 ? rememberEarlier(candidates, credential.source) : undefined
    const results: Result[] = []
    const repeats: { readonly index: number; readonly first: number }[] = []
    /** Topic and key of what the publisher refused at once, or failed over. */
    let held: Set<string> | undefined
    // One more than is published, so that outcomes that come at once do not end the request too soon.
    let open = 1

    const outcomes = {
      settled(index: number, outcome: PublishOutcome): void {
        settle(results[index]!, outcome)
        if (--open === 0) finish()
      },
    }

    for (let index = 0; index < candidates.length; index++) {
      const { id, type } = candidates[index]!
      const result = createResult(id ?? newId(), type)
      results.push(result)
      let published: PublishRecord | undefined
      try {
        const verdict = judge(candidates, index, result, receipt, earlier)
        if (verdict === undefined) {
          if (!options.outcomes || result.status !== 'filtered') continue
          published = outcomeOf(candidates[index]!, result, credential)
          open++
          publisher.publish(published, outcomes, index)
        } else if ('repeats' in verdict) repeats.push({ index, first: verdict.repeats })
        else if (held?.has(placeOf(verdict))) settleAs(result, 'refused', 'after-refused')
        else {
          published = verdict
          open++
          publisher.publish(verdict, outcomes, index)
          if (result.status === 'refused') held = (held ?? new Set()).add(placeOf(verdict))
        }
      } catch (error) {
        log.error(
          { err: error, type, id: result.id, traceparent },
          `an event could not be ${published ? 'published' : 'judged'}: a bug`,
        )
        if (!published) settleAs(result, 'refused', 'internal')
        else {
          // How far the publisher got is not known: it stays unconfirmed, and nobody will settle it.
          held = (held ?? new Set()).add(placeOf(published))
          if (result.status === 'filtered') settleAs(result, 'unknown', 'unconfirmed')
          if (result.status === 'unknown') open--
        }
      }
    }
    if (--open === 0) finish()
    return promise

    function finish(): void {
      for (const { index, first } of repeats) {
        const repeat = results[index]!
        share(repeat, results[first]!)
        // Nobody waits for this line: the first is stored, or has one of its own.
        if (options.outcomes && isEnd(repeat))
          publisher.publish(outcomeOf(candidates[index]!, repeat, credential), NOBODY, 0)
      }
      for (const result of results) count(result)
      resolve(results)
      // After the answer: to write thousands of events takes its time.
      if (options.quarantine && results.some(isRejected)) setImmediate(quarantine, options.quarantine)
    }

    function quarantine({ keep }: Pick<Quarantine, 'keep'>): void {
      for (let index = 0; index < results.length; index++) {
        const result = results[index]!
        if (isRejected(result)) keep(candidates[index]!, result, receipt)
      }
    }
  }

  function count({ type, status, code, way, filteredBy }: Result): void {
    if (status === 'accepted') {
      way!.accepted.add(1)
      way!.prioritised.add(1)
      return
    }
    // Of the posted types only known ones become labels: there is no end to the others.
    const known = type !== null && plans.has(type) ? type : ''
    const labels = { type: known, lane: way?.lane ?? '', outcome: status, code: code ?? '' }
    metrics.counter(INGEST_EVENTS, labels).add(1)
    if (filteredBy !== undefined) metrics.counter(FILTERED_EVENTS, { type: known, rule: filteredBy }).add(1)
  }
}

/** What all requests of one millisecond share: there are several where it matters, and each part is slow to make. */
type Moment = Pick<Receipt, 'time' | 'receivedat'> & { readonly at: number; readonly newId: () => string }

function createMoment(at: number): Moment {
  return { at, time: new Date(at).toISOString(), receivedat: String(at), newId: createEventIds(at) }
}

function placeOf({ topic, key }: { readonly topic: string; readonly key: unknown }): string {
  return `${topic}\n${key}`
}

const NOBODY = { settled() {} }

function isEnd({ status }: Result): boolean {
  return status === 'filtered' || status === 'duplicate'
}

function isRejected({ status }: Result): boolean {
  return status === 'rejected'
}

/** Takes over what the publisher says of the event, or of the line in the books that says that it was filtered. */
function settle(result: Result, outcome: PublishOutcome): void {
  if (outcome.status === 'stored') {
    if (result.status !== 'filtered') settleAs(result, 'accepted', undefined)
    return
  }
  result.filteredBy = undefined
  if (outcome.status === 'overloaded') settleAs(result, 'refused', 'overloaded')
  else if (outcome.status === 'unknown') settleAs(result, 'unknown', 'unconfirmed')
  else if (outcome.reason === 'after-failed') settleAs(result, 'refused', 'after-refused')
  else if (outcome.reason === 'too-large') reject(result, 'event-too-large', LARGER_THAN_KAFKA_TAKES)
  else settleAs(result, 'refused', 'unavailable')
}

const LARGER_THAN_KAFKA_TAKES = [{ pointer: '', detail: 'The event is larger than Kafka takes.' }]

/** A repeat ends as what it repeats; of an accepted event it is the duplicate. */
function share(repeat: Result, first: Result): void {
  settleAs(repeat, first.status === 'accepted' ? 'duplicate' : first.status, first.code)
  repeat.errors = first.errors
  repeat.way = first.way
  repeat.filteredBy = first.filteredBy
}
