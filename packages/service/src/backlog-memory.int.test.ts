import { encodeEvent, LANES, laneTopic, PARTITIONS_PER_TYPE } from '@sluice/events'
import { createKafkaJsClient } from '@sluice/kafka'
import { buildEvent, createPlannedTopics, uniqueName, waitFor } from '@sluice/testing'
import { afterEach, expect, inject, test } from 'vitest'
import { backlogType } from '../test-fixtures/backlog-type.ts'
import { endFixtures, spawnFixture } from '../test-fixtures/spawn-fixture.ts'

/**
 * The flags are those of a small container: without them Node lets its heap grow before it collects what is long
 * dead, to some 260 MiB here. What is in hand is bounded by partition, so a backlog that fills every partition's buffer several times costs what a
 * larger one does. BACKLOG_EVENTS=1000000 shows it with a million.
 */
const EVENTS = Number(process.env['BACKLOG_EVENTS'] ?? 150_000)
const MAX_RSS_BYTES = 200 * 1024 * 1024

afterEach(endFixtures)

test('a backlog of small events and a slow handler take bounded memory', { timeout: 300_000 }, async () => {
  const brokers = inject('brokers')
  const client = createKafkaJsClient({
    brokers: brokers.split(','),
    clientId: 'backlog',
    connectTimeoutMs: 5000,
    requestTimeoutMs: 30_000,
  })
  const definition = backlogType(uniqueName('backlog-left').toLowerCase())
  const { type } = definition
  await createPlannedTopics(client, [{ definition, services: [type] }])

  const producer = client.producer({ name: 'backlog' })
  const places = LANES.flatMap((lane) =>
    Array.from({ length: PARTITIONS_PER_TYPE }, (_, partition) => ({
      topic: laneTopic(type, lane),
      partition,
    })),
  )
  for (let posted = 0; posted < EVENTS; posted += 1000) {
    const at = places[(posted / 1000) % places.length]!
    const records = Array.from({ length: 1000 }, (_, index) => {
      const id = `e${posted + index}`
      return { key: id, value: encodeEvent(buildEvent(definition, { id, data: { key: id } })) }
    })
    await waitFor(async () => (await producer.produce([{ ...at, records }]))[0]?.status === 'stored')
  }
  await producer.close()

  const { child, output, exit, wrote } = spawnFixture('slow-consumer.ts', {
    KAFKA_BROKERS: brokers,
    ADMIN_PORT: '0',
    FIXTURE_TYPE: type,
    FIXTURE_HANDLER_MS: '5',
    LOG_LEVEL: 'info',
    NODE_OPTIONS: '--max-old-space-size=96 --max-semi-space-size=8',
  })
  await wrote('partitions were assigned')
  await wrote('rss ', output.stdout.split('rss ').length + 85)
  const most = Math.max(...Array.from(output.stdout.matchAll(/^rss (\d+)$/gm), ([, rss]) => Number(rss)))
  console.info(`${EVENTS} events of backlog: at most ${(most / 1024 / 1024).toFixed(0)} MiB`)
  expect(most).toBeLessThan(MAX_RSS_BYTES)
  child.kill('SIGTERM')
  expect(await exit).toEqual({ code: 0, signal: null })
})
