import type { Headers, IncomingRecord, PartitionOffset } from './port.ts'
import type { PublishRecord } from './publisher.ts'

/** Why a record was given up. */
export type DeadLetterReason = 'schema' | 'handler' | 'timeout' | 'poison'

/** The place of a record and its time, milliseconds since the epoch. */
export type RecordOrigin = PartitionOffset & { readonly timestamp: number }

export type DeadLetter = {
  readonly service: string
  readonly reason: DeadLetterReason
  readonly attempts: number
  /** Milliseconds since the epoch. */
  readonly firstFailedAt: number
  readonly error: Error
  /** What the record is a copy of; absent: it is none. */
  readonly origin?: RecordOrigin | undefined
  /** Headers that the copy has and the original had not. */
  readonly withoutHeaders?: readonly string[]
}

/** The error's text in a header; longer ones are cut. */
const MAX_MESSAGE_BYTES = 1024
const MAX_STACK_BYTES = 4096

/**
 * The record for the dead-letter topic: key, value and headers byte for byte, and what went wrong in UTF-8
 * headers. Of a retry copy, it is the dead letter of what that is a copy of. Of a record that was a dead letter before, the replay count is kept and the rest replaced.
 * `kafka_dlt-original-topic` is what common Kafka UIs look at to send a record back.
 */
export function toDeadLetter(
  record: IncomingRecord,
  letter: DeadLetter,
  topic: string,
): PublishRecord & { readonly partition: 0 } {
  const { error, origin = record } = letter
  const headers = { ...(record.headers as Headers) } as Record<string, Headers[string]>
  for (const name of letter.withoutHeaders ?? []) delete headers[name]
  return {
    lane: DEAD_LETTER_LANE,
    topic,
    partition: 0,
    key: record.key,
    value: record.value,
    headers: {
      ...headers,
      'dlq-original-topic': origin.topic,
      'dlq-original-partition': String(origin.partition),
      'dlq-original-offset': String(origin.offset),
      'dlq-original-timestamp': String(origin.timestamp),
      'dlq-service': letter.service,
      'dlq-attempts': String(letter.attempts),
      'dlq-first-failed-at': new Date(letter.firstFailedAt).toISOString(),
      'dlq-reason': letter.reason,
      'dlq-error-type': error.name,
      'dlq-error-message': cut(error.message, MAX_MESSAGE_BYTES),
      'dlq-stack': cut(error.stack ?? '', MAX_STACK_BYTES),
      'dlq-replay-count': String(record.headers['dlq-replay-count'] ?? '0'),
      'kafka_dlt-original-topic': origin.topic,
    },
  }
}

/** The publisher's lane for dead letters: they wait behind nobody's flood. */
export const DEAD_LETTER_LANE = 'dead-letter'

/** At most `bytes` of UTF-8, without half a character at the end. */
function cut(text: string, bytes: number): string {
  const encoded = Buffer.from(text)
  if (encoded.length <= bytes) return text
  return encoded
    .subarray(0, bytes)
    .toString()
    .replace(/\uFFFD+$/, '')
}
