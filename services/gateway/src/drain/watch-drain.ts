import { type CatalogueEntry, LANES, type Lane, laneTopic } from '@sluice/events'
import type { Admin, KafkaClient } from '@sluice/kafka'
import { pause } from '@sluice/service'
import { LANE_DRAIN, type Logger, type Metrics } from '@sluice/telemetry'
import { createEstimateDrain, type EstimateDrain, type Late, lateOf } from './estimate-drain.ts'

export type WatchedDrain = {
  /** The lanes that are late now, by their topics. */
  readonly late: ReadonlyMap<string, Late>
  stop(): Promise<void>
}

/** Often enough for budgets of minutes. A look asks Kafka three times for each service and lane, one after the other. */
const EVERY_MS = 5000

/**
 * Looks again and again at how far services are behind, and says which lanes are late. Nothing waits for it. What is not
 * known is not late: at the start, after each failed look, and for types that no service reads.
 */
export function watchDrain(options: {
  readonly kafka: Pick<KafkaClient, 'admin'>
  readonly entries: readonly CatalogueEntry[]
  readonly budgetMs: number
  readonly metrics: Metrics
  readonly log: Logger
  readonly everyMs?: number
  /** Milliseconds, on a clock that does not go back. */
  readonly now?: () => number
}): WatchedDrain {
  const { kafka, metrics, log, everyMs = EVERY_MS, now = () => performance.now() } = options
  const budgetSeconds = options.budgetMs / 1000
  const types = options.entries
    .filter(({ services }) => services.length > 0)
    .map(({ definition: { type, lanes }, services }) => ({
      lanes: LANES.filter((lane) => lanes.includes(lane)).map((lane) => ({
        lane,
        topic: laneTopic(type, lane),
        gauge: metrics.gauge(LANE_DRAIN, { type, lane }),
      })),
      services,
    }))
  const late = new Map<string, Late>()
  const stopping = new AbortController()
  let estimates = new Map<string, EstimateDrain>()
  let admin: Admin | undefined
  let failed = false

  async function look(): Promise<void> {
    admin ??= await kafka.admin()
    for (const { lanes, services } of types) {
      /** Of the lanes so far, which are the more urgent ones. */
      const known: number[] = []
      for (const { lane, topic, gauge } of lanes) {
        const found = await estimate(admin, topic, services)
        if (stopping.signal.aborted) return
        if (found !== undefined) known.push(found)
        gauge.set(found ?? 0)
        mark(lane, topic, known)
      }
    }
  }

  /** Of the slowest of the services. */
  async function estimate(
    admin: Admin,
    topic: string,
    services: readonly string[],
  ): Promise<number | undefined> {
    const found: number[] = []
    for (const service of services) {
      const offsets = new Map(
        (await admin.groupOffsets(service, topic)).map(({ partition, offset }) => [partition, offset]),
      )
      const log = await admin.topicOffsets(topic)
      const name = `${service}\n${topic}`
      const estimateDrain = estimates.get(name) ?? createEstimateDrain()
      estimates.set(name, estimateDrain)
      const seconds = estimateDrain({
        at: now(),
        // What retention took waits for nobody.
        committed: log.map(({ partition, low }) => Math.max(low, offsets.get(partition) ?? -1)),
        ends: log.map(({ high }) => high),
      })
      if (seconds !== undefined) found.push(seconds)
    }
    return found.length > 0 ? Math.max(...found) : undefined
  }

  function mark(lane: Lane, topic: string, known: readonly number[]): void {
    const before = late.get(topic)
    const found = lateOf(lane, known, budgetSeconds, Math.ceil(everyMs / 1000))
    if (found) late.set(topic, found)
    else late.delete(topic)
    if (found && !before) log.warn({ topic, ...found }, 'a lane is late: its events are refused')
    if (!found && before) log.info({ topic }, 'a lane is in time again')
  }

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await look()
        failed = false
      } catch (error) {
        await disconnect()
        estimates = new Map()
        late.clear()
        if (!failed)
          log.warn({ err: error }, 'how far services are behind cannot be seen; no lane counts as late')
        failed = true
      }
      await pause(everyMs, stopping.signal)
    }
    await disconnect()
  }

  async function disconnect(): Promise<void> {
    const connected = admin
    admin = undefined
    await connected?.close()
  }

  const watching = watch()
  return {
    late,
    async stop() {
      stopping.abort()
      await watching
    },
  }
}
