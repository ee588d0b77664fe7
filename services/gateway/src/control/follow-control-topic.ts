import { setTimeout as delay } from 'node:timers/promises'
import { type IncomingRecord, type KafkaClient, KafkaError, type PartitionOffset } from '@sluice/kafka'
import type { ReadinessCheck } from '@sluice/service'
import {
  CONTROL_BAD_RECORDS,
  CONTROL_FOLLOWED,
  CONTROL_LAG,
  CONTROL_RECORD_AGE,
  type Logger,
  type Metrics,
} from '@sluice/telemetry'

/** Why a record was not taken: `reason` is one of a few, and the detail holds nothing that may be personal. */
export type BadRecord = { readonly reason: string; readonly detail: string }

export type ControlTopicOptions = {
  readonly kafka: Pick<KafkaClient, 'admin' | 'reader'>
  readonly topic: string
  /** Takes a record, in the order of the topic; or says why not. May get a record twice. */
  apply(record: IncomingRecord): BadRecord | undefined
  readonly log: Logger
  readonly metrics: Metrics
  /** How long the process waits for the topic's end before it is ready without. */
  readonly patienceMs?: number
  /** How long after a failure it is tried again. */
  readonly retryMs?: number
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

export type ControlTopic = {
  /** Ready once the end that the topic had at the start was read; see {@link followControlTopic} for when it is not. */
  readonly check: ReadinessCheck
  stop(): Promise<void>
}

const PATIENCE_MS = 10_000
const RETRY_MS = 1000
/** Bad records are told one by one, but not faster than this. */
const TELL_EVERY_MS = 1000

/**
 * Reads a compacted topic from its start, outside of any consumer group, and follows it until it is stopped. Every replica
 * reads all of it, so all of them come to know the same.
 *
 * reading → following. A process that starts is not ready while it reads, so that its first event is judged by all that
 * was written before. But it does not wait for what cannot come: a topic that is missing or denied lets it be ready at
 * once, one that is slow or a Kafka that is away after `patienceMs`; either way with a warning in the check. From then on
 * it is ready whatever happens: to go on with what is known is better than to stop. Whatever fails is tried again.
 */
export function followControlTopic(options: ControlTopicOptions): ControlTopic {
  const { kafka, topic, apply, log, metrics } = options
  const { patienceMs = PATIENCE_MS, retryMs = RETRY_MS, now = Date.now } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const followed = metrics.gauge(CONTROL_FOLLOWED, { topic })
  const lag = metrics.gauge(CONTROL_LAG, { topic })
  const age = metrics.gauge(CONTROL_RECORD_AGE, { topic })
  metrics.onScrape(() => age.set(newestAt === undefined ? 0 : Math.max(0, now() - newestAt) / 1000))

  let state = { ok: false, detail: `${topic} is not read yet.` }
  let newestAt: number | undefined
  /** What is read next, and where the partition ends as far as known. */
  const positions = new Map<number, { next: number; end: number }>()
  /** Bad records since one was told, and when that was. */
  let untold = 0
  let toldAt = Number.NEGATIVE_INFINITY

  function goOn(detail: string): void {
    state = { ok: true, detail: `${detail} Going on without.` }
  }

  /** Ready once is ready for good. */
  function wait(detail: string): void {
    if (state.ok) goOn(detail)
    else state = { ok: false, detail }
  }

  const impatient = setTimeout(() => {
    if (state.ok) return
    log.warn(
      { topic, state: state.detail },
      'a control topic was not read to its end in time; going on without',
    )
    goOn(state.detail)
  }, patienceMs).unref()

  async function follow(): Promise<void> {
    while (!signal.aborted) {
      try {
        await read()
      } catch (error) {
        tellFailure(error as Error)
      }
      followed.set(0)
      await delay(retryMs, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  /** Comes back, without an error, only when it is stopped. */
  async function read(): Promise<void> {
    const from = await startOf()
    const wanted = new Map([...positions].map(([partition, { end }]) => [partition, end]))
    const isRead = () => [...wanted].every(([partition, end]) => positions.get(partition)!.next >= end)
    let reading = true
    const look = () => {
      let behind = 0
      for (const { next, end } of positions.values()) behind += Math.max(0, end - next)
      lag.set(behind)
      if (!reading) return
      if (!isRead()) {
        wait(`${topic} is being read: ${behind} offsets are left.`)
        return
      }
      reading = false
      followed.set(1)
      state = { ok: true, detail: `${topic} was read to its end, and is followed.` }
      log.info({ topic }, 'a control topic was read to its end')
    }
    look()
    const reader = kafka.reader({ name: topic })
    try {
      for await (const { partition, records, end, highWatermark } of reader.read(from, { signal })) {
        for (const record of records) take(record)
        positions.set(partition, { next: end, end: Math.max(end, highWatermark) })
        look()
      }
    } finally {
      await reader.close()
    }
  }

  /**
   * Where to begin: where it ended the last time, or at the start of the log. A topic that was made anew begins again.
   * @throws MissingTopic
   */
  async function startOf(): Promise<PartitionOffset[]> {
    const admin = await kafka.admin()
    try {
      const [found] = await admin.describeTopics([topic])
      if (!found) throw new MissingTopic(topic)
      for (const { partition, low, high } of await admin.topicOffsets(topic)) {
        const next = positions.get(partition)?.next ?? low
        positions.set(partition, { next: next > high ? low : Math.max(low, next), end: high })
      }
    } finally {
      await admin.close()
    }
    return [...positions].map(([partition, { next }]) => ({ topic, partition, offset: next }))
  }

  function take(record: IncomingRecord): void {
    newestAt = Math.max(newestAt ?? 0, record.timestamp)
    let bad: BadRecord | undefined
    try {
      bad = apply(record)
    } catch (error) {
      log.error({ err: error, topic, offset: record.offset }, 'a control record could not be applied: a bug')
      metrics.counter(CONTROL_BAD_RECORDS, { topic, reason: 'internal' }).add(1)
      return
    }
    if (!bad) return
    const { reason, detail } = bad
    metrics.counter(CONTROL_BAD_RECORDS, { topic, reason }).add(1)
    untold++
    if (now() - toldAt < TELL_EVERY_MS) return
    const { partition, offset } = record
    log.warn({ topic, partition, offset, reason, detail, count: untold }, 'bad control records were ignored')
    toldAt = now()
    untold = 0
  }

  function tellFailure(error: Error): void {
    const certain =
      error instanceof MissingTopic || (error instanceof KafkaError && error.code === 'kafka-refused')
    const detail = `${topic} cannot be followed: ${error.message}`
    const before = state.detail
    if (certain) goOn(detail)
    else wait(detail)
    if (state.detail !== before)
      log.warn({ topic, reason: error.message }, 'a control topic cannot be followed; trying again')
  }

  const following = follow()
  return {
    check: { name: topic, check: () => state },
    async stop() {
      clearTimeout(impatient)
      stopping.abort()
      await following
    },
  }
}

/** Caught by what follows the topic. */
class MissingTopic extends Error {
  override readonly name = 'MissingTopic'

  constructor(topic: string) {
    super(
      `There is no ${topic}, or this process may not see it: npm run topics creates it, and the gateway must be allowed to describe and read it.`,
    )
  }
}
