export type LocalKafkaErrorCode =
  | 'java-missing'
  | 'maven-missing'
  | 'kafka-jars'
  | 'kafka-data'
  | 'kafka-start'
  | 'registry-jars'
  | 'registry-start'
  | 'flood-guard-build'
  | 'flood-guard-start'
  | 'flink-jars'
  | 'flink-start'
  | 'port-in-use'

/**
 * Why no local Kafka, or what runs beside it in a JVM, could be started. `code` is stable and listed in docs/errors.md;
 * the message says what to do. Thrown by `resolveKafkaJars`, `resolveFlinkJars`, `buildFloodGuard` and
 * what starts something local; caught by whoever talks to the person at the terminal.
 */
export class LocalKafkaError extends Error {
  override readonly name = 'LocalKafkaError'
  readonly code: LocalKafkaErrorCode

  constructor(code: LocalKafkaErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
