import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { resolveKafkaJars } from './kafka-jars.ts'
import { startLocalKafka } from './local-kafka.ts'
import { freePort } from './port-owner.ts'

export type RealBroker = {
  /** `host:port`, several with commas. */
  readonly brokers: string
  readonly kind: 'given' | 'docker' | 'jvm'
  /** Leaves a given broker alone. */
  stop(): Promise<void>
}

/** Keep in step with infra/kafka/pom.xml and docker-compose.yml. */
export const KAFKA_IMAGE = 'apache/kafka:4.3.1'

/** Where the jars and the data of `npm start` live. Ignored by git. */
export const KAFKA_CACHE_DIR = fileURLToPath(new URL('../../../.sluice/kafka', import.meta.url))

/**
 * A real Kafka for tests: `KAFKA_BROKERS` if set; else a container if a Docker engine answers; else a JVM on a
 * free port with data that is thrown away. Tests share it: take names from `uniqueName`. `onNotice` gets short
 * lines for a person who waits, such as why it is not Docker; Kafka's own log is not among them.
 * @throws LocalKafkaError when it comes to the JVM and that does not start.
 */
export async function startRealBroker(onNotice: (line: string) => void = () => {}): Promise<RealBroker> {
  const given = process.env['KAFKA_BROKERS']
  if (given) return { brokers: given, kind: 'given', stop: async () => {} }

  // Imported only here: `npm start` uses this package too, and need not load a Docker client.
  const { dockerAnswers, startKafkaContainer } = await import('./kafka-container.ts')
  if (await dockerAnswers()) {
    try {
      return { ...(await startKafkaContainer(KAFKA_IMAGE, onNotice)), kind: 'docker' }
    } catch (error) {
      // An engine without the image, and without a way to fetch it, is common behind firewalls.
      const reason = error instanceof Error ? error.message : String(error)
      onNotice(`Kafka runs in a local JVM, not in Docker. ${reason}`)
    }
  } else if (process.env['DOCKER_HOST']) {
    onNotice('Kafka runs in a local JVM: the Docker engine that DOCKER_HOST names does not answer.')
  }

  const libs = await resolveKafkaJars({ cacheDir: KAFKA_CACHE_DIR, onProgress: onNotice })
  const parent = await mkdtemp(join(tmpdir(), 'sluice-kafka-'))
  try {
    const kafka = await startLocalKafka({
      libs,
      dataDir: join(parent, 'kafka'),
      port: await freePort(),
    })
    const stop = async () => {
      await kafka.stop()
      await rm(parent, { recursive: true, force: true })
    }
    return { brokers: kafka.brokers, kind: 'jvm', stop }
  } catch (error) {
    await rm(parent, { recursive: true, force: true })
    throw error
  }
}
