import { afterEach, expect, test, vi } from 'vitest'
import { endFixtures, spawnFixture } from '../test-fixtures/spawn-fixture.ts'

// A process takes seconds to start when the machine is busy.
vi.setConfig({ testTimeout: 30_000 })
afterEach(endFixtures)

// What it does with Kafka is tested with Kafka, in tests/.

test('without Kafka it lives, is not ready and says why, and stops in time', async () => {
  const { child, exit, admin } = spawnFixture('consumer.ts', {
    KAFKA_BROKERS: '127.0.0.1:1',
    ADMIN_PORT: '0',
    SHUTDOWN_GRACE_MS: '2000',
  })
  const response = await fetch(`${await admin()}/readyz`)
  expect(response.status).toBe(503)
  expect(await response.json()).toEqual({
    ready: false,
    pid: child.pid,
    checks: [
      { name: 'assignment', ok: false, detail: 'No answer of the consumer group yet.' },
      { name: 'handler', ok: true, detail: 'The handler works.' },
      { name: 'outputs', ok: true, detail: 'Kafka takes what is written.' },
    ],
  })
  child.kill('SIGTERM')
  expect(await exit).toEqual({ code: 0, signal: null })
})
