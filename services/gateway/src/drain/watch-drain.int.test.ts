import { type CatalogueEntry, LANES, laneTopic, orderPlaced, PARTITIONS_PER_TYPE } from '@sluice/events'
import { type ConsumerListener, createKafkaJsClient, createPublisher, partitionOf } from '@sluice/kafka'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { createPlannedTopics, uniqueName, waitFor } from '@sluice/testing'
import { expect, inject, it, onTestFinished } from 'vitest'
import { authenticateAnybody } from '../credentials/authenticate.ts'
import { createIdempotencyWindow } from '../idempotence/window.ts'
import { createIngest } from '../ingest.ts'
import type { Result } from '../results.ts'
import { NO_RULES, planWith } from '../rules/rules-fixture.ts'
import { createServer } from '../server.ts'
import { watchDrain } from './watch-drain.ts'

const type = uniqueName('late-order')
const service = `${type}-service`
const entry: CatalogueEntry = { definition: { ...orderPlaced, type }, services: [service] }
const topics = entry.definition.lanes.map((lane) => laneTopic(type, lane))
const log = createLogger({ service: 'gateway', level: 'silent' })

const client = createKafkaJsClient({
  brokers: inject('brokers').split(','),
  clientId: 'drain',
  connectTimeoutMs: 5000,
  requestTimeoutMs: 15_000,
})

/** A gateway that lets its services stand for less than a second. */
function startGateway() {
  const metrics = createMetrics('gateway')
  const watched = watchDrain({
    ...{ kafka: client, entries: [entry], budgetMs: 1000, everyMs: 200, metrics, log },
  })
  const publisher = createPublisher({
    ...{ client, lanes: LANES, deliveryTimeoutMs: 10_000, maxBufferBytes: 1e7, metrics, log },
  })
  const server = createServer({
    ingest: createIngest({
      ...{
        plans: planWith({ entries: [entry], rules: NO_RULES, metrics }),
        publisher,
        outcomes: false,
        metrics,
        log,
      },
      window: createIdempotencyWindow<Result>({ maxIds: 1000, maxAgeMs: 600_000, metrics }),
      partitionOf: (key) => partitionOf(key, PARTITIONS_PER_TYPE),
      maxEventBytes: 512 * 1024,
      lateLanes: watched.late,
    }),
    ...{ entries: [entry], maxConnections: 100, maxBodyBytes: 1e6, maxBatchEvents: 100 },
    ...{
      maxEventBytes: 512 * 1024,
      publishTimeoutMs: 10_000,
      authenticate: authenticateAnybody,
      metrics,
      log,
    },
  })
  onTestFinished(async () => {
    await Promise.all([server.close(), watched.stop()])
    await publisher.close()
  })
  return {
    async post(priority: 'normal' | 'high') {
      const payload = { type, priority, data: orderPlaced.example }
      const {
        statusCode,
        headers,
        payload: text,
      } = await server.inject({
        ...{ method: 'POST', url: '/v1/events', payload },
      })
      return { status: statusCode, retryAfter: headers['retry-after'], ...JSON.parse(text) }
    },
  }
}

/** The service: handles what there is, and says so, until it is stopped. */
async function startService(): Promise<() => Promise<void>> {
  const consumer = client.consumer({ group: service, topics, sessionTimeoutMs: 6000 })
  const crashes: Error[] = []
  const listener: ConsumerListener = {
    assigned() {},
    revoked() {},
    records: ({ topic, partition }, _records, end) =>
      void consumer.commit([{ topic, partition, offset: end }]).catch(() => {}),
    crashed: (error) => crashes.push(error),
  }
  await consumer.start(listener)
  return async () => {
    await consumer.close(5000)
    expect(crashes).toEqual([])
  }
}

it('while a service stands its lane takes nothing, and takes again when the service has caught up', async () => {
  await createPlannedTopics(client, [entry])
  const { post } = startGateway()

  const stop = await startService()
  expect(await post('normal')).toMatchObject({ status: 'accepted' })
  await stop()

  const refused = await waitFor(async () => {
    const answer = await post('normal')
    return answer.status === 503 ? answer : undefined
  })
  expect(refused).toMatchObject({
    ...{ code: 'overloaded', outcome: 'refused', retryable: true, retryAfter: '1' },
    drainSeconds: expect.any(Number),
    detail: expect.stringContaining('Nothing was stored.'),
  })
  expect(await post('high')).toMatchObject({ status: 'accepted', priority: 'high' })

  const stopAgain = await startService()
  onTestFinished(stopAgain)
  await waitFor(async () => (await post('normal')).status === 'accepted')
})
