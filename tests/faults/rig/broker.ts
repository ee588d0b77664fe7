import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KAFKA_CACHE_DIR, type LocalKafka, resolveKafkaJars, startLocalKafka } from '@sluice/testing'
import { findPorts } from './ports.ts'
import type { Toxiproxy } from './start-toxiproxy.ts'
import type { FaultProxy } from './toxiproxy.ts'

/**
 * One real Kafka, reached in three ways: by the gateway and by the services each through a proxy of its own, and by
 * the suite itself past both, so that what it reads is never spoilt.
 */
export type Broker = {
  readonly direct: string
  readonly gatewayProxy: FaultProxy
  readonly servicesProxy: FaultProxy
  /** SIGTERM: Kafka closes its files and says goodbye. */
  shutDown(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts it again on the same data and ports; resolves when it answers. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startBroker(toxiproxy: Toxiproxy, onNotice: (line: string) => void): Promise<Broker> {
  const libs = await resolveKafkaJars({ cacheDir: KAFKA_CACHE_DIR, onProgress: onNotice })
  const parent = await mkdtemp(join(tmpdir(), 'sluice-faults-kafka-'))
  const [port, ...ports] = (await findPorts(5)) as [number, ...number[]]
  const forwarded = ['GATEWAY', 'SERVICES'].map((name, index) => ({
    name,
    port: ports[2 * index]!,
    advertisedPort: ports[2 * index + 1]!,
  }))
  const start = () =>
    startLocalKafka({
      libs,
      dataDir: join(parent, 'kafka'),
      port,
      extraListeners: { forwarded },
      onNotice: () => {},
    })

  let kafka: LocalKafka | undefined
  const stop = async () => {
    await kafka?.stop()
    await rm(parent, { recursive: true, force: true })
  }
  try {
    kafka = await start()
    const [gatewayProxy, servicesProxy] = await Promise.all(
      forwarded.map((listener) =>
        toxiproxy.createProxy(
          listener.name.toLowerCase(),
          `127.0.0.1:${listener.advertisedPort}`,
          `127.0.0.1:${listener.port}`,
        ),
      ),
    )
    return {
      direct: kafka.brokers,
      gatewayProxy: gatewayProxy!,
      servicesProxy: servicesProxy!,
      shutDown: () => kafka!.stop(),
      async kill() {
        process.kill(kafka!.pid, 'SIGKILL')
        await kafka!.exited
      },
      async restart() {
        kafka = await start()
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
