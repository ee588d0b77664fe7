import { findJava, KAFKA_CACHE_DIR, LocalKafkaError, resolveKafkaJars } from '@sluice/testing'
import { whyNoToxiproxy } from './start-toxiproxy.ts'

/**
 * Why the rig cannot run here; nothing when it can. It needs a Kafka of its own in a JVM, also where there is Docker
 * or a given Kafka: it kills it, and its clients have to be sent through a proxy.
 */
export async function whyNoRig(onNotice: (line: string) => void): Promise<string | undefined> {
  try {
    await findJava()
    await resolveKafkaJars({ cacheDir: KAFKA_CACHE_DIR, onProgress: onNotice })
  } catch (error) {
    if (error instanceof LocalKafkaError) return `The fault suite runs Kafka in a JVM. ${error.message}`
    throw error
  }
  return whyNoToxiproxy()
}
