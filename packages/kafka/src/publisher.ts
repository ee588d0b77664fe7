import {
  type Histogram,
  type Logger,
  type Metrics,
  PUBLISH_BUFFER_BYTES,
  PUBLISH_DURATION,
  PUBLISH_FAILURES,
  PUBLISH_FLUSH_RECORDS,
  PUBLISH_RESENDS,
} from '@sluice/telemetry'
import { type Backoff, backoffMs } from './backoff.ts'
import { placeOf } from './partition.ts'
import type { Headers, HeaderValue, KafkaClient, ProduceFailure, ProduceOutcome, Producer } from './port.ts'

/** A record for the publisher. Its partition is the caller's choice, so that a key always lands in one. */
export type PublishRecord = {
  readonly lane: string
  readonly topic: string
  readonly partition: number
  readonly key: Uint8Array | string | null
  readonly value: Uint8Array | string | null
  readonly headers?: Headers
  /** Milliseconds since the epoch; absent = when it is sent. */
  readonly timestamp?: number
}

/**
 * What became of a record.
 * - `stored`: acknowledged by all in-sync replicas.
 * - `overloaded`: never sent; the lane's share of the buffer is full.
 * - `failed`: certainly not stored. `after-failed`: an earlier record of its key and receipt was not stored, so
 *   this one was not sent.
 * - `unknown`: may or may not be stored.
 */
export type PublishOutcome =
  | { readonly status: 'stored' }
  | { readonly status: 'overloaded' }
  | { readonly status: 'failed'; readonly reason: ProduceFailure | 'after-failed'; readonly detail: string }
  | { readonly status: 'unknown'; readonly detail: string }

/** Who is told. One receipt serves many records, told apart by index: no promise, no closure per record. */
export type Receipt = {
  /** Called exactly once per record, perhaps before `publish` returns. Must not throw. */
  settled(index: number, outcome: PublishOutcome): void
}

export type Publisher = {
  publish(record: PublishRecord, receipt: Receipt, index: number): void
  /** Records that are not settled yet. */
  readonly pending: number
  /**
   * Partitions for which Kafka says no, for a reason of their own: the topic is missing, or not ours to write. Not those
   * that merely wait for a broker.
   */
  refused(): readonly Refusal[]
  /** Settles what is pending, as far as Kafka lets it before each record's deadline, then disconnects. */
  close(): Promise<void>
}

export type Refusal = {
  readonly topic: string
  readonly partition: number
  readonly reason: ProduceFailure
  readonly detail: string
}

export type PublisherOptions = {
  readonly client: KafkaClient
  /** Most urgent first. The first has a connection of its own; the others share one. */
  readonly lanes: readonly string[]
  /** How long a record may take; then it is `unknown`, or `failed` if it was certainly not stored. Infinity: no limit. */
  readonly deliveryTimeoutMs: number
  /** How long it may take while no broker is reached, less than `deliveryTimeoutMs`; the same without. */
  readonly unreachableTimeoutMs?: number
  /** Of all lanes together, counted until the records settle. The last lane is refused first. Infinity: no limit. */
  readonly maxBufferBytes: number
  readonly metrics: Metrics
  readonly log: Logger
  readonly backoff?: Backoff
  readonly now?: () => number
  readonly random?: () => number
}

/**
 * Publishes by group commit: a lane has at most one produce request in flight, and what arrives meanwhile goes
 * out as the next one. An event alone leaves at once; a flood makes large requests by itself. No linger timer. But for
 * the most urgent lane, a request leaves no sooner than `PACE_MS` after the one before: see decision 2.
 *
 * Order holds per topic-partition, also through failures: a partition whose batch failed leaves the lane's
 * common way and is sent again alone, with what comes after it waiting behind (`detours`), until it went
 * through or its records' time is over. The other partitions of the lane go on. This is why a later record
 * never overtakes an earlier one, and why one missing or oversize topic fails nobody else's records.
 *
 * With `unreachableTimeoutMs`, while Kafka cannot be reached, records wait no longer than that, and of a partition only those
 * that are tried: more for it is refused at once. So an outage is answered, and hoards nothing. Without, it is waited out.
 *
 * Not guaranteed: that a record is stored once. A batch whose outcome was unknown is sent again.
 */
export function createPublisher(options: PublisherOptions): Publisher {
  const { client, lanes, deliveryTimeoutMs, unreachableTimeoutMs, maxBufferBytes, metrics, log } = options
  const now = options.now ?? (() => performance.now())
  const random = options.random ?? Math.random
  const urgent = client.producer({ name: 'urgent' })
  const others = lanes.length > 1 ? client.producer({ name: 'others' }) : urgent
  let bufferedBytes = 0
  let pending = 0
  let closing: (() => void) | undefined
  let closed: Promise<void> | undefined

  const byName = new Map(lanes.map((name, rank) => [name, createLane(name, rank)]))
  const sweep = Number.isFinite(deliveryTimeoutMs)
    ? setInterval(() => byName.forEach(expire), Math.min(100, deliveryTimeoutMs)).unref()
    : undefined

  function createLane(name: string, rank: number): LaneState {
    const buffer = metrics.gauge(PUBLISH_BUFFER_BYTES, { lane: name })
    const lane: LaneState = {
      name,
      producer: rank === 0 ? urgent : others,
      paceMs: rank === 0 ? 0 : PACE_MS,
      flushedAt: Number.NEGATIVE_INFINITY,
      // The least urgent of three lanes is refused at half, the next at three quarters.
      markBytes: maxBufferBytes * (1 - 0.25 * Math.min(rank, 3)),
      queue: [],
      inFlight: [],
      detours: new Map(),
      bytes: 0,
      scheduled: false,
      unreached: false,
      duration: metrics.histogram(PUBLISH_DURATION, { lane: name }),
      flushRecords: metrics.histogram(PUBLISH_FLUSH_RECORDS, { lane: name }),
    }
    metrics.onScrape(() => buffer.set(lane.bytes))
    return lane
  }

  function publish(record: PublishRecord, receipt: Receipt, index: number): void {
    const lane = byName.get(record.lane)
    if (!lane) throw new TypeError(`The publisher has no lane "${record.lane}".`)
    if (
      unreachableTimeoutMs !== undefined &&
      lane.detours.size > 0 &&
      lane.detours.get(placeOf(record))?.unreached
    ) {
      receipt.settled(index, UNREACHABLE)
      return
    }
    const bytes = sizeOf(record)
    if (bufferedBytes + bytes > lane.markBytes) {
      receipt.settled(index, OVERLOADED)
      return
    }
    bufferedBytes += bytes
    lane.bytes += bytes
    pending++
    lane.queue.push({ record, receipt, index, bytes, since: now(), settled: false, perhapsStored: false })
    schedule(lane)
  }

  /** At the end of this turn of the event loop, so that all events of all requests read in it go together. */
  function schedule(lane: LaneState): void {
    if (lane.scheduled || lane.inFlight.length > 0) return
    lane.scheduled = true
    const send = () => {
      lane.scheduled = false
      void flush(lane)
    }
    const waitMs = lane.flushedAt + lane.paceMs - now()
    if (waitMs > 0) setTimeout(send, waitMs)
    else setImmediate(send)
  }

  async function flush(lane: LaneState): Promise<void> {
    const batches = take(lane)
    if (batches.length === 0) return
    lane.inFlight = batches
    lane.flushedAt = now()
    let count = 0
    for (const batch of batches) count += batch.entries.length
    lane.flushRecords.observe(count)
    const outcomes = await lane.producer.produce(batches)
    lane.inFlight = []
    lane.unreached = outcomes.every(isUnreached)
    for (let i = 0; i < batches.length; i++) {
      const batch = batches[i]!
      const outcome = outcomes[i]!
      if (outcome.status === 'stored') settleAll(lane, batch.entries, STORED)
      else void detour(lane, batch, outcome, batches.length > 1)
    }
    if (lane.queue.length > 0) schedule(lane)
  }

  /** Moves the head of the queue into batches, one per partition, until one is full. */
  function take(lane: LaneState): Batch[] {
    const { queue, detours } = lane
    const batches = new Map<string, Batch[]>()
    const list: Batch[] = []
    let requestBytes = 0
    let taken = 0
    for (; taken < queue.length; taken++) {
      const entry = queue[taken]!
      if (entry.settled) continue
      const { topic, partition } = entry.record
      const way = detours.size > 0 ? detours.get(placeOf(entry.record)) : undefined
      if (way) {
        way.waiting.push(entry)
        continue
      }
      let ofTopic = batches.get(topic)
      if (!ofTopic) {
        ofTopic = []
        batches.set(topic, ofTopic)
      }
      let batch = ofTopic[partition]
      if (batch && batch.bytes + entry.bytes > MAX_BATCH_BYTES) break
      if (requestBytes > 0 && requestBytes + entry.bytes > MAX_REQUEST_BYTES) break
      if (!batch) {
        batch = { topic, partition, records: [], entries: [], bytes: 0 }
        ofTopic[partition] = batch
        list.push(batch)
      }
      batch.records.push(entry.record)
      batch.entries.push(entry)
      batch.bytes += entry.bytes
      requestBytes += entry.bytes
    }
    lane.queue = taken === queue.length ? [] : queue.slice(taken)
    return list
  }

  /**
   * A failed batch and everything after it of its partition, alone, until all of it is settled.
   * `inCompany`: the failed request held other batches too, so the failure may be theirs: this batch is tried
   * once by itself before a failure counts.
   */
  async function detour(
    lane: LaneState,
    failed: Batch,
    first: ProduceOutcome,
    inCompany: boolean,
  ): Promise<void> {
    const place = placeOf(failed)
    const { topic, partition } = failed
    const way: Detour = {
      entries: failed.entries,
      waiting: [],
      sending: false,
      unreached: false,
      refusal: undefined,
    }
    lane.detours.set(place, way)
    let outcome = first
    let alone = !inCompany
    let attempt = 1
    while (way.entries.length > 0) {
      way.unreached = isUnreached(outcome)
      way.refusal =
        outcome.status === 'failed' && outcome.reason !== 'unavailable'
          ? { topic, partition, reason: outcome.reason, detail: outcome.detail }
          : undefined
      if (outcome.status === 'stored') {
        settleAll(lane, way.entries, STORED)
        attempt = 0
      } else if (outcome.status === 'failed' && !outcome.retriable && alone) {
        const several = way.entries.length > 1
        dropLate(lane, way)
        if (outcome.reason === 'too-large' && several) halve(way)
        else giveUp(lane, way.entries, outcome)
        attempt = 0
      } else {
        if (outcome.status === 'unknown') for (const entry of way.entries) entry.perhapsStored = true
        dropLate(lane, way)
        metrics.counter(PUBLISH_RESENDS, { lane: lane.name, reason: reasonOf(outcome) }).add(1)
        if (attempt % 20 === 1) {
          log.warn(
            { topic, partition, attempt, reason: outcome.detail },
            'a record batch was not stored; it is sent again',
          )
        }
        if (alone) await delay(backoffMs(attempt, options.backoff ?? BACKOFF, random))
        expire(lane)
      }
      way.entries = way.entries.filter(isOpen)
      if (way.entries.length === 0) advance(way)
      if (way.entries.length === 0) break
      alone = true
      attempt++
      way.sending = true
      outcome = (await lane.producer.produce([toBatch(failed, way.entries)]))[0]!
      way.sending = false
    }
    lane.detours.delete(place)
  }

  /** Settles what has run out of time, wherever it is. A request on its way goes on, but nobody waits for it. */
  function expire(lane: LaneState): void {
    const time = now()
    const late: Entry[] = []
    const collect = (entries: readonly Entry[], sending: boolean, unreached: boolean) => {
      const limitMs = unreached ? (unreachableTimeoutMs ?? deliveryTimeoutMs) : deliveryTimeoutMs
      for (const entry of entries) {
        if (time - entry.since < limitMs) break
        if (entry.settled) continue
        entry.perhapsStored ||= sending
        late.push(entry)
      }
    }
    for (const batch of lane.inFlight) collect(batch.entries, true, lane.unreached)
    for (const way of lane.detours.values()) {
      collect(way.entries, way.sending, way.unreached)
      collect(way.waiting, false, way.unreached)
    }
    collect(lane.queue, false, lane.unreached)
    if (late.length === 0) return
    giveUp(lane, late, EXPIRED)
    // Their bytes no longer count, so they must not stay while Kafka is silent.
    lane.queue = lane.queue.filter(isOpen)
    for (const way of lane.detours.values()) way.waiting = way.waiting.filter(isOpen)
  }

  /** After an attempt that stored nothing: what ran out of time on its way is not sent again. */
  function dropLate(lane: LaneState, way: Detour): void {
    const late = way.entries.filter((entry) => entry.settled)
    if (late.length === 0) return
    for (const entry of followersOf(lane, late)) lose(lane, entry, AFTER_FAILED)
    way.entries = way.entries.filter(isOpen)
  }

  function giveUp(lane: LaneState, entries: readonly Entry[], failure: Failed): void {
    // Found before anybody is told: who is told may publish again at once.
    const followers = followersOf(lane, entries)
    for (const entry of entries) lose(lane, entry, { status: 'failed', ...failure })
    for (const entry of followers) lose(lane, entry, AFTER_FAILED)
  }

  /**
   * Order per key: what follows an event that was not stored, in the same receipt and topic, must not be stored
   * either. What is on its way with it is judged when the answer comes.
   */
  function followersOf(lane: LaneState, lost: readonly Entry[]): Entry[] {
    const keys = new Map<Receipt, Set<string>>()
    for (const { receipt, record } of lost) {
      const ofReceipt = keys.get(receipt)
      if (ofReceipt) ofReceipt.add(keyOf(record))
      else keys.set(receipt, new Set([keyOf(record)]))
    }
    const unsent = [lane.queue]
    for (const way of lane.detours.values()) unsent.push(way.sending ? [] : way.entries, way.waiting)
    const losers = new Set(lost)
    return unsent
      .flat()
      .filter((entry) => !losers.has(entry) && keys.get(entry.receipt)?.has(keyOf(entry.record)))
  }

  function lose(lane: LaneState, entry: Entry, failed: PublishOutcome): void {
    if (entry.settled) return
    const outcome = entry.perhapsStored ? UNCONFIRMED : failed
    metrics.counter(PUBLISH_FAILURES, { lane: lane.name, reason: reasonOf(outcome) }).add(1)
    settle(lane, entry, outcome)
  }

  function settleAll(lane: LaneState, entries: readonly Entry[], outcome: PublishOutcome): void {
    const time = now()
    for (const entry of entries) {
      if (entry.settled) continue
      lane.duration.observe((time - entry.since) / 1000)
      settle(lane, entry, outcome)
    }
  }

  function settle(lane: LaneState, entry: Entry, outcome: PublishOutcome): void {
    entry.settled = true
    lane.bytes -= entry.bytes
    bufferedBytes -= entry.bytes
    pending--
    entry.receipt.settled(entry.index, outcome)
    if (pending === 0) closing?.()
  }

  async function settleAndDisconnect(): Promise<void> {
    if (pending > 0) await new Promise<void>((resolve) => (closing = resolve))
    clearInterval(sweep)
    await Promise.all([urgent.close(), others === urgent ? undefined : others.close()])
  }

  return {
    publish,
    get pending() {
      return pending
    },
    refused: () =>
      [...byName.values()].flatMap(({ detours }) =>
        [...detours.values()].flatMap(({ refusal }) => refusal ?? []),
      ),
    close() {
      closed ??= settleAndDisconnect()
      return closed
    },
  }
}

type LaneState = {
  readonly name: string
  readonly producer: Producer
  readonly paceMs: number
  flushedAt: number
  readonly markBytes: number
  queue: Entry[]
  inFlight: readonly Batch[]
  readonly detours: Map<string, Detour>
  bytes: number
  scheduled: boolean
  /** Whether the last request of the common way reached no broker at all. */
  unreached: boolean
  readonly duration: Histogram
  readonly flushRecords: Histogram
}

type Entry = {
  readonly record: PublishRecord
  readonly receipt: Receipt
  readonly index: number
  readonly bytes: number
  readonly since: number
  settled: boolean
  /** An attempt ended without Kafka saying no: `failed` would be a lie from then on. */
  perhapsStored: boolean
}

type Batch = {
  readonly topic: string
  readonly partition: number
  readonly records: PublishRecord[]
  readonly entries: Entry[]
  bytes: number
}

type Detour = {
  entries: Entry[]
  waiting: Entry[]
  sending: boolean
  /** Whether the last attempt reached no broker. */
  unreached: boolean
  /** What the last attempt said, where that was a no. */
  refusal: Refusal | undefined
}

type Failed = { readonly reason: ProduceFailure; readonly detail: string }

/** Well under the broker's default of 1 MiB a record batch: a client that exceeds it loses the whole batch. */
const MAX_BATCH_BYTES = 900 * 1024
const MAX_REQUEST_BYTES = 8 * 1024 * 1024
/** From one request of a lane to its next, at least; unless it is the most urgent. */
const PACE_MS = 5
const BACKOFF: Backoff = { baseMs: 50, maxMs: 1000 }
/** Lengths and timestamp of one record and names of its headers, generously. */
const RECORD_OVERHEAD_BYTES = 100

const STORED: PublishOutcome = Object.freeze({ status: 'stored' })
const OVERLOADED: PublishOutcome = Object.freeze({ status: 'overloaded' })
const UNCONFIRMED: PublishOutcome = Object.freeze({
  status: 'unknown',
  detail: 'Kafka did not confirm in time.',
})
const AFTER_FAILED: PublishOutcome = Object.freeze({
  status: 'failed',
  reason: 'after-failed',
  detail: 'An earlier event of the same key was not stored.',
})
const EXPIRED: Failed = Object.freeze({
  reason: 'unavailable',
  detail: 'Kafka could not be reached in time.',
})
const UNREACHABLE: PublishOutcome = Object.freeze({
  status: 'failed',
  reason: 'unavailable',
  detail: 'Kafka cannot be reached.',
})

function sizeOf({ key, value, headers }: PublishRecord): number {
  let bytes = lengthOf(key) + lengthOf(value) + RECORD_OVERHEAD_BYTES
  for (const name in headers) {
    const held = headers[name]!
    if (isList(held)) for (const one of held) bytes += lengthOf(one)
    else bytes += lengthOf(held)
  }
  return bytes
}

function isList(held: HeaderValue | readonly HeaderValue[]): held is readonly HeaderValue[] {
  return Array.isArray(held)
}

function lengthOf(part: Uint8Array | string | null): number {
  return part === null ? 0 : typeof part === 'string' ? Buffer.byteLength(part) : part.byteLength
}

function isOpen(entry: Entry): boolean {
  return !entry.settled
}

function isUnreached(outcome: ProduceOutcome): boolean {
  return outcome.status !== 'stored' && outcome.unreached === true
}

/** A key's order is within its topic. */
function keyOf({ topic, key }: PublishRecord): string {
  return `${topic} ${key}`
}

function toBatch({ topic, partition }: Batch, entries: Entry[]): Batch {
  return { topic, partition, records: entries.map((entry) => entry.record), entries, bytes: 0 }
}

/** What waits behind becomes what is tried, as much as one batch may hold. */
function advance(way: Detour): void {
  let bytes = 0
  let count = 0
  const waiting = way.waiting.filter(isOpen)
  while (count < waiting.length && (count === 0 || bytes + waiting[count]!.bytes <= MAX_BATCH_BYTES)) {
    bytes += waiting[count++]!.bytes
  }
  way.entries = waiting.slice(0, count)
  way.waiting = waiting.slice(count)
}

/** Among several, one event may be too large: the others must not fail with it. */
function halve(way: Detour): void {
  const half = Math.ceil(way.entries.length / 2)
  way.waiting = [...way.entries.slice(half), ...way.waiting]
  way.entries = way.entries.slice(0, half)
}

function reasonOf(outcome: ProduceOutcome | PublishOutcome): string {
  return outcome.status === 'failed' ? outcome.reason : outcome.status
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
