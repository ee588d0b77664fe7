import {
  ASSIGNED_PARTITIONS,
  BUFFER_RECORDS,
  COMMITS,
  HELD_OFFSETS,
  LAG_RECORDS,
  LAG_SECONDS,
  LANE_SERVED,
  LANE_SHARE,
  LANE_UNSERVED_SECONDS,
  LOST_BY_RETENTION,
  type Logger,
  type Metrics,
  REBALANCES,
  STUCK_PUBLISHES,
  STUCK_RECORDS,
  WINDOW_IDENTITIES,
  WINDOW_REBUILD_DURATION,
  WINDOW_REBUILD_RECORDS,
} from '@sluice/telemetry'
import { isHeld, isOver, isUnder, type Load } from './brake.ts'
import { createDueQueue, type DueQueue } from './due-queue.ts'
import { createFifo, type Fifo } from './fifo.ts'
import { createHandledWindow, HANDLED, type HandledWindow } from './handled-window.ts'
import { createKeyGate } from './key-gate.ts'
import { createLaneScheduler, type LaneShare } from './lane-scheduler.ts'
import { createOffsetTracker, type OffsetTracker } from './offset-tracker.ts'
import { placeOf } from './partition.ts'
import type {
  AssignedPartition,
  ConsumerListener,
  IncomingRecord,
  KafkaClient,
  PartitionOffset,
  TopicPartition,
} from './port.ts'
import type { Publisher, PublishOutcome, PublishRecord, Receipt } from './publisher.ts'
import { createRefusedOutputs, detailOf } from './refused-outputs.ts'
import { boundaryOf, createWindowRebuild, type WindowRebuild } from './window-rebuild.ts'
import { within } from './within.ts'

export type ConsumedLane = LaneShare & { readonly lane: string; readonly topic: string }

/** A topic of records that are to be handled again, all after the same delay. */
export type RetryTopic = {
  readonly topic: string
  /** As a metric label, beside the lanes. */
  readonly name: string
  readonly delayMs: number
}

/** Whether a record may be taken now; one that says no says when to ask again, by `LaneConsumer.wake`. */
export type Admission = {
  /** False: `admit` must be asked. */
  readonly closed: boolean
  admit(): boolean
  /** What was admitted is not handled after all. */
  withdraw(): void
}

/** What became of a record: what is to be published before its offset may be committed. */
export type Handled = {
  readonly outputs: readonly PublishRecord[]
  /** Says how the record ended, so it follows when the outputs are stored. */
  readonly account?: PublishRecord | undefined
}

/** An output that was not stored, and what Kafka said. */
export type Undelivered = { readonly output: PublishRecord; readonly detail: string }

/** How the handling of a record asks whether its event was handled before. */
export type Claim = {
  /**
   * To be called at most once, before anything is done that must not be done twice.
   * @param identity the same for every record of one event, and for no other
   * @returns false: it is this record's to handle. True: it was handled, and is not to be handled again. A promise:
   * another record of it is being handled; resolves to true when it was, and to false when this record is to be given
   * back unfinished.
   */
  claim(identity: string): boolean | Promise<boolean>
}

export type LaneConsumerOptions<Result extends Handled> = {
  readonly client: KafkaClient
  readonly publisher: Publisher
  readonly group: string
  /** The event type, as a metric label. */
  readonly type: string
  /** Most urgent first. */
  readonly lanes: readonly ConsumedLane[]
  /** Topics with as many partitions as the lanes. When their records are due they stand in line with their lane's. */
  readonly retries: readonly RetryTopic[]
  /** The lane of a record of a retry topic. */
  laneOf(record: IncomingRecord): string
  readonly admission: Admission
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
  handle(record: IncomingRecord, lane: string, claim: Claim): Result | Promise<Result | undefined>
  /** How many handled identities are remembered for each partition number; 0: none, repeats are handled again. */
  readonly windowSize: number
  /**
   * What `handle` would claim for a record that was handled before the last commit. Undefined where it would claim
   * nothing. Called for each record that the window is rebuilt from, so it should be cheap.
   */
  identify(record: IncomingRecord): string | undefined
  /**
   * What to publish instead when some of a record's outputs were not stored; the same result, when nothing can stand for
   * them. Then, and when what stands for them is not stored either, what is missing is tried again, with growing waits,
   * until it is stored; the offset stays. See RefusedOutputs. The publisher must have no limits: what it gives up is then
   * what Kafka will never take as things are.
   */
  undeliverable(
    record: IncomingRecord,
    lane: string,
    undelivered: readonly Undelivered[],
    result: Result,
  ): Result
  /** The result's outputs are stored and the record's offset may be committed. */
  finished(lane: string, result: Result): void
  /** The consumer is beyond repair; the process must end. */
  crashed(error: Error): void
  readonly metrics: Metrics
  readonly log: Logger
  readonly now?: () => number
  /** Milliseconds since the epoch, which the timestamps of records are compared with. */
  readonly wallClock?: () => number
}

export type LaneConsumer = {
  start(): Promise<void>
  /**
   * Takes no new record but those of earlier offsets than one that was taken, which wait for their key; waits for what is
   * in hand until `graceMs` is over, commits what is finished and leaves the group. What was fetched and not taken is read again by whoever comes next. Resolves to how many records
   * were still in hand, which are read again too.
   */
  stop(graceMs: number): Promise<number>
  /**
   * Partitions that this member owns now, and how many milliseconds it has waited for the group to deal them anew: 0
   * while what it dealt last holds, Infinity before it has dealt any.
   */
  assignment(): { readonly partitions: number; readonly waitingMs: number }
  /** Records whose outputs, or what stands for them, Kafka does not take; and what it said last. */
  stuck(): { readonly records: number; readonly detail: string }
  /** The admission may say yes again. */
  wake(): void
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
 * What was handled is remembered by partition number, for all lanes together: see HandledWindow. A number that this
 * member gets is rebuilt from the log before its first record runs; what it gets again right away it still knows,
 * together with what finished meanwhile, and reads only what somebody else has added. So a record that was finished
 * and not committed when its partition went and came back is not handled again, and one that is still being handled
 * is waited for.
 *
 * Not guaranteed: that a record is handled once. What was finished and not yet committed when a process dies is
 * handled again, and so is a repeat that comes after more than `windowSize` others.
 */
export function createLaneConsumer<Result extends Handled>(
  options: LaneConsumerOptions<Result>,
): LaneConsumer {
  const { client, publisher, group, type, lanes, concurrency, windowSize, metrics, log } = options
  const now = options.now ?? (() => performance.now())
  const wallClock = options.wallClock ?? Date.now
  const consumer = client.consumer({
    group,
    topics: [...lanes, ...options.retries].map(({ topic }) => topic),
    sessionTimeoutMs: options.sessionTimeoutMs,
  })
  const laneOfTopic = new Map(lanes.map((lane, index) => [lane.topic, index]))
  const laneOfName = new Map(lanes.map(({ lane }, index) => [lane, index]))
  const retryOfTopic = new Map(options.retries.map((retry) => [retry.topic, retry]))
  const laneMeters = lanes.map(({ lane, weight }) => ({
    served: metrics.counter(LANE_SERVED, { type, lane }),
    unserved: metrics.gauge(LANE_UNSERVED_SECONDS, { type, lane }),
    share: metrics.gauge(LANE_SHARE, { type, lane }),
    weight,
    /** When it was served last, or got work after it had none. */
    since: 0,
  }))
  const stuckCounter = metrics.counter(STUCK_PUBLISHES, { type })
  const refusedOutputs = createRefusedOutputs<Delivery<Result>>({
    publisher,
    refused({ topic, partition }, tries, detail) {
      stuckCounter.add(1)
      stuckDetail = detail
      if (tries % 10 !== 1) return
      log.error(
        { topic, partition, detail, tries },
        'Kafka does not take what follows from a record, and nothing can stand for it; tried again, nothing is committed beyond it',
      )
    },
    left: giveBack,
  })
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
  const rebuilds = metrics.histogram(WINDOW_REBUILD_DURATION, { type })
  const rebuiltRecords = metrics.counter(WINDOW_REBUILD_RECORDS, { type })

  let partitions = new Map<string, Partition<Result>>()
  let numbers = new Map<number, PartitionNumber<Result>>()
  /** When the group took back what it had dealt; Infinity: it has not. */
  let revokedAt = Number.NEGATIVE_INFINITY
  let inHand = 0
  let sequence = 0
  let stopping = false
  let pumpScheduled = false
  let drained: (() => void) | undefined
  let committing: Promise<void> | undefined
  let commitTimer: NodeJS.Timeout | undefined
  let stuckDetail = ''

  const listener: ConsumerListener = {
    assigned(owned, newEpoch) {
      abandon()
      revokedAt = Number.POSITIVE_INFINITY
      rebalances.add(1)
      const before = numbers
      numbers = new Map()
      for (const at of owned) take(at, before)
      log.info({ group, epoch: newEpoch, partitions: owned.length }, 'partitions were assigned')
    },
    revoked() {
      abandon()
      if (revokedAt === Number.POSITIVE_INFINITY) revokedAt = now()
    },
    records(at, records, end, highWatermark) {
      const partition = partitions.get(placeOf(at))
      if (!partition || stopping) return
      partition.highWatermark = highWatermark
      const { number } = partition
      if (!number.rebuild.open) accept(partition, records, end)
      else {
        accept(partition, number.rebuild.take(at.topic, records, end), end)
        if (!number.rebuild.open) endRebuild(number)
      }
    },
    crashed: options.crashed,
  }

  /** Ends the epoch: nothing of it is picked or committed any more. */
  function abandon(): void {
    for (const partition of partitions.values()) {
      partition.live = false
      partition.waiting?.clear()
    }
    for (const number of numbers.values()) number.held = []
    partitions = new Map()
    for (const queue of ready) queue.clear()
    gate.clearParked()
  }

  function take(at: AssignedPartition, before: ReadonlyMap<number, PartitionNumber<Result>>): void {
    const { topic, partition } = at
    const retry = retryOfTopic.get(topic)
    const lane = laneOfTopic.get(topic) ?? NO_LANE
    if (lane === NO_LANE && !retry) return
    let number = numbers.get(partition)
    if (!number) {
      number = openNumber(before.get(partition))
      numbers.set(partition, number)
    }
    const start = boundaryOf(at)
    partitions.set(placeOf(at), {
      topic,
      partition,
      lane,
      number,
      tracker: createOffsetTracker(),
      limits: retry ? RETRY_LIMITS : LIMITS,
      waiting: retry && createDueQueue({ delayMs: retry.delayMs, now: wallClock, release: releaseRetried }),
      start,
      taken: -1,
      live: true,
      paused: false,
      heldSince: undefined,
      committed: -1,
      highWatermark: at.high,
    })
    if (at.committed >= 0 && at.committed < at.low) countLost(at, at.committed, at.low)
    if (at.committed > at.high) {
      log.error(
        { topic, partition, committed: at.committed, end: at.high },
        'the log ends before what was committed',
      )
    }
    const reads = at.committed >= 0 && windowSize > 0
    const position = reads ? number.rebuild.begin(at, number.known.get(topic)) : start
    if (at.committed >= 0 && position !== at.committed) consumer.seek({ topic, partition, offset: position })
    if (position === start) number.known.set(topic, start)
  }

  /** @param before what this member knows of it from an epoch that has just ended */
  function openNumber(before: PartitionNumber<Result> | undefined): PartitionNumber<Result> {
    const window = before?.window ?? createHandledWindow(windowSize)
    return {
      window,
      known: before?.known ?? new Map(),
      rebuild: createWindowRebuild({ limit: windowSize, identify: options.identify, settle: window.settle }),
      begun: now(),
      held: [],
    }
  }

  /** All of its topics are read up to what was committed: what came after that may run. */
  function endRebuild(number: PartitionNumber<Result>): void {
    const { rebuild, window, held } = number
    const seconds = (now() - number.begun) / 1000
    for (const { number: own, topic, start } of partitions.values())
      if (own === number) number.known.set(topic, start)
    rebuilds.observe(seconds)
    rebuiltRecords.add(rebuild.records)
    log.info({ group, records: rebuild.records, identities: window.size, seconds }, 'the window was rebuilt')
    number.held = []
    for (const delivery of held) place(delivery)
    schedulePump()
  }

  /** In line with its lane, or first to wait until it is due. */
  function place(delivery: Delivery<Result>): void {
    const { waiting } = delivery.partition
    if (waiting) waiting.push(delivery, delivery.record.timestamp)
    else enqueue(delivery)
  }

  function releaseRetried(delivery: Delivery<Result>): void {
    delivery.lane = laneOfName.get(options.laneOf(delivery.record)) ?? lanes.length - 1
    enqueue(delivery)
    schedulePump()
  }

  function enqueue(delivery: Delivery<Result>): void {
    const { lane } = delivery
    // What waited comes after all that came meanwhile.
    delivery.sequence = sequence++
    if (ready[lane]!.length === 0) laneMeters[lane]!.since = now()
    ready[lane]!.push(delivery)
  }

  function countLost({ topic, partition }: TopicPartition, from: number, to: number): void {
    metrics.counter(LOST_BY_RETENTION, { topic }).add(to - from)
    log.error({ topic, partition, from, to }, 'the log no longer had records that were not read')
  }

  function accept(partition: Partition<Result>, records: readonly IncomingRecord[], end: number): void {
    const { tracker, start, number } = partition
    if (end < start) return
    const expected = tracker.end
    const first = records[0]
    if (first && expected >= 0 && first.offset > expected) countLost(partition, expected, first.offset)
    for (const record of records) {
      // After a pause the client may bring what it had already brought.
      if (record.offset < expected || record.offset < start) continue
      const delivery = new Delivery<Result>(record, partition, settleOutput)
      tracker.add(delivery)
      if (number.rebuild.open) number.held.push(delivery)
      else place(delivery)
    }
    tracker.advance(end)
    if (!partition.paused && isOver(tracker, partition.limits)) {
      partition.paused = true
      consumer.pause([partition])
    }
    schedulePump()
  }

  function schedulePump(): void {
    if (pumpScheduled) return
    pumpScheduled = true
    setImmediate(pump)
  }

  /** Takes records while there is room, but gives way to I/O after a few milliseconds. */
  function pump(): void {
    pumpScheduled = false
    let time = now()
    const until = time + PUMP_MS
    while (hasSlot(0)) {
      if (!options.admission.closed && !mayTake()) {
        if (stopping) putBackAll()
        return
      }
      const lane = scheduler.pick(servable, time)
      if (lane === -1) return
      const delivery = ready[lane]!.shift()!
      const meter = laneMeters[lane]!
      meter.served.add(1)
      meter.since = time
      if (gate.enter(delivery)) run(delivery)
      else if (!options.admission.closed) options.admission.withdraw()
      time = now()
      if (time >= until) {
        schedulePump()
        return
      }
    }
  }

  /** Asked only for a record that is there: one may be all that is admitted. */
  function mayTake(): boolean {
    return servable.some(({ length }) => length > 0) && options.admission.admit()
  }

  /** However slow the handlers of a lane, those more urgent find a slot. */
  function hasSlot(lane: number): boolean {
    for (let rank = 0; rank <= lane; rank++) if (running[rank]! >= slots[rank]!) return false
    return true
  }

  function run(delivery: Delivery<Result>): void {
    inHand++
    const { partition, offset } = delivery
    if (offset > partition.taken) partition.taken = offset
    let result: Result | Promise<Result | undefined>
    try {
      result = options.handle(delivery.record, lanes[delivery.lane]!.lane, delivery)
    } catch (error) {
      crash(error as Error)
      return
    }
    if (!(result instanceof Promise)) {
      if (gate.parked > 0) letNextIn(delivery)
      publish(delivery, result)
      return
    }
    for (let rank = 0; rank <= delivery.lane; rank++) running[rank]!++
    gate.hold(delivery)
    result.then((late) => {
      for (let rank = 0; rank <= delivery.lane; rank++) running[rank]!--
      if (late) {
        letNextIn(delivery)
        publish(delivery, late)
      } else giveBack(delivery)
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
    if (next?.partition.live && (!stopping || isBehindTaken(next))) ready[next.lane]!.pushFront(next)
  }

  function publish(delivery: Delivery<Result>, result: Result): void {
    delivery.result = result
    if (result.outputs.length === 0) outputsStored(delivery)
    else send(delivery, result.outputs)
  }

  function send(delivery: Delivery<Result>, outputs: readonly PublishRecord[]): void {
    delivery.outgoing = outputs
    delivery.unsettled = outputs.length
    for (let index = 0; index < outputs.length; index++) {
      const output = outputs[index]!
      if (refusedOutputs.length > 0 && refusedOutputs.holds(output))
        refusedOutputs.add(delivery, index, output)
      else publisher.publish(output, delivery, index)
    }
  }

  function settleOutput(delivery: Delivery<Result>, index: number, outcome: PublishOutcome): void {
    if (outcome.status !== 'stored') {
      delivery.refused ??= []
      delivery.refused.push({ index, outcome })
    }
    if (--delivery.unsettled > 0) return
    if (delivery.refused === undefined) outputsStored(delivery)
    else outputsRefused(delivery, delivery.refused)
  }

  function outputsStored(delivery: Delivery<Result>): void {
    const { account } = delivery.result!
    if (account === undefined || delivery.accounted) {
      finish(delivery)
      return
    }
    delivery.accounted = true
    delivery.replaceable = false
    send(delivery, [account])
  }

  function outputsRefused(delivery: Delivery<Result>, refused: readonly Refused[]): void {
    const { record, outgoing } = delivery
    delivery.refused = undefined
    if (delivery.replaceable) {
      delivery.replaceable = false
      const lane = lanes[delivery.lane]!.lane
      const undelivered = refused.map(({ index, outcome }) => ({
        output: outgoing[index]!,
        detail: detailOf(outcome),
      }))
      const instead = options.undeliverable(record, lane, undelivered, delivery.result!)
      if (instead !== delivery.result) {
        publish(delivery, instead)
        return
      }
    }
    // Only what is missing: the rest is stored. Its offset stays, and so do those behind it; what comes after it goes on,
    // also of its key, until the brake stops the partition.
    delivery.unsettled = refused.length
    for (const { index, outcome } of refused.toSorted((one, other) => one.index - other.index)) {
      refusedOutputs.add(delivery, index, outgoing[index]!, outcome)
    }
  }

  /** Its record stays unfinished, and is read again by whoever comes next. So is what waits for its key. */
  function giveBack(delivery: Delivery<Result>): void {
    delivery.release()
    putDown()
  }

  function finish(delivery: Delivery<Result>): void {
    const { partition } = delivery
    const { tracker, limits } = partition
    tracker.finish(delivery)
    delivery.settle()
    options.finished(lanes[delivery.lane]!.lane, delivery.result!)
    if (partition.paused && partition.live && !stopping && isUnder(tracker, limits)) {
      partition.paused = false
      partition.heldSince = undefined
      consumer.resume([partition])
    }
    putDown()
  }

  function putDown(): void {
    inHand--
    tellIfDrained()
  }

  function tellIfDrained(): void {
    if (inHand === 0 && ready.every(({ length }) => length === 0)) drained?.()
  }

  /**
   * What comes before a record that was taken waits for its key, and is still taken: else what is finished would not be
   * committed, and be handled again. Everything else is not.
   */
  function putBackUntaken(): void {
    for (const queue of ready) {
      for (let left = queue.length; left > 0; left--) {
        const delivery = queue.shift()!
        if (isBehindTaken(delivery)) queue.push(delivery)
      }
    }
  }

  function isBehindTaken({ partition, offset }: Delivery<Result>): boolean {
    return partition.live && offset < partition.taken
  }

  function putBackAll(): void {
    for (const queue of ready) queue.clear()
    tellIfDrained()
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
      tellWhatHolds(owner)
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
        const { offset } = due[index]!
        owner.committed = offset
        owner.number.known.set(owner.topic, offset)
      })
    } catch (error) {
      commits.failed.add(1)
      log.warn({ err: error }, 'offsets could not be committed; tried again shortly')
    }
  }

  /** Once a minute, while the brake stops a partition. */
  function tellWhatHolds(owner: Partition<Result>): void {
    const { topic, partition, tracker, limits, paused } = owner
    if (!paused || !isHeld(tracker, limits)) return
    const time = now()
    if (owner.heldSince !== undefined && time - owner.heldSince < TELL_EVERY_MS) return
    owner.heldSince = time
    const oldest = tracker.oldest()
    log.warn(
      {
        topic,
        partition,
        offset: oldest?.offset,
        event: oldest?.identity?.split('\n'),
        ageSeconds: oldest && (wallClock() - oldest.record.timestamp) / 1000,
        held: tracker.held,
      },
      'one record holds back what came after it; nothing more of its partition is taken',
    )
  }

  metrics.onScrape(() => {
    const wallTime = wallClock()
    const time = now()
    for (const { topic, partition, tracker, limits, paused } of partitions.values()) {
      const held = paused && isHeld(tracker, limits) ? tracker.held : 0
      metrics.gauge(HELD_OFFSETS, { topic, partition: String(partition) }).set(held)
    }
    const weights = sum(laneMeters.map(({ weight }) => weight))
    laneMeters.forEach(({ unserved, share, weight, since }, lane) => {
      unserved.set(ready[lane]!.length === 0 ? 0 : (time - since) / 1000)
      share.set(weight / weights)
    })
    metrics.gauge(STUCK_RECORDS, { type }).set(refusedOutputs.length)
    metrics
      .gauge(WINDOW_IDENTITIES, { type })
      .set(sum([...numbers.values()].map(({ window }) => window.size)))
    const ways = [
      ...lanes.map(({ lane, topic }) => ({ lane, topic, delayMs: 0 })),
      ...options.retries.map(({ name, topic, delayMs }) => ({ lane: name, topic, delayMs })),
    ]
    for (const { lane, topic, delayMs } of ways) {
      const owned = [...partitions.values()].filter((partition) => partition.topic === topic)
      const labels = { type, lane }
      const lag = owned.map(({ tracker, start, highWatermark }) =>
        // Before the first record of a partition its tracker knows nothing.
        Math.max(0, highWatermark - Math.max(start, tracker.committable())),
      )
      // What waits as planned is not late.
      const due = owned.map(({ tracker }) => (tracker.oldest()?.record.timestamp ?? wallTime) + delayMs)
      metrics.gauge(LAG_RECORDS, labels).set(sum(lag))
      metrics.gauge(LAG_SECONDS, labels).set((wallTime - Math.min(wallTime, ...due)) / 1000)
      metrics.gauge(BUFFER_RECORDS, labels).set(sum(owned.map(({ tracker }) => tracker.unfinished)))
      metrics.gauge(ASSIGNED_PARTITIONS, labels).set(owned.length)
    }
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
      for (const { waiting } of partitions.values()) waiting?.clear()
      refusedOutputs.stop()
      putBackUntaken()
      schedulePump()
      const begun = now()
      if (inHand > 0 || ready.some(({ length }) => length > 0)) {
        await within(graceMs, new Promise<void>((resolve) => (drained = resolve)))
      }
      const left = () => Math.max(MIN_CLOSE_MS, graceMs - (now() - begun))
      await within(left(), commit().then(commit))
      await consumer.close(left())
      return inHand
    },
    assignment: () => ({ partitions: partitions.size, waitingMs: Math.max(0, now() - revokedAt) }),
    stuck: () => ({ records: refusedOutputs.length, detail: stuckDetail }),
    wake: schedulePump,
  }
}

/** What belongs to partition n of all lanes. The first two outlive an epoch if the next one brings n again. */
type PartitionNumber<Result> = {
  readonly window: HandledWindow<Delivery<Result>>
  /** By topic: what was handled before this offset is in the window, as far as it reaches. */
  readonly known: Map<string, number>
  readonly rebuild: WindowRebuild
  readonly begun: number
  /** What was fetched and must not run before the window is whole. */
  held: Delivery<Result>[]
}

type Partition<Result> = TopicPartition & {
  /** NO_LANE for a retry topic, whose records say it themselves. */
  readonly lane: number
  readonly number: PartitionNumber<Result>
  readonly tracker: OffsetTracker<Delivery<Result>>
  readonly limits: Load
  /** Of a retry topic: what is not due. */
  readonly waiting: DueQueue<Delivery<Result>> | undefined
  /** The first offset that is to be handled in this epoch. */
  readonly start: number
  /** The highest offset whose handling has begun. */
  taken: number
  /** False when the epoch that gave it has ended. */
  live: boolean
  paused: boolean
  /** When it was last told that the brake stops it; undefined while it does not. */
  heldSince: number | undefined
  committed: number
  highWatermark: number
}

/** A record on its way through this process, the receipt of its outputs, and its claim to be handled. */
class Delivery<Result> implements Receipt, Claim {
  readonly record: IncomingRecord
  readonly partition: Partition<Result>
  sequence = 0
  lane: number
  readonly offset: number
  readonly bytes: number
  readonly #settle: (delivery: Delivery<Result>, index: number, outcome: PublishOutcome) => void
  finished = false
  /** What is being published, and how much of it is not settled. */
  outgoing: readonly PublishRecord[] = NO_OUTPUTS
  unsettled = 0
  result: Result | undefined
  refused: Refused[] | undefined
  /** Whether something else may stand for what is being published. */
  replaceable = true
  /** Whether its account is published. */
  accounted = false
  /** What it holds in the window. */
  #identity: string | undefined
  /** Other records of its event, which wait for what becomes of this one. */
  #followers: ((handled: boolean) => void)[] | undefined

  constructor(
    record: IncomingRecord,
    partition: Partition<Result>,
    settle: (delivery: Delivery<Result>, index: number, outcome: PublishOutcome) => void,
  ) {
    this.record = record
    this.partition = partition
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

  settled(index: number, outcome: PublishOutcome): void {
    this.#settle(this, index, outcome)
  }

  get identity(): string | undefined {
    return this.#identity
  }

  claim(identity: string): boolean | Promise<boolean> {
    const found = this.partition.number.window.claim(identity, this)
    if (found === undefined) {
      this.#identity = identity
      return false
    }
    return found === HANDLED || found.#outcome()
  }

  /** What it claimed has been handled. */
  settle(): void {
    if (this.#identity !== undefined) this.partition.number.window.settle(this.#identity)
    this.#tellFollowers(true)
  }

  /** What it claimed is given back. */
  release(): void {
    if (this.#identity !== undefined) this.partition.number.window.release(this.#identity)
    this.#tellFollowers(false)
  }

  #outcome(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#followers ??= []
      this.#followers.push(resolve)
    })
  }

  #tellFollowers(handled: boolean): void {
    if (this.#followers === undefined) return
    for (const tell of this.#followers) tell(handled)
    this.#followers = undefined
  }
}

/** By its index in what is being published. */
type Refused = { readonly index: number; readonly outcome: PublishOutcome }

const NO_LANE = -1
const NO_OUTPUTS: readonly PublishRecord[] = Object.freeze([])

/**
 * Per partition, so that a backlog costs bounded memory and a busy lane always has records at hand. The brake is far
 * beyond what is fetched ahead, so that only finished records reach it.
 */
const LIMITS: Load = { unfinished: 2000, unfinishedBytes: 2 * 1024 * 1024, held: 10_000 }
/** Less: what is not due needs not be at hand. */
const RETRY_LIMITS: Load = { unfinished: 500, unfinishedBytes: 512 * 1024, held: 10_000 }
const TELL_EVERY_MS = 60_000
const PUMP_MS = 4
const MIN_CLOSE_MS = 500

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
