import type { Publisher, PublishOutcome, PublishRecord } from '@sluice/kafka'
import { INGEST_EVENTS, LATE_EVENTS, type Logger, type Metrics } from '@sluice/telemetry'
import type { Candidate } from './body/candidate.ts'
import type { Credential } from './credentials/credential.ts'
import type { Late } from './drain/estimate-drain.ts'
import type { Receipt } from './encode-value.ts'
import { createEventIds } from './event-id.ts'
import type { IdOfIndex } from './idempotence/key.ts'
import type { Claim, IdempotencyWindow, Repeat } from './idempotence/window.ts'
import { createJudge, type JudgeOptions } from './judge.ts'
import { outcomeOf } from './outcomes.ts'
import type { Quarantine } from './quarantine/quarantine.ts'
import { createResult, type Result, reject, settleAs } from './results.ts'
import type { TypePlan } from './type-plans.ts'

export type IngestOptions = JudgeOptions & {
  readonly publisher: Pick<Publisher, 'publish'>
  /** Where rejected events are kept; without it nowhere. */
  readonly quarantine?: Pick<Quarantine, 'keep'> | undefined
  /** What was accepted lately and what is in flight, of all requests. */
  readonly window: IdempotencyWindow<Result>
  /** Whether books are kept: then filtered, the end of an event, is not said before they say it. */
  readonly outcomes: boolean
  /** The lanes that take nothing because their services are behind, by topic; absent: nobody looks. */
  readonly lateLanes?: ReadonlyMap<string, Late> | undefined
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
  /** Ids for the events without one; undefined: they get fresh ones, which nothing can repeat. */
  readonly idOf?: IdOfIndex | undefined
  /** The index in the request of the first of these events, when they are a part of it; 0 otherwise. */
  readonly firstIndex?: number | undefined
  /** Of a stream of events, which is taken in parts: what the parts before this one held back. Is added to. */
  readonly held?: HeldKeys
}

/** Topics and keys with an event that was not stored. Later events of them are not stored either. */
export type HeldKeys = { has(place: string): boolean; add(place: string): unknown }

/**
 * Takes the events of one request and resolves when the fate of each is known, to one result per event in
 * order. Never rejects because of an event.
 *
 * Two events of one identity: the second is a duplicate when the first was accepted lately, shares its outcome when it
 * is in flight, and is `id-reused` when its content differs. It does not matter which request the first came in.
 *
 * Order: after an event that was not stored, later ones of its topic and key in the request are not stored
 * either. The publisher sees to that for what it took; what it refuses at once is seen to here. So is what comes after a
 * repeat of an event that another request has in flight: whether that will be stored is not known in time.
 *
 * Events beyond what the credential may post now are refused unjudged: the first ones are taken, all later ones are not,
 * so that order holds.
 */
export type Ingest = (candidates: readonly Candidate[], request: IngestRequest) => Promise<readonly Result[]>

export function createIngest(options: IngestOptions): Ingest {
  const { plans, publisher, window, lateLanes, metrics, log } = options
  const now = options.now ?? Date.now
  const judge = createJudge(options)
  let moment = createMoment(now())

  return function ingest(candidates, { traceparent, credential, idOf, firstIndex = 0, held: heldBefore }) {
    const { promise, resolve } = Promise.withResolvers<readonly Result[]>()
    const receivedAt = now()
    if (receivedAt !== moment.at) moment = createMoment(receivedAt)
    const { time, receivedat, newId } = moment
    const receipt: Receipt = { time, receivedat, traceparent, credential }
    const admitted = credential.admission.takeEvents(candidates.length)
    const results: Result[] = []
    /** What each event holds of the window, or NO_CLAIM. */
    const claims: Claim[] = []
    /** The same as a set, from the first repeat on. */
    let own: Set<Claim> | undefined
    /** Topic and key of what was refused at once, failed over, or is another request's to settle. */
    let held: Set<string> | undefined
    // One more than is published, so that outcomes that come at once do not end the request too soon.
    let open = 1
    /** How many faults were told. */
    let told = 0

    const outcomes = {
      settled(index: number, outcome: PublishOutcome): void {
        settle(results[index]!, outcome)
        release(index)
        if (--open === 0) finish()
      },
    }

    for (let index = 0; index < candidates.length; index++) {
      const candidate = candidates[index]!
      const { type } = candidate
      const id = candidate.id ?? idOf?.(firstIndex + index)
      const result = createResult(id ?? newId(), type)
      results.push(result)
      claims.push(NO_CLAIM)
      if (index >= admitted) {
        settleAs(result, 'refused', 'rate-limited')
        continue
      }
      let published: PublishRecord | undefined
      try {
        const plan = judge.validate(candidate, result, credential, told < MAX_TOLD)
        if (!plan) {
          told += result.errors?.length ?? 0
          continue
        }
        if (id !== undefined) {
          const claim = window.claim(
            credential.tenant,
            candidate.source ?? credential.source,
            id,
            candidate.posted,
          )
          if (typeof claim !== 'number') {
            repeat(index, claim, plan)
            continue
          }
          claims[index] = claim
          own?.add(claim)
        }
        const record = judge.route(candidate, plan, result, receipt)
        if (!record) {
          release(index)
          if (!options.outcomes || result.status !== 'filtered') continue
          published = outcomeOf(candidate, result, credential)
          open++
          publisher.publish(published, outcomes, index)
        } else if (held?.has(placeOf(record)) || heldBefore?.has(placeOf(record))) {
          settleAs(result, 'refused', 'after-refused')
          release(index)
        } else if (lateLanes?.has(record.topic)) {
          result.late = lateLanes.get(record.topic)
          settleAs(result, 'refused', 'overloaded')
          hold(placeOf(record))
          release(index)
        } else {
          published = record
          open++
          publisher.publish(record, outcomes, index)
          if (result.status === 'refused') hold(placeOf(record))
        }
      } catch (error) {
        log.error(
          { err: error, type, id: result.id, traceparent },
          `an event could not be ${published ? 'published' : 'judged'}: a bug`,
        )
        if (!published) settleAs(result, 'refused', 'internal')
        else {
          // How far the publisher got is not known: it stays unconfirmed, and nobody will settle it.
          hold(placeOf(published))
          if (result.status === 'filtered') settleAs(result, 'unknown', 'unconfirmed')
          if (result.status === 'unknown') open--
        }
        release(index)
      }
    }
    if (--open === 0) finish()
    return promise

    function repeat(index: number, repeat: Repeat, plan: TypePlan): void {
      const result = results[index]!
      if (repeat.of === 'other-content') reject(result, 'id-reused', OTHER_CONTENT)
      else if (repeat.of === 'accepted') endAsDuplicate(index)
      else {
        open++
        // The publisher keeps the order behind what it took of this request, but not behind another's.
        own ??= new Set(claims)
        if (!own.has(repeat.claim))
          hold(placeOf(judge.place(candidates[index]!, plan, result.id, credential)))
        window.share(repeat.claim, (first) => {
          if (first.status === 'accepted') endAsDuplicate(index)
          else share(result, first)
          if (--open === 0) finish()
        })
      }
    }

    function endAsDuplicate(index: number): void {
      const result = results[index]!
      settleAs(result, 'duplicate', undefined)
      // Nobody waits for this line: what it repeats is stored.
      if (options.outcomes) publisher.publish(outcomeOf(candidates[index]!, result, credential), NOBODY, 0)
    }

    /** Gives back what an event holds of the window: its result is final. */
    function release(index: number): void {
      const claim = claims[index]!
      if (claim === NO_CLAIM) return
      claims[index] = NO_CLAIM
      const result = results[index]!
      window.settle(claim, result.status === 'accepted', result)
    }

    function hold(place: string): void {
      held = (held ?? new Set()).add(place)
    }

    function finish(): void {
      for (const result of results) count(result)
      if (heldBefore) holdBack(heldBefore, candidates, results)
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

  /** What Kafka did not confirm holds back the rest of its key, too: in the lane that it was sent to. */
  function holdBack(held: HeldKeys, candidates: readonly Candidate[], results: readonly Result[]): void {
    for (let index = 0; index < results.length; index++) {
      const { status, way, type } = results[index]!
      if (!way || (status !== 'refused' && status !== 'unknown')) continue
      const key = plans().get(type!)!.definition.key(candidates[index]!.data)
      held.add(placeOf({ topic: way.topic, key }))
    }
  }

  function count({ type, status, code, way, filteredBy, late }: Result): void {
    if (status === 'accepted') {
      way!.accepted.add(1)
      way!.prioritised.add(1)
      return
    }
    // Of the posted types only known ones become labels: there is no end to the others.
    const known = type !== null && plans().has(type) ? type : ''
    const labels = { type: known, lane: way?.lane ?? '', outcome: status, code: code ?? '' }
    metrics.counter(INGEST_EVENTS, labels).add(1)
    if (late) metrics.counter(LATE_EVENTS, { type: known, lane: way!.lane }).add(1)
    filteredBy?.filtered.add(1)
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

const NO_CLAIM = -1

/** Faults of one request. Beyond, events are rejected without saying why: that would take seconds. */
const MAX_TOLD = 2000

const NOBODY = { settled() {} }

const OTHER_CONTENT = [
  { pointer: '/id', detail: 'An earlier event has the same source and id, but other content.' },
]

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

/** A repeat ends as what it repeats. */
function share(repeat: Result, first: Result): void {
  settleAs(repeat, first.status, first.code)
  repeat.errors = first.errors
  repeat.way = first.way
  repeat.late = first.late
}
