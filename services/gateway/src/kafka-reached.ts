import { setTimeout as delay } from 'node:timers/promises'
import type { Admin, KafkaClient } from '@sluice/kafka'
import type { ReadinessCheck } from '@sluice/service'
import type { Logger } from '@sluice/telemetry'

export type KafkaReached = { readonly check: ReadinessCheck; stop(): Promise<void> }

/**
 * Tries to reach Kafka until it answered once; then it is ready, and stays so: an outage later is answered event by
 * event, which is better than not at all. Topics that are missing are named by the check, and looked for until
 * they are there, but they hold nothing up: the other types go on.
 */
export function watchKafkaReached(options: {
  readonly kafka: Pick<KafkaClient, 'admin'>
  readonly topics: readonly string[]
  readonly retryMs: number
  readonly log: Logger
}): KafkaReached {
  const { kafka, topics, retryMs, log } = options
  let state = { ok: false, detail: 'Kafka was not reached yet.' }
  let admin: Admin | undefined
  let stopped = false
  const { promise: stopping, resolve: stop } = Promise.withResolvers<void>()

  /** Whether there is nothing left to look for. */
  async function look(): Promise<boolean> {
    admin ??= await kafka.admin()
    const existing = new Set(await admin.listTopics())
    const missing = topics.filter((topic) => !existing.has(topic))
    const detail = missing.length > 0 ? `Topics are missing: ${missing.join(', ')}.` : 'Kafka was reached.'
    if (detail !== state.detail) log.info({ missing }, 'kafka was reached')
    state = { ok: true, detail }
    return missing.length === 0
  }

  async function watch(): Promise<void> {
    while (!stopped) {
      try {
        if (await look()) break
      } catch (error) {
        await disconnect()
        const detail = `Kafka cannot be reached: ${(error as Error).message}`
        if (state.ok || detail !== state.detail)
          log.warn({ err: error }, 'kafka cannot be reached; trying again')
        if (!state.ok) state = { ok: false, detail }
      }
      await Promise.race([stopping, delay(retryMs, undefined, { ref: false })])
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
    check: { name: 'kafka', check: () => state },
    async stop() {
      stopped = true
      stop()
      await watching
    },
  }
}
