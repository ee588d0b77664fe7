import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createBrokerCertificate,
  freePort,
  KAFKA_CACHE_DIR,
  type LocalKafka,
  resolveKafkaJars,
  startLocalKafka,
  uniqueName,
  waitFor,
} from '@sluice/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KafkaConnection, KafkaSasl } from './connection.ts'
import { createKafkaJsClient } from './kafkajs-client.ts'

const user = { name: 'sluice', password: 'a-secret' }

describe('the kafkajs client behind TLS and SASL', () => {
  let folder: string
  let kafka: LocalKafka
  let ca: string
  let ports: { saslPlaintextPort: number; saslSslPort: number; sslPort: number }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-security-'))
    const { keystore, caFile } = await createBrokerCertificate(folder)
    ca = await readFile(caFile, 'utf8')
    ports = { saslPlaintextPort: await freePort(), saslSslPort: await freePort(), sslPort: await freePort() }
    kafka = await startLocalKafka({
      libs: await resolveKafkaJars({ cacheDir: KAFKA_CACHE_DIR }),
      dataDir: join(folder, 'kafka'),
      port: await freePort(),
      extraListeners: { ...ports, users: [user], keystore },
    })
  })

  afterAll(async () => {
    await kafka?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const connectionTo = (port: number, more: Partial<KafkaConnection>): KafkaConnection => ({
    brokers: [`localhost:${port}`],
    clientId: 'security',
    connectTimeoutMs: 5000,
    requestTimeoutMs: 10_000,
    ...more,
  })
  const scram: KafkaSasl = { mechanism: 'scram-sha-256', username: user.name, password: user.password }
  const plain: KafkaSasl = { ...scram, mechanism: 'plain' }

  test.each([
    ['TLS alone', () => connectionTo(ports.sslPort, { tls: { ca } })],
    ['PLAIN under TLS', () => connectionTo(ports.saslSslPort, { tls: { ca }, sasl: plain })],
    ['SCRAM-SHA-256 under TLS', () => connectionTo(ports.saslSslPort, { tls: { ca }, sasl: scram })],
    ['SCRAM-SHA-256 in the clear', () => connectionTo(ports.saslPlaintextPort, { sasl: scram })],
  ])('writes and reads with %s', async (_, connect) => {
    const client = createKafkaJsClient(connect())
    const topic = uniqueName('secure')
    const admin = await client.admin()
    await admin.createTopics([{ topic, partitions: 1, replicationFactor: 1, config: {} }])
    await admin.close()
    const producer = client.producer({ name: 'secure' })
    const batch = { topic, partition: 0, records: [{ key: 'k', value: 'v' }] }
    await waitFor(async () => (await producer.produce([batch]))[0]?.status === 'stored')
    await producer.close()
    const values: string[] = []
    const consumer = client.consumer({ group: topic, topics: [topic], sessionTimeoutMs: 10_000 })
    await consumer.start({
      assigned: () => {},
      revoked: () => {},
      records: (_at, records) => values.push(...records.map(({ value }) => String(value))),
      crashed: (error) => values.push(error.message),
    })
    await waitFor(() => values.length > 0)
    await consumer.close(5000)
    expect(values[0]).toBe('v')
  })

  test('is refused with a wrong password, and says so', async () => {
    const wrong = connectionTo(ports.saslSslPort, { tls: { ca }, sasl: { ...scram, password: 'wrong' } })
    const client = createKafkaJsClient(wrong)
    await expect(client.admin()).rejects.toMatchObject({ code: 'kafka-refused' })
    const producer = client.producer({ name: 'wrong' })
    const batch = { topic: 'any', partition: 0, records: [{ key: null, value: 'v' }] }
    expect(await producer.produce([batch])).toMatchObject([{ status: 'failed', reason: 'unavailable' }])
    await producer.close()
  })

  test('does not trust a certificate that nobody vouches for', async () => {
    const client = createKafkaJsClient(connectionTo(ports.sslPort, { tls: {} }))
    await expect(client.admin()).rejects.toMatchObject({ code: 'kafka-unreachable' })
  })
})
