import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createBrokerCertificate,
  freePort,
  KAFKA_CACHE_DIR,
  type LocalKafka,
  resolveKafkaJars,
  startLocalKafka,
  waitFor,
  whyNoFloodGuard,
} from '@sluice/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openWorld } from './world.ts'

const user = { name: 'sluice', password: 'a-secret' }
const obstacle = await whyNoFloodGuard(console.error)

describe.skipIf(obstacle !== undefined)('the flood guard on a Kafka behind TLS and SASL', () => {
  let folder: string
  let kafka: LocalKafka
  let port: number
  let caFile: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-secured-'))
    // For a name that is not the brokers' address.
    const certificate = await createBrokerCertificate(folder, 'kafka.example.com')
    caFile = certificate.caFile
    port = await freePort()
    kafka = await startLocalKafka({
      libs: await resolveKafkaJars({ cacheDir: KAFKA_CACHE_DIR }),
      dataDir: join(folder, 'kafka'),
      port: await freePort(),
      extraListeners: { saslSslPort: port, users: [user], keystore: certificate.keystore },
    })
  })

  afterAll(async () => {
    await kafka?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  it('logs in with the settings that every process has', async () => {
    const world = await openWorld(kafka.brokers, {
      KAFKA_BROKERS: `localhost:${port}`,
      KAFKA_TLS: 'true',
      KAFKA_TLS_CA_FILE: caFile,
      KAFKA_TLS_SERVERNAME: 'kafka.example.com',
      KAFKA_SASL_MECHANISM: 'scram-sha-256',
      KAFKA_SASL_USERNAME: user.name,
      KAFKA_SASL_PASSWORD: user.password,
      FLOOD_MIN_RATE: '20',
    })
    try {
      await waitFor(
        async () => {
          await world.send({ source: '/shop', events: 300 })
          return world.decisions('/shop').length > 0
        },
        { timeoutMs: 60_000, intervalMs: 500 },
      )
      expect(world.decisions('/shop')[0]).toMatchObject({ action: 'suppress' })
    } finally {
      await world.close()
    }
  })
})
