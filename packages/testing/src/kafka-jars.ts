import { fileURLToPath } from 'node:url'
import { resolveMavenFolder } from './maven-folder.ts'

export type ResolveKafkaJarsOptions = {
  /** Where the jars are kept, e.g. `.sluice/kafka`; created when missing. */
  readonly cacheDir: string
  /** Short lines for a person who waits. */
  readonly onProgress?: (line: string) => void
}

const POM = fileURLToPath(new URL('../../../infra/kafka/pom.xml', import.meta.url))

/**
 * The folder with the jars of Apache Kafka that infra/kafka/pom.xml names. The first call lets Maven fetch
 * them (about 45 MB); later ones need neither Maven nor a network. Two processes may call this at the same time.
 * @throws LocalKafkaError `java-missing`, `maven-missing` or `kafka-jars`.
 */
export function resolveKafkaJars(options: ResolveKafkaJarsOptions): Promise<string> {
  const { cacheDir, onProgress = () => {} } = options
  return resolveMavenFolder({
    pom: POM,
    goal: ['dependency:copy-dependencies', '-DincludeScope=runtime'],
    what: 'Apache Kafka',
    size: '45 MB',
    code: 'kafka-jars',
    instead: 'use Docker, or set KAFKA_BROKERS to a running Kafka',
    cacheDir,
    onProgress,
  })
}
