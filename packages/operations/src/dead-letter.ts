import { GENERATION, readIdentity, textOf } from '@sluice/events'
import type { IncomingRecord, RecordOrigin } from '@sluice/kafka'
import { FURTHEST_MS } from './instant.ts'

/** What a dead letter says about itself, without its payload. Times in milliseconds since the epoch. */
export type DeadLetter = {
  /** In the dead-letter topic. */
  readonly offset: number
  /** When it was given up. */
  readonly at: number
  readonly key: string | null
  /** The event's id; absent where the value holds no event. */
  readonly id: string | undefined
  /** `schema`, `handler`, `timeout`, `poison`; `unknown` where another program wrote the letter. */
  readonly reason: string
  readonly errorType: string
  readonly errorMessage: string
  readonly attempts: number | undefined
  readonly firstFailedAt: number | undefined
  /** How often it was redriven before it came here. */
  readonly replayCount: number
  /** Which redrive or replay brought the record here; empty: none did. */
  readonly generation: string
  /** Where it was read; absent where no header says so. */
  readonly origin: RecordOrigin | undefined
}

/** Headers of Sluice's own letters; what the service adds to them is in the Kafka package's dead-letter.ts. */
const PREFIX = 'dlq-'

/** The names under which other programs say where a letter is from. Spring writes numbers as big-endian bytes. */
const FOREIGN_PREFIXES = ['kafka_dlt-', '__connect.errors.'] as const

/** Whether a header is about the letter, and not the event's own. */
export function isAboutLetter(name: string): boolean {
  return name.startsWith(PREFIX) || FOREIGN_PREFIXES.some((prefix) => name.startsWith(prefix))
}

/** The record of a dead-letter topic, read. What a header does not say sensibly counts as unsaid. */
export function readDeadLetter(record: IncomingRecord): DeadLetter {
  const { headers } = record
  const ours = (name: string) => textOf(headers[`${PREFIX}${name}`])
  const theirs = (spring: string, connect: string) =>
    textOf(headers[`kafka_dlt-${spring}`]) ?? textOf(headers[`__connect.errors.${connect}`])
  return {
    offset: record.offset,
    at: record.timestamp,
    key: record.key === null ? null : record.key.toString(),
    id: readIdentity(record)?.id,
    reason: ours('reason') ?? 'unknown',
    errorType: ours('error-type') ?? theirs('exception-fqcn', 'exception.class.name') ?? '',
    errorMessage: ours('error-message') ?? theirs('exception-message', 'exception.message') ?? '',
    attempts: wholeNumber(ours('attempts')),
    firstFailedAt: instant(ours('first-failed-at')),
    replayCount: wholeNumber(ours('replay-count')) ?? 0,
    generation: textOf(headers[GENERATION]) ?? '',
    origin: originOf(record),
  }
}

function originOf({ headers, timestamp: writtenAt }: IncomingRecord): RecordOrigin | undefined {
  const number = (name: string) => {
    const ours = wholeNumber(textOf(headers[`${PREFIX}original-${name}`]))
    return ours ?? bigEndian(headers[`kafka_dlt-original-${name}`])
  }
  const connect = (name: string) => textOf(headers[`__connect.errors.${name}`])
  const topic =
    textOf(headers[`${PREFIX}original-topic`]) ??
    textOf(headers['kafka_dlt-original-topic']) ??
    connect('topic')
  if (!topic) return undefined
  const partition = number('partition') ?? wholeNumber(connect('partition'))
  const offset = number('offset') ?? wholeNumber(connect('offset'))
  if (partition === undefined || offset === undefined) return undefined
  return { topic, partition, offset, timestamp: number('timestamp') ?? writtenAt }
}

type Header = IncomingRecord['headers'][string]

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined
  return Number(text)
}

/** Java's int or long. Offsets, partitions and times alike are none below zero, and none beyond what a Date holds. */
function bigEndian(header: Header): number | undefined {
  const value = Array.isArray(header) ? header.at(-1) : header
  if (!Buffer.isBuffer(value)) return undefined
  if (value.length !== 4 && value.length !== 8) return undefined
  const number = value.length === 4 ? value.readInt32BE() : Number(value.readBigInt64BE())
  return number >= 0 && number <= FURTHEST_MS ? number : undefined
}

function instant(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}
