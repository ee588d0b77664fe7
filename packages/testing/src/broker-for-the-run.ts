import type { TestProject } from 'vitest/node'
import { KAFKA_IMAGE, startRealBroker } from './real-broker.ts'

/** What tests get with `inject('brokers')`. */
declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of the one real Kafka of this run. */
    brokers: string
  }
}

/** Vitest's global setup: one real Kafka for all projects that name it. Standard error says which. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared ??= startRealBroker((line) => console.error(line)).then((broker) => {
    console.error(`Kafka of this run: ${broker.brokers}, ${KINDS[broker.kind]}`)
    return broker
  })
  users += 1
  project.provide('brokers', (await shared).brokers)
  return async () => {
    users -= 1
    if (users === 0) await (await shared)?.stop()
  }
}

const KINDS = { given: 'given by KAFKA_BROKERS', docker: KAFKA_IMAGE, jvm: 'local JVM' } as const
let shared: ReturnType<typeof startRealBroker> | undefined
let users = 0
