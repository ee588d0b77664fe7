import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { paymentFailed } from '@sluice/events'
import {
  createBrokerCertificate,
  freePort,
  KAFKA_CACHE_DIR,
  type LocalKafka,
  resolveKafkaJars,
  startLocalKafka,
  uniqueName,
} from '@sluice/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readDecisions } from './decision-log.ts'
import { createEventWriter } from './event-writer.ts'
import { type FlinkFixture, startFlink } from './flink-fixture.ts'

const user = { name: 'sluice', password: 'a-secret|&' }

let folder: string
let kafka: LocalKafka
let flink: FlinkFixture

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-secured-'))
  const { keystore, caFile } = await createBrokerCertificate(folder)
  const port = await freePort()
  kafka = await startLocalKafka({
    libs: await resolveKafkaJars({ cacheDir: KAFKA_CACHE_DIR }),
    dataDir: join(folder, 'kafka'),
    port: await freePort(),
    extraListeners: { saslSslPort: port, users: [user], keystore },
  })
  flink = await startFlink(kafka.brokers, {
    jobBrokers: `localhost:${port}`,
    jobs: ['payment-trouble'],
    settings: { KAFKA_SECURITY: tableOptions(caFile) },
  })
}, 400_000)

afterAll(async () => {
  await flink?.stop()
  await kafka?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** As docs/streams.md says. */
function tableOptions(caFile: string): string {
  const { name, password } = user
  const login = `org.apache.flink.kafka.shaded.org.apache.kafka.common.security.scram.ScramLoginModule required username="${name}" password="${password}";`
  const options = {
    'security.protocol': 'SASL_SSL',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
    'sasl.mechanism': 'SCRAM-SHA-256',
    'sasl.jaas.config': login,
  }
  return Object.entries(options)
    .map(([option, value]) => `'properties.${option}' = '${value}',`)
    .join(' ')
}

test('a job reads and writes behind TLS and SASL', async () => {
  const writer = createEventWriter(kafka.brokers)
  const decisions = await readDecisions(kafka.brokers)
  try {
    const customer = { id: uniqueName('c'), email: 'ada@example.com' }
    for (let attempt = 1; attempt <= 3; attempt++)
      await writer.write(paymentFailed, Date.now(), { data: { customer, attempt } })
    const decision = await decisions.find(({ scope }) => scope.key === customer.id, 'the decision')
    expect(decision.by).toBe('payment-trouble')
  } finally {
    await decisions.close()
    await writer.close()
  }
})
