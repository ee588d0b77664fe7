export type KafkaErrorCode =
  | 'kafka-unreachable'
  | 'kafka-refused'
  | 'commit-refused'
  | 'consumer-crashed'
  | 'unreadable-batch'
  | 'kafka-config'

/**
 * Something that Kafka or the way to it would not do. `code` is stable and listed in docs/errors.md.
 * Thrown by admins and by `commit`; caught by the process around them.
 */
export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  readonly code: KafkaErrorCode

  constructor(code: KafkaErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
