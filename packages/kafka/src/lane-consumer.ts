import {
  ASSIGNED_PARTITIONS,
  BUFFER_RECORDS,
  COMMITS,
  LAG_RECORDS,
  LAG_SECONDS,
  LOST_BY_RETENTION,
  type Logger,
  type Metrics,
  REBALANCES,
} from '@sluice/telemetry'
import { KafkaError } from './errors.ts'
import { createFifo, type Fifo } from './fifo.ts'
import { createKeyGate } from './key-gate.ts'
import { createLaneScheduler, type LaneShare } from './lane-scheduler.ts'
import { createOffsetTracker, type OffsetTracker } from './offset-tracker.ts'
import type {
  ConsumerListener,
  IncomingRecord,
  KafkaClient,
  PartitionOffset,
  TopicPartition,
} from './port.ts'
import type { Publisher, PublishOutcome, PublishRecord, Receipt } from './publisher.ts'
import { within } from './within.ts'

export type ConsumedLane = LaneShare & { readonly lane: string; readonly topic: string }

/** What became of a record: what is to be published before its offset may be committed. */
export type Handled = { readonly outputs: readonly PublishRecord[] }

export type LaneConsumerOptions<Result extends Handled> = {
  readonly client: KafkaClient
  readonly publisher: Publisher
  readonly group: string
  /** The event type, as a metric label. */
  readonly type: string
  /** Most urgent first. */
  readonly lanes: readonly ConsumedLane[]
  /**
   * Handlers that may run at a time; one that answers at once does not count. An eighth of it is kept from each
   * lane for those more urgent, as far as every lane has one.
   */
  readonly concurrency: number
  readonly sessionTimeoutMs: number
  readonly commitIntervalMs: number
  /**
   * Handles one record. Failures are its own to deal with: throwing or rejecting is a bug and ends the process.
   * `undefined` gives the record back unfinished, to be read again after a restart: only while stopping.
   */
  handle(record: IncomingRecord, lane: string): Result | Promise<Result | undefined>
  /**
   * What to publish instead when one of a record's outputs was not stored. When that is not stored either, the
   * process ends. So the publisher must have no limits: what it gives up is then what Kafka will never take.
   */
  undeliverable(record: IncomingRecord, lane: string, detail: string): Result
  /** The result's outputs are stored and the record's offset may be committed. */
  finished(lane: string, result: Result): void
  /** The consumer is beyond repair; the process must end. */
  crashed(error: Error): void
  readonly metrics: Metrics
  readonly log: Logger
  readonly now?: () => number
}

export type LaneConsumer = {
  start(): Promise<void>
  /**
   * Takes no new record, waits for those in hand until `graceMs` is over, commits what is finished and leaves
   * the group. What was fetched and not taken is read again by whoever comes next. Resolves to how many records
   * were still in hand, which are read again too.
   */
  stop(graceMs: number): Promise<number>
  /** Partitions that this member owns now; `undefined` before the first assignment. */
  assigned(): number | undefined
}

/**
 * Reads all lanes of a type as one member of one group. A record's way: fetched → ready (a queue per lane) →
 * picked by weight → handled → outputs published → finished → committed.
 *
 * Fetching never waits for handling: a partition whose unfinished records reach the high mark is paused, and
 * resumed at the low one. One key runs one at a time, across lanes; its next record starts when the one before
 * has handed its outputs to the publisher, which keeps the order of each partition. Committed is the lowest
 * unfinished offset. An assignment begins a new epoch: what belongs to an old one finishes without effect on
 * offsets, and is read again by the partition's new owner.
 *
 * Not guaranteed: that a record is handled once. What was finished and not yet committed when a process dies is
 * handled again.
 */
export function createLaneConsumer<Result extends Handled>(
  options: LaneConsumerOptions<Result>,
): LaneConsumer {
  const { client, publisher, group, type, lanes, concurrency, metrics, log } = options
  const now = options.now ?? (() => performance.now())
  const consumer = client.consumer({
    group,
    topics: lanes.map((lane) => lane.topic),
    sessionTimeoutMs: options.sessionTimeoutMs,
  })
  const laneOfTopic = new Map(lanes.map((lane, index) => [lane.topic, index]))
  const scheduler = createLaneScheduler(lanes)
  const gate = createKeyGate<Delivery<Result>>()
  const ready: Fifo<Delivery<Result>>[] = lanes.map(() => createFifo())
  const slots = lanes.map((_, lane) => Math.max(1, Math.floor(concurrency * (1 - 0.125 * Math.min(lane, 6)))))
  /** Handlers that run, of each lane and those less urgent. */
  const running = lanes.map(() => 0)
  /** What the scheduler sees: a lane without a free slot has nothing to serve. */
  const servable = ready.map((queue, lane) => ({
    get length() {
      return hasSlot(lane) ? queue.length : 0
    },
  }))
  const commits = {
    ok: metrics.counter(COMMITS, { outcome: 'ok' }),
    failed: metrics.counter(COMMITS, { outcome: 'failed' }),
  }
  const rebalances = metrics.counter(REBALANCES, {})

  let partitions = new Map<string, Partition<Result>>()
  let epoch: number | undefined
  let inHand = 0
  let sequence = 0
  let stopping = false
  let pumpScheduled = false
  let drained: (() => void) | undefined
  let committing: Promise<void> | undefined
  let commitTimer: NodeJS.Timeout | undefined

  const listener: ConsumerListener = {
    assigned(owned, newEpoch) {
      abandon()
      epoch = newEpoch
      rebalances.add(1)
      for (const { topic, partition } of owned) {
        const lane = laneOfTopic.get(topic)
        if (lane === undefined) continue
        partitions.set(`${topic}/${partition}`, {
          topic,
          partition,
          lane,
          tracker: createOffsetTracker(),
          live: true,
          paused: false,
          committed: -1,
          highWatermark: -1,
        })
      }
      log.info({ group, epoch: newEpoch, partitions: owned.length }, 'partitions were assigned')
    },
    revoked: abandon,
    records(at, records, end, highWatermark) {
      const partition = partitions.get(`${at.topic}/${at.partition}`)
      if (!partition || stopping) return
      accept(partition, records, end, highWatermark)
    },
    crashed: options.crashed,
  }

  /** Ends the epoch: nothing of it is picked or committed any more. */
  function abandon(): void {
    for (const partition of partitions.values()) partition.live = false
    partitions = new Map()
    for (const queue of ready) queue.clear()
    gate.clearParked()
  }

  function accept(
    partition: Partition<Result>,
    records: readonly IncomingRecord[],
    end: number,
    highWatermark: number,
  ): void {
    const { tracker, lane } = partition
    partition.highWatermark = highWatermark
    const expected = tracker.end
    const first = records[0]
    if (first && expected >= 0 && first.offset > expected) {
      metrics.counter(LOST_BY_RETENTION, { topic: partition.topic }).add(first.offset - expected)
      log.error(
        { topic: partition.topic, partition: partition.partition, from: expected, to: first.offset },
        'the log no longer had records that were not read',
      )
    }
    for (const record of records) {
      // After a pause the client may bring what it had already brought.
      if (record.offset < expected) continue
      const delivery = new Delivery<Result>(record, partition, sequence++, settleOutput)
      tracker.add(delivery)
      ready[lane]!.push(delivery)
    }
    tracker.advance(end)
    if (
      !partition.paused &&
      (tracker.unfinished >= HIGH_MARK_RECORDS || tracker.unfinishedBytes >= HIGH_MARK_BYTES)
    ) {
      partition.paused = true
      consumer.pause([partition])
    }
    schedulePump()
  }

  function schedulePump(): void {
    if (pumpScheduled || stopping) return
    pumpScheduled = true
    setImmediate(pump)
  }

  /** Takes records while there is room, but gives way to I/O after a few milliseconds. */
  function pump(): void {
    pumpScheduled = false
    let time = now()
    const until = time + PUMP_MS
    while (!stopping && hasSlot(0)) {
      const lane = scheduler.pick(servable, time)
      if (lane === -1) return
      const delivery = ready[lane]!.shift()!
      if (gate.enter(delivery)) run(delivery)
      time = now()
      if (time >= until) {
        schedulePump()
        return
      }
    }
  }

  /** However slow the handlers of a lane, those more urgent find a slot. */
  function hasSlot(lane: number): boolean {
    for (let rank = 0; rank <= lane; rank++) if (running[rank]! >= slots[rank]!) return false
    return true
  }

  function run(delivery: Delivery<Result>): void {
    inHand++
    let result: Result | Promise<Result | undefined>
    try {
      result = options.handle(delivery.record, lanes[delivery.lane]!.lane)
    } catch (error) {
      crash(error as Error)
      return
    }
    if (!(result instanceof Promise)) {
      publish(delivery, result)
      if (gate.parked > 0) letNextIn(delivery)
      return
    }
    for (let rank = 0; rank <= delivery.lane; rank++) running[rank]!++
    gate.hold(delivery)
    result.then((late) => {
      for (let rank = 0; rank <= delivery.lane; rank++) running[rank]!--
      if (late) publish(delivery, late)
      else putDown()
      letNextIn(delivery)
      schedulePump()
    }, crash)
  }

  /** Its record stays unfinished, and is read again by whoever comes next. */
  function crash(error: Error): void {
    options.crashed(error)
    putDown()
  }

  function letNextIn(delivery: Delivery<Result>): void {
    const next = gate.leave(delivery)
    if (next?.partition.live) ready[next.partition.lane]!.pushFront(next)
  }

  function publish(delivery: Delivery<Result>, result: Result): void {
    const { outputs } = result
    delivery.result = result
    if (outputs.length === 0) {
      finish(delivery)
      return
    }
    delivery.unsettled = outputs.length
    for (let index = 0; index < outputs.length; index++) publisher.publish(outputs[index]!, delivery, index)
  }

  function settleOutput(delivery: Delivery<Result>, outcome: PublishOutcome): void {
    if (outcome.status !== 'stored') delivery.failure = 'detail' in outcome ? outcome.detail : outcome.status
    if (--delivery.unsettled > 0) return
    const { failure } = delivery
    if (failure === undefined) {
      finish(delivery)
      return
    }
    const { record } = delivery
    if (delivery.undeliverable) {
      // Once more would fail once more, for ever and without a pause.
      const place = `${record.topic} ${record.partition}, offset ${record.offset}`
      const message = `Neither the outputs of ${place} nor its dead letter could be stored: ${failure}`
      crash(new KafkaError('consumer-crashed', message))
      return
    }
    delivery.failure = undefined
    delivery.undeliverable = true
    publish(delivery, options.undeliverable(record, lanes[delivery.lane]!.lane, failure))
  }

  function finish(delivery: Delivery<Result>): void {
    const { partition } = delivery
    const { tracker } = partition
    tracker.finish(delivery)
    options.finished(lanes[partition.lane]!.lane, delivery.result!)
    if (
      partition.paused &&
      partition.live &&
      !stopping &&
      tracker.unfinished <= HIGH_MARK_RECORDS / 2 &&
      tracker.unfinishedBytes <= HIGH_MARK_BYTES / 2
    ) {
      partition.paused = false
      consumer.resume([partition])
    }
    putDown()
  }

  function putDown(): void {
    inHand--
    if (inHand === 0) drained?.()
  }

  /** Commits what has become committable. One at a time; a failure is tried again at the next interval. */
  function commit(): Promise<void> {
    committing ??= commitOnce().finally(() => {
      committing = undefined
    })
    return committing
  }

  async function commitOnce(): Promise<void> {
    const owners: Partition<Result>[] = []
    const due: PartitionOffset[] = []
    for (const owner of partitions.values()) {
      const { topic, partition, tracker, committed } = owner
      const offset = tracker.committable()
      if (offset <= committed) continue
      owners.push(owner)
      due.push({ topic, partition, offset })
    }
    if (due.length === 0) return
    try {
      await consumer.commit(due)
      commits.ok.add(1)
      owners.forEach((owner, index) => {
        owner.committed = due[index]!.offset
      })
    } catch (error) {
      commits.failed.add(1)
      log.warn({ err: error }, 'offsets could not be committed; tried again shortly')
    }
  }

  metrics.onScrape(() => {
    const wallClock = Date.now()
    lanes.forEach(({ lane }, index) => {
      const owned = [...partitions.values()].filter((partition) => partition.lane === index)
      const labels = { type, lane }
      const lag = owned.map(({ tracker, highWatermark }) =>
        Math.max(0, highWatermark - tracker.committable()),
      )
      const oldest = owned.map(({ tracker }) => tracker.oldest()?.record.timestamp ?? wallClock)
      metrics.gauge(LAG_RECORDS, labels).set(sum(lag))
      metrics.gauge(LAG_SECONDS, labels).set((wallClock - Math.min(wallClock, ...oldest)) / 1000)
      metrics.gauge(BUFFER_RECORDS, labels).set(sum(owned.map(({ tracker }) => tracker.unfinished)))
      metrics.gauge(ASSIGNED_PARTITIONS, labels).set(owned.length)
    })
  })

  return {
    async start() {
      commitTimer = setInterval(() => void commit(), options.commitIntervalMs)
      await consumer.start(listener)
    },
    async stop(graceMs) {
      stopping = true
      clearInterval(commitTimer)
      consumer.pause([...partitions.values()])
      const begun = now()
      if (inHand > 0) {
        await within(graceMs, new Promise<void>((resolve) => (drained = resolve)))
      }
      const left = () => Math.max(MIN_CLOSE_MS, graceMs - (now() - begun))
      await within(left(), commit().then(commit))
      await consumer.close(left())
      return inHand
    },
    assigned: () => (epoch === undefined ? undefined : partitions.size),
  }
}

type Partition<Result> = TopicPartition & {
  readonly lane: number
  readonly tracker: OffsetTracker<Delivery<Result>>
  /** False when the epoch that gave it has ended. */
  live: boolean
  paused: boolean
  committed: number
  highWatermark: number
}

/** A record on its way through this process, and the receipt of its outputs. */
class Delivery<Result> implements Receipt {
  readonly record: IncomingRecord
  readonly partition: Partition<Result>
  readonly sequence: number
  readonly lane: number
  readonly offset: number
  readonly bytes: number
  readonly #settle: (delivery: Delivery<Result>, outcome: PublishOutcome) => void
  finished = false
  unsettled = 0
  result: Result | undefined
  failure: string | undefined
  /** What is published now stands for outputs that could not be stored. */
  undeliverable = false

  constructor(
    record: IncomingRecord,
    partition: Partition<Result>,
    sequence: number,
    settle: (delivery: Delivery<Result>, outcome: PublishOutcome) => void,
  ) {
    this.record = record
    this.partition = partition
    this.sequence = sequence
    this.lane = partition.lane
    this.offset = record.offset
    this.bytes = record.bytes
    this.#settle = settle
  }

  /** A record without a key keeps the order of its partition. Read only while a handler keeps others waiting. */
  get key(): string {
    const { key, partition } = this.record
    return key === null ? `\n${partition}` : key.toString()
  }

  settled(_index: number, outcome: PublishOutcome): void {
    this.#settle(this, outcome)
  }
}

/** Per partition, so that a backlog costs bounded memory and a busy lane always has records at hand. */
const HIGH_MARK_RECORDS = 4000
const HIGH_MARK_BYTES = 4 * 1024 * 1024
const PUMP_MS = 4
const MIN_CLOSE_MS = 500

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
