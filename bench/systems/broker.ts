import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, KAFKA_CACHE_DIR, resolveKafkaJars, startLocalKafka } from '@sluice/testing'

export type BenchBroker = {
  readonly brokers: string
  readonly port: number
  readonly pid: number
  readonly libs: string
  stop(): Promise<void>
}

/** Fixed, so that runs compare. The local broker's usual heap is smaller. */
export const BROKER_HEAP_MB = 512

/** A Kafka in a JVM with data of its own, which `stop` throws away. Cold: see `startWarmBroker`. */
export async function startBroker(): Promise<BenchBroker> {
  const libs = await resolveKafkaJars({ cacheDir: KAFKA_CACHE_DIR })
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  const port = await freePort()
  try {
    const kafka = await startLocalKafka({
      libs,
      dataDir: join(folder, 'kafka'),
      port,
      heapMb: BROKER_HEAP_MB,
    })
    return {
      brokers: kafka.brokers,
      port,
      pid: kafka.pid,
      libs,
      async stop() {
        await kafka.stop()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** Of the Kafka that `startBroker` starts. */
export async function kafkaVersion(): Promise<string> {
  const libs = await resolveKafkaJars({ cacheDir: KAFKA_CACHE_DIR })
  const jar = (await readdir(libs)).find((name) => name.startsWith('kafka-clients-'))
  return jar?.slice('kafka-clients-'.length, -'.jar'.length) ?? 'unknown'
}
