import { KafkaError, type KafkaErrorCode } from './errors.ts'
import type { ProduceFailure, ProduceOutcome } from './port.ts'

/** What kafkajs puts on errors; each is absent on some. */
export type KafkaJsFault = Error & {
  readonly code?: number | string
  readonly type?: string
  readonly retriable?: boolean
}

/** kafkajs wraps what happened in one or two errors that say only that it gave up. */
export function rootOf(error: unknown): KafkaJsFault {
  let root = error as KafkaJsFault
  while (root.cause instanceof Error && WRAPPERS.has(root.name)) root = root.cause as KafkaJsFault
  return root
}

/** What a broker's error code for one partition says about the batch; see Kafka's protocol guide. */
export function outcomeOfCode(code: number): ProduceOutcome {
  if (code === 0) return STORED
  const failure = FAILURES[code]
  const detail = `Kafka answered with error code ${code}${failure ? ` (${failure.name})` : ''}.`
  if (!failure) return { status: 'unknown', detail }
  return { status: 'failed', reason: failure.reason, retriable: failure.retriable, detail }
}

/** The outcome of a batch of a call that failed before anything was sent. `alone`: the error can only be its own. */
export function outcomeOfUnsent(fault: KafkaJsFault, alone: boolean): ProduceOutcome {
  if (alone && typeof fault.code === 'number') {
    const outcome = outcomeOfCode(fault.code)
    if (outcome.status === 'failed') return outcome
  }
  const failed = {
    status: 'failed',
    reason: 'unavailable',
    retriable: true,
    detail: detailOf(fault),
  } as const
  return fault.type === undefined ? { ...failed, unreached: true } : failed
}

/**
 * The outcome of a batch of a call that failed after sending had begun, where no broker answered for it.
 * Only a connection that was never made proves that nothing was stored, and only for a batch sent alone.
 */
export function outcomeOfUnanswered(fault: KafkaJsFault, alone: boolean): ProduceOutcome {
  if (alone && neverConnected(fault)) return outcomeOfUnsent(fault, alone)
  return { status: 'unknown', detail: detailOf(fault), unreached: true }
}

/** Whether the partition's place or our rights may have changed, so that what the client knows is worth nothing. */
export function makesStale(code: number): boolean {
  return STALE.has(code)
}

/** Whether a consumer that failed like this would fail again for ever. */
export function isFatal(fault: KafkaJsFault): boolean {
  if (fault.retriable !== false) return false
  if (TRANSIENT_NAMES.has(fault.name) || TRANSIENT_TYPES.has(fault.type ?? '')) return false
  return !fault.message.startsWith('Invalid state')
}

/** kafkajs calls a connection that breaks during authentication a failed authentication as well. */
export function isAuthenticationFailure(fault: KafkaJsFault): boolean {
  return fault.name === 'KafkaJSSASLAuthenticationError'
}

/** A failure of an admin call or a commit, as ours. */
export function toKafkaError(
  what: string,
  error: unknown,
  refused: KafkaErrorCode = 'kafka-refused',
): KafkaError {
  if (error instanceof KafkaError) return error
  const fault = rootOf(error)
  const code = fault.type === undefined && fault.retriable !== false ? 'kafka-unreachable' : refused
  return new KafkaError(code, `${what}: ${detailOf(fault)}`, { cause: error })
}

export function detailOf(fault: KafkaJsFault): string {
  return fault.type ? `${fault.message} (${fault.type})` : fault.message
}

const STORED: ProduceOutcome = Object.freeze({ status: 'stored' })

const WRAPPERS = new Set(['KafkaJSNumberOfRetriesExceeded', 'KafkaJSNonRetriableError'])

type CodeMeaning = { readonly name: string; readonly reason: ProduceFailure; readonly retriable: boolean }

/**
 * The codes with which nothing was appended. All others leave it open, REQUEST_TIMED_OUT (7),
 * NOT_ENOUGH_REPLICAS_AFTER_APPEND (20) and KAFKA_STORAGE_ERROR (56) among them.
 */
const FAILURES: Readonly<Record<number, CodeMeaning>> = {
  2: { name: 'CORRUPT_MESSAGE', reason: 'invalid', retriable: true },
  3: { name: 'UNKNOWN_TOPIC_OR_PARTITION', reason: 'unknown-topic', retriable: true },
  5: { name: 'LEADER_NOT_AVAILABLE', reason: 'unavailable', retriable: true },
  6: { name: 'NOT_LEADER_OR_FOLLOWER', reason: 'unavailable', retriable: true },
  10: { name: 'MESSAGE_TOO_LARGE', reason: 'too-large', retriable: false },
  17: { name: 'INVALID_TOPIC_EXCEPTION', reason: 'unknown-topic', retriable: false },
  18: { name: 'RECORD_LIST_TOO_LARGE', reason: 'too-large', retriable: false },
  19: { name: 'NOT_ENOUGH_REPLICAS', reason: 'unavailable', retriable: true },
  29: { name: 'TOPIC_AUTHORIZATION_FAILED', reason: 'not-authorised', retriable: false },
  31: { name: 'CLUSTER_AUTHORIZATION_FAILED', reason: 'not-authorised', retriable: false },
  32: { name: 'INVALID_TIMESTAMP', reason: 'invalid', retriable: false },
  44: { name: 'POLICY_VIOLATION', reason: 'invalid', retriable: false },
  76: { name: 'UNSUPPORTED_COMPRESSION_TYPE', reason: 'invalid', retriable: false },
  87: { name: 'INVALID_RECORD', reason: 'invalid', retriable: false },
}

const STALE = new Set([3, 5, 6, 9, 17, 29, 31, 56, 74, 75])

const CONNECT_CODES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])

function neverConnected(fault: KafkaJsFault): boolean {
  if (fault.name !== 'KafkaJSConnectionError') return false
  return (
    CONNECT_CODES.has(String(fault.code)) ||
    /^(Connection timeout|Not connected|Failed to connect)/.test(fault.message)
  )
}

/** Called non-retriable by kafkajs, yet they pass: a new connection and a new membership mend them. */
const TRANSIENT_NAMES = new Set([
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSLockTimeout',
  'KafkaJSTimeout',
  'KafkaJSInvariantViolation',
])
const TRANSIENT_TYPES = new Set([
  'REBALANCE_IN_PROGRESS',
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'BROKER_NOT_AVAILABLE',
  'STALE_CONTROLLER_EPOCH',
  'STALE_BROKER_EPOCH',
  'ILLEGAL_SASL_STATE',
])
