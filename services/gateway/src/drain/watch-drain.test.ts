import { type CatalogueEntry, LANES, laneTopic, orderPlaced } from '@sluice/events'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { createMemoryBroker } from '@sluice/testing'
import { expect, onTestFinished, test } from 'vitest'
import { watchDrain } from './watch-drain.ts'

const definition = { ...orderPlaced, lanes: LANES } as unknown as CatalogueEntry['definition']
const [high, normal, low] = LANES.map((lane) => laneTopic(definition.type, lane)) as [string, string, string]

/** Looks every millisecond, and takes it for a second each time. */
function setup(services: readonly string[] = ['shop']) {
  const broker = createMemoryBroker({ topics: { [high]: 2, [normal]: 2, [low]: 2 } })
  const logged: string[] = []
  const metrics = createMetrics('gateway')
  let at = 0
  const watched = watchDrain({
    ...{
      kafka: broker.client(),
      entries: [{ definition, services }],
      budgetMs: 100_000,
      everyMs: 1,
      metrics,
    },
    log: createLogger({
      service: 'gateway',
      level: 'info',
      destination: { write: (line: string) => void logged.push(line) },
    }),
    now: () => (at += 1000),
  })
  onTestFinished(watched.stop)
  const add = (topic: string, count: number) =>
    broker.append(
      { topic, partition: 1 },
      Array.from({ length: count }, () => ({ key: null, value: 'x' })),
    )
  const commit = async (topic: string, offset: number) => {
    const admin = await broker.client().admin()
    await admin.commitGroupOffsets('shop', [{ topic, partition: 1, offset }])
  }
  const late = () => [...watched.late.keys()].toSorted()
  return { broker, watched, late, add, commit, logged, metrics }
}

test('a lane whose service stands is late, the less urgent ones with it, until it is done', async () => {
  const { watched, late, add, commit, logged, metrics } = setup()
  add(normal, 10)
  await expect.poll(late).toEqual([low, normal])
  expect(watched.late.get(normal)).toMatchObject({ budgetSeconds: 75, retryAfter: expect.any(Number) })
  expect(await metrics.text()).toMatch(
    /sluice_lane_drain_seconds\{type="order-placed",lane="normal".*\} [1-9]/,
  )
  await commit(normal, 10)
  await expect.poll(late).toEqual([])
  const said = logged.map((line) => JSON.parse(line)).map(({ topic, msg }) => `${topic} ${msg}`)
  expect(said.slice(0, 2)).toEqual(
    [low, normal].map((topic) => `${topic} a lane is late: its events are refused`),
  )
  expect(said.slice(2).toSorted()).toEqual([low, normal].map((topic) => `${topic} a lane is in time again`))
})

test('high is late only by itself, and then the last one', async () => {
  const { late, add } = setup()
  add(low, 10)
  await expect.poll(late).toEqual([low])
  add(high, 10)
  await expect.poll(late).toEqual([high, low, normal].toSorted())
})

test('the slowest of several services decides', async () => {
  const { late, add, commit } = setup(['shop', 'other'])
  add(low, 10)
  await commit(low, 10)
  await expect.poll(late).toEqual([low])
})

test('what cannot be seen is not late', async () => {
  const { broker, late, add, logged } = setup()
  add(low, 10)
  await expect.poll(late).toEqual([low])
  const heal = broker.outage()
  await expect.poll(late).toEqual([])
  heal()
  await expect.poll(late).toEqual([low])
  expect(logged.filter((line) => line.includes('cannot be seen'))).toHaveLength(1)
})
