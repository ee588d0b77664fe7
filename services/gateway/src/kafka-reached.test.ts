import type { Admin } from '@sluice/kafka'
import { createLogger } from '@sluice/telemetry'
import { expect, onTestFinished, test } from 'vitest'
import { watchKafkaReached } from './kafka-reached.ts'

test('not ready until Kafka answered once; missing topics are named until they are there', async () => {
  const kafka = createFakeKafka()
  kafka.down = true
  const { check, stop } = watch(kafka)
  await expect.poll(() => check.check().detail).toBe('Kafka cannot be reached: planted')
  expect(check.check().ok).toBe(false)

  kafka.down = false
  kafka.topics = ['a']
  await expect.poll(() => check.check()).toEqual({ ok: true, detail: 'Topics are missing: b.' })

  kafka.topics = ['a', 'b']
  await expect.poll(() => check.check()).toEqual({ ok: true, detail: 'Kafka was reached.' })
  await expect.poll(() => kafka.open).toBe(0)
  await stop()
})

test('once reached, an outage does not make it unready', async () => {
  const kafka = createFakeKafka()
  kafka.topics = ['a']
  const { check, stop } = watch(kafka)
  await expect.poll(() => check.check().ok).toBe(true)
  kafka.down = true
  const { calls } = kafka
  await expect.poll(() => kafka.calls).toBeGreaterThan(calls + 2)
  expect(check.check()).toEqual({ ok: true, detail: 'Topics are missing: b.' })
  await stop()
  expect(kafka.open).toBe(0)
})

test('stop ends it also between two tries, however long they are apart', async () => {
  const kafka = createFakeKafka()
  const { check, stop } = watch(kafka, 3_600_000)
  await expect.poll(() => check.check().ok).toBe(true)
  await stop()
  expect(kafka.open).toBe(0)
})

function watch(kafka: ReturnType<typeof createFakeKafka>, retryMs = 1) {
  const log = createLogger({ service: 'gateway', level: 'silent' })
  const watched = watchKafkaReached({ kafka, topics: ['a', 'b'], retryMs, log })
  onTestFinished(watched.stop)
  return watched
}

function createFakeKafka() {
  const state = { down: false, topics: [] as string[], open: 0, calls: 0 }
  return Object.assign(state, {
    async admin(): Promise<Admin> {
      state.calls++
      if (state.down) throw new Error('planted')
      state.open++
      return {
        async listTopics() {
          state.calls++
          if (state.down) throw new Error('planted')
          return state.topics
        },
        async close() {
          state.open--
        },
      } as Partial<Admin> as Admin
    },
  })
}
