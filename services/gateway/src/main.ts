import type { Server as TlsServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import {
  catalogue,
  DECISIONS_TOPIC,
  LANES,
  laneTopic,
  PARTITIONS_PER_TYPE,
  RULES_TOPIC,
} from '@sluice/events'
import { createPublisher, partitionOf } from '@sluice/kafka'
import { runProcess } from '@sluice/service'
import { followControlTopic } from './control/follow-control-topic.ts'
import { openCredentials } from './credentials/open-credentials.ts'
import { createLiveDecisions } from './decisions/live-decisions.ts'
import { watchDrain } from './drain/watch-drain.ts'
import { createIdempotencyWindow } from './idempotence/window.ts'
import { createIngest } from './ingest.ts'
import { watchKafkaReached } from './kafka-reached.ts'
import { createOperations } from './operations/server.ts'
import { createQuarantine } from './quarantine/quarantine.ts'
import { createRejudge } from './quarantine/rejudge.ts'
import type { Result } from './results.ts'
import { openRules } from './rules/open-rules.ts'
import { serveCertificate } from './serve-certificate.ts'
import { createServer } from './server.ts'
import { checkGatewaySettings, gatewaySettings, tokenSettings } from './settings.ts'

/** What the gateway comes with. */
const OWN_RULES = fileURLToPath(new URL('../rules.yaml', import.meta.url))

/** In an outage an answer is there within a second, with what the publisher's sweep is late. */
const OUTAGE_ANSWER_MS = 800

/** Settings → schemas → publisher → rules → decisions → ingest → operations → server → readiness; stopped in the reverse order. */
await runProcess({
  name: 'gateway',
  settings: gatewaySettings,
  checkSettings: checkGatewaySettings,
  async start({ config, log, metrics, kafka, openFraming }) {
    const { GATEWAY_TLS_CERT_FILE: certFile, GATEWAY_TLS_KEY_FILE: keyFile } = config
    const { GATEWAY_TLS_CLIENT_CA_FILE: clientCaFile } = config
    const credentials = await openCredentials({
      file: config.GATEWAY_CREDENTIALS_FILE,
      tokens: tokenSettings(config),
      certificates: clientCaFile !== undefined,
      entries: catalogue,
      metrics,
      log,
    })
    const definitions = catalogue.map(({ definition }) => definition)
    // Of derived types, too: a credential may be granted one.
    const framing = await openFraming(definitions)
    const publisher = createPublisher({
      client: kafka,
      lanes: LANES,
      deliveryTimeoutMs: config.PUBLISH_TIMEOUT_MS,
      unreachableTimeoutMs: Math.min(OUTAGE_ANSWER_MS, config.PUBLISH_TIMEOUT_MS),
      maxBufferBytes: config.PUBLISH_BUFFER_BYTES,
      metrics,
      log,
    })
    const quarantine = config.QUARANTINE
      ? createQuarantine({
          client: kafka,
          entries: catalogue,
          maxBufferBytes: config.QUARANTINE_BUFFER_BYTES,
          deliveryTimeoutMs: config.PUBLISH_TIMEOUT_MS,
          metrics,
          log,
        })
      : undefined
    const rules = await openRules({ file: config.RULES_FILE ?? OWN_RULES, entries: catalogue, metrics, log })
    const rulesTopic = followControlTopic({
      ...{ kafka, topic: RULES_TOPIC, log, metrics },
      apply: rules.apply,
    })
    const decisions = createLiveDecisions({ metrics })
    const decisionsTopic = followControlTopic({
      ...{ kafka, topic: DECISIONS_TOPIC, log, metrics },
      apply: decisions.apply,
    })
    const judged = {
      partitionOf: (key: string) => partitionOf(key, PARTITIONS_PER_TYPE),
      maxEventBytes: config.INGEST_MAX_EVENT_BYTES,
      schemaIds: framing?.schemaIds,
      decisions,
      metrics,
    }
    const window = createIdempotencyWindow<Result>({
      maxIds: config.IDEMPOTENCY_WINDOW_IDS,
      maxAgeMs: config.IDEMPOTENCY_WINDOW_MS,
      metrics,
    })
    const drain =
      config.LANE_DRAIN_BUDGET_MS > 0
        ? watchDrain({ kafka, entries: catalogue, budgetMs: config.LANE_DRAIN_BUDGET_MS, metrics, log })
        : undefined
    const ingest = createIngest({
      ...{ ...judged, publisher, window, quarantine, outcomes: config.OUTCOMES, log },
      plans: rules.types,
      lateLanes: drain?.late,
    })
    const operations = await createOperations({
      entries: catalogue,
      kafka,
      token: config.ADMIN_TOKEN,
      decisions,
      rules,
      rejudge: (options) =>
        createRejudge({
          ...judged,
          ...options,
          entries: catalogue,
          rules: rules.set,
          typesOf: credentials.typesOf,
        }),
      metrics,
      log,
    })
    const server = createServer({
      ingest,
      entries: catalogue,
      maxConnections: config.INGEST_MAX_CONNECTIONS,
      maxBodyBytes: config.INGEST_MAX_BODY_BYTES,
      maxBatchEvents: config.INGEST_MAX_BATCH_EVENTS,
      maxEventBytes: config.INGEST_MAX_EVENT_BYTES,
      publishTimeoutMs: config.PUBLISH_TIMEOUT_MS,
      authenticate: credentials.authenticate,
      tls: certFile !== undefined,
      clientCertificates: clientCaFile === undefined ? undefined : config.GATEWAY_TLS_CLIENT_CERTIFICATES,
      metrics,
      log,
    })
    const certificate =
      certFile !== undefined && keyFile !== undefined
        ? await serveCertificate(server.server as unknown as TlsServer, {
            ...{ certFile, keyFile, clientCaFile, metrics, log },
          })
        : undefined
    // Fastify hands on to Node what it does not know itself.
    const where = { host: config.GATEWAY_HOST, port: config.GATEWAY_PORT, reusePort: config.SHARE_PORTS }
    const url = await server.listen(where)
    log.info({ url }, 'listening')
    const kafkaReached = watchKafkaReached({
      kafka,
      topics: definitions
        .filter(({ origin }) => origin === 'producer')
        .flatMap(({ type, lanes }) => lanes.map((lane) => laneTopic(type, lane))),
      retryMs: 1000,
      log,
    })
    return {
      checks: [kafkaReached.check, rulesTopic.check, decisionsTopic.check],
      operations: (request, response) => operations.server.routing(request, response),
      async stop(graceMs) {
        await Promise.all([kafkaReached.stop(), rulesTopic.stop(), decisionsTopic.stop(), drain?.stop()])
        decisions.stop()
        credentials.stop()
        rules.stop()
        certificate?.stop()
        await Promise.all([server.close(), operations.stop(graceMs / 2)])
        await Promise.all([publisher.close(), quarantine?.close()])
      },
    }
  },
})
