import { randomUUID } from 'node:crypto'
import { orderPlaced } from '@sluice/events'
import { waitFor } from '@sluice/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type System, startSystem } from './system.ts'
import { readTopics, type TopicLog } from './topic-log.ts'

let system: System
let log: TopicLog

beforeAll(async () => {
  system = await startSystem(inject('brokers'))
  log = await readTopics(inject('brokers'), ['events.stock-reserved.high', 'events.stock-reserved.normal'])
})

afterAll(async () => {
  await log?.close()
  await system?.stop()
})

test('a service killed in the middle of its work loses no accepted event', async () => {
  const accepted = new Set<string>()
  const killAfter = 1000
  let killed = false
  for (let batch = 0; batch < 40; batch++) {
    const events = Array.from({ length: 50 }, () => ({
      type: 'order-placed',
      id: randomUUID(),
      source: '/killed-service',
      data: { ...orderPlaced.example, customer: { id: `c-${batch % 7}`, email: 'ada@example.com' } },
    }))
    const response = await fetch(`${system.ingest}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(events),
    })
    const { results } = (await response.json()) as { results: { id: string; status: string }[] }
    for (const { id, status } of results) if (status === 'accepted') accepted.add(id)
    if (!killed && accepted.size >= killAfter) {
      process.kill(system.pid('order-placed'), 'SIGKILL')
      killed = true
    }
  }
  expect(accepted.size).toBe(2000)

  const handled = () => new Set(log.all().map(({ event }) => event.causationid))
  await waitFor(() => accepted.isSubsetOf(handled()), {
    timeoutMs: 60_000,
    describe: () => `every accepted order to be handled; missing ${accepted.difference(handled()).size}`,
  })
  expect(system.notices.some((notice) => notice['service'] === 'order-placed')).toBe(true)

  // Handled twice is allowed, but only with the same identity, so that a reader can tell.
  const idsByCause = new Map<string, Set<string>>()
  for (const { event } of log.all()) {
    const ids = idsByCause.get(event.causationid!) ?? new Set()
    idsByCause.set(event.causationid!, ids.add(event.id))
  }
  for (const id of accepted) expect(idsByCause.get(id)?.size).toBe(1)
})
