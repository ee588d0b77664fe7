import { catalogue } from '@sluice/events'
import { partitionOf } from '@sluice/kafka'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { authenticateAnybody } from './credentials/authenticate.ts'
import { createIdempotencyWindow } from './idempotence/window.ts'
import { createIngest } from './ingest.ts'
import type { Result } from './results.ts'
import { planWith } from './rules/rules-fixture.ts'
import { createServer } from './server.ts'

/** A gateway in a process of its own, of which nothing but the memory matters: whatever is published counts as stored. */
const metrics = createMetrics('gateway')
const log = createLogger({ service: 'gateway', level: 'warn' })
const maxEventBytes = 512 * 1024
const server = createServer({
  ingest: createIngest({
    plans: planWith({ metrics }),
    publisher: {
      publish: (_record, receipt, index) =>
        void setImmediate(() => receipt.settled(index, { status: 'stored' })),
    },
    window: createIdempotencyWindow<Result>({ maxIds: 1000, maxAgeMs: 600_000, metrics }),
    outcomes: false,
    partitionOf: (key) => partitionOf(key, 3),
    maxEventBytes,
    metrics,
    log,
  }),
  entries: catalogue,
  maxConnections: 10_000,
  maxBodyBytes: 8 * 1024 * 1024,
  maxBatchEvents: 10_000,
  maxEventBytes,
  publishTimeoutMs: 5000,
  authenticate: authenticateAnybody,
  metrics,
  log,
})
await server.listen({ host: '127.0.0.1', port: 0 })
process.send!({ port: (server.server.address() as { port: number }).port })
// The highest that it ever was, in bytes.
process.on('message', () => process.send!({ maxRss: process.resourceUsage().maxRSS * 1024 }))
process.on('disconnect', () => process.exit(0))
