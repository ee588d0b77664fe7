import { type Decision, encodeDecision } from '@sluice/decisions'
import { type CatalogueEntry, catalogue } from '@sluice/events'
import { type PublishOutcome, type PublishRecord, partitionOf, type Receipt } from '@sluice/kafka'
import type { RuleSet } from '@sluice/rules'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { type Authenticate, authenticateAnybody } from './credentials/authenticate.ts'
import { createLiveDecisions } from './decisions/live-decisions.ts'
import type { Late } from './drain/estimate-drain.ts'
import { createIdempotencyWindow } from './idempotence/window.ts'
import { createIngest } from './ingest.ts'
import type { Quarantine } from './quarantine/quarantine.ts'
import type { Result } from './results.ts'
import { planWith } from './rules/rules-fixture.ts'
import { createServer } from './server.ts'
import type { TypePlans } from './type-plans.ts'

/** An event that the built-in rules filter. */
export const botView = {
  type: 'page-viewed',
  data: {
    visitorId: 'v',
    sessionId: 's',
    url: 'https://shop.example.com/',
    userAgent: 'Googlebot/2.1',
    viewportWidth: 1,
    pageOfSession: 1,
  },
}

/** The gateway of a test: the whole of it, with a publisher that answers as told and no socket. */
export function createTestGateway(options: TestGatewayOptions = {}) {
  const published: PublishRecord[] = []
  const unsettled: (() => void)[] = []
  const logged: string[] = []
  const answer = options.outcome ?? (() => ({ status: 'stored' }) as const)
  const metrics = createMetrics('gateway')
  const log = createLogger({
    service: 'gateway',
    level: 'info',
    destination: { write: (line: string) => void logged.push(line) },
  })
  const entries = options.entries ?? catalogue
  const decisions = createLiveDecisions({ metrics, now: options.decisionClock ?? (() => NOW) })
  decisions.stop()

  const publisher = {
    publish(record: PublishRecord, receipt: Receipt, index: number): void {
      const outcome = answer(record, published.length)
      published.push(record)
      const settle = () => receipt.settled(index, outcome)
      // As the real one does: what is full is said at once, everything else later.
      if (options.hold) unsettled.push(settle)
      else if (outcome.status === 'overloaded') settle()
      else setImmediate(settle)
    },
  }

  const server = createServer({
    ingest: createIngest({
      plans: options.plans ?? planWith({ entries, metrics, rules: options.rules }),
      decisions,
      publisher,
      quarantine: options.quarantine,
      window: createIdempotencyWindow<Result>({
        maxIds: options.windowIds ?? 1000,
        maxAgeMs: 600_000,
        clock: options.clock,
        metrics,
      }),
      outcomes: options.outcomes ?? false,
      lateLanes: options.lateLanes,
      partitionOf: (key) => partitionOf(key, 3),
      maxEventBytes: options.maxEventBytes ?? 512 * 1024,
      metrics,
      log,
      now: () => NOW,
    }),
    entries,
    maxConnections: options.maxConnections ?? 1000,
    maxBodyBytes: options.maxBodyBytes ?? 8 * 1024 * 1024,
    maxBatchEvents: options.maxBatchEvents ?? 10_000,
    maxEventBytes: options.maxEventBytes ?? 512 * 1024,
    ...(options.stallMs !== undefined && { stallMs: options.stallMs }),
    ...(options.requestTimeoutMs !== undefined && { requestTimeoutMs: options.requestTimeoutMs }),
    publishTimeoutMs: 5000,
    tls: options.tls ?? false,
    clientCertificates: options.clientCertificates,
    authenticate: options.authenticate ?? authenticateAnybody,
    metrics,
    log,
  })

  return {
    server,
    metrics,
    decisions,
    /** Decides as a job would: about who is in scope, from an hour ago and for one more. */
    decide(decision: Partial<Decision> & Pick<Decision, 'id' | 'action' | 'scope'>): void {
      const [from, until] = [-HOUR, HOUR].map((shift) => new Date(NOW + shift).toISOString())
      const whole = { reason: 'because', by: 'a-job', from: from!, until: until!, ...decision }
      const { key, value } = encodeDecision(whole)
      const bad = decisions.apply({ key: Buffer.from(key), value: Buffer.from(value) })
      if (bad) throw new TypeError(bad.detail)
    },
    /** Everything given to the publisher, in order. */
    published,
    logged,
    /** The stored events. */
    stored: () => published.map(({ value }) => JSON.parse(String(value))),
    /** With `hold`: settles what was published so far. */
    release: () => {
      for (const settle of unsettled.splice(0)) settle()
    },
    async post(body: unknown, headers: Record<string, string> = {}) {
      const response = await server.inject({
        method: 'POST',
        url: '/v1/events',
        headers: { 'content-type': 'application/json', ...headers },
        payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
      })
      return {
        ...response,
        status: response.statusCode,
        headers: response.headers,
        json: parse(response.payload),
      }
    },
  }
}

export type TestGatewayOptions = {
  /** What becomes of a record, by itself and by how many came before. */
  readonly outcome?: (record: PublishRecord, index: number) => PublishOutcome
  readonly hold?: boolean
  /** How many accepted ids are remembered. */
  readonly windowIds?: number
  /** Milliseconds, for what is remembered. */
  readonly clock?: () => number
  /** Milliseconds since the epoch, for what is decided. */
  readonly decisionClock?: () => number
  readonly lateLanes?: ReadonlyMap<string, Late>
  /** Whether books are kept. */
  readonly outcomes?: boolean
  readonly quarantine?: Pick<Quarantine, 'keep'>
  readonly entries?: readonly CatalogueEntry[]
  /** Those that the gateway comes with without. */
  readonly rules?: RuleSet
  /** Instead of rules: how types are planned. */
  readonly plans?: () => TypePlans
  readonly tls?: boolean
  readonly clientCertificates?: 'optional' | 'required'
  /** Anybody without. */
  readonly authenticate?: Authenticate
  readonly maxEventBytes?: number
  readonly maxConnections?: number
  readonly maxBodyBytes?: number
  readonly maxBatchEvents?: number
  readonly stallMs?: number
  readonly requestTimeoutMs?: number
}

const HOUR = 3_600_000

/** The time that the gateway of a test believes it is. */
export const NOW = Date.UTC(2026, 10, 24, 12, 30, 15, 123)

// biome-ignore lint/suspicious/noExplicitAny: assertions look into it
function parse(payload: string): any {
  return payload === '' ? undefined : JSON.parse(payload)
}
