import { setTimeout as delay } from 'node:timers/promises'
import { deadLetterTopic } from '@sluice/events'
import type { Admin, KafkaClient } from '@sluice/kafka'
import { waitFor } from '@sluice/testing'
import type { CommitSample, History } from '../books/history.ts'

/** Watches commits while a run goes on, past the proxies. */
export type Observer = {
  readonly samples: readonly CommitSample[]
  /** Takes a sample now, where Kafka answers. */
  sample(): Promise<void>
  /** Waits until every group has committed everything in its lanes. Says what is left when that takes too long. */
  caughtUp(timeoutMs: number): Promise<string | undefined>
  stop(): Promise<void>
}

export type ObserverOptions = {
  readonly client: KafkaClient
  readonly services: History['services']
  /** The lane topics of each type that a service reads. */
  readonly lanesOf: (type: string) => readonly string[]
  /** What services write. */
  readonly outputTopics: readonly string[]
}

const EVERY_MS = 2000

export function startObserver(options: ObserverOptions): Observer {
  const { client, services, lanesOf } = options
  const letters = services.map(({ service, type }) => deadLetterTopic(type, service))
  const samples: CommitSample[] = []
  const stopping = new AbortController()
  let admin: Admin | undefined
  let queue: Promise<unknown> = Promise.resolve()

  /** One at a time, over a connection that is made again after an error. */
  function ask<T>(what: (admin: Admin) => Promise<T>): Promise<T> {
    const answer = queue.then(async () => {
      admin ??= await client.admin()
      try {
        return await what(admin)
      } catch (error) {
        await admin.close().catch(() => {})
        admin = undefined
        throw error
      }
    })
    queue = answer.catch(() => {})
    return answer
  }

  async function sampleOnce(admin: Admin): Promise<void> {
    const seen: Omit<CommitSample, 'ends'>[] = []
    for (const { service, type } of services) {
      for (const topic of lanesOf(type)) {
        for (const { partition, offset } of await admin.groupOffsets(service, topic))
          if (offset > 0) seen.push({ group: service, topic, partition, offset })
      }
    }
    // After the commits: what was finished before them lies below these ends.
    const ends: Record<string, number> = {}
    const there = new Set(await admin.listTopics())
    for (const topic of [...options.outputTopics, ...letters]) {
      if (!there.has(topic)) continue
      for (const { partition, high } of await admin.topicOffsets(topic)) ends[`${topic}/${partition}`] = high
    }
    samples.push(...seen.map((one) => ({ ...one, ends })))
  }

  async function lag(admin: Admin): Promise<string[]> {
    const left: string[] = []
    for (const { service, type } of services) {
      for (const topic of lanesOf(type)) {
        const committed = new Map(
          (await admin.groupOffsets(service, topic)).map(({ partition, offset }) => [partition, offset]),
        )
        for (const { partition, high } of await admin.topicOffsets(topic)) {
          const offset = committed.get(partition) ?? -1
          if (high > 0 && offset < high)
            left.push(`${service}: ${topic} ${partition} at ${offset} of ${high}`)
        }
      }
    }
    return left
  }

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      await delay(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {})
      if (!stopping.signal.aborted) await ask(sampleOnce).catch(() => {})
    }
  }
  const watching = watch()

  return {
    samples,
    sample: () => ask(sampleOnce).catch(() => {}),
    async caughtUp(timeoutMs) {
      let left: readonly string[] = ['nobody answered']
      try {
        const isThrough = async () => {
          left = await ask(lag)
          return left.length === 0
        }
        await waitFor(isThrough, { timeoutMs, intervalMs: 200 })
        return undefined
      } catch {
        return left.join('; ')
      }
    },
    async stop() {
      stopping.abort()
      await watching
      await queue
      await admin?.close().catch(() => {})
    },
  }
}
