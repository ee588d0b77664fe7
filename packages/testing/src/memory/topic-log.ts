import type { HeaderValue, IncomingRecord, OutgoingRecord, TopicPartition } from '@sluice/kafka'

export type PartitionLog = {
  /** The offset of the oldest record that retention has left. */
  low: number
  /** The offset that the next record gets. */
  end: number
  readonly records: IncomingRecord[]
}

export type TopicLog = {
  readonly topic: string
  readonly config: Readonly<Record<string, string>>
  readonly partitions: readonly PartitionLog[]
}

export function createTopicLog(topic: string, partitions: number, config: TopicLog['config']): TopicLog {
  const logs = Array.from({ length: partitions }, () => ({ low: 0, end: 0, records: [] }))
  return { topic, config, partitions: logs }
}

/** Stores records as a broker does: bytes, each with the next offset and, if it has none, the time `now`. */
export function append(
  log: PartitionLog,
  { topic, partition }: TopicPartition,
  records: readonly OutgoingRecord[],
  now: number,
): void {
  for (const { key, value, headers = {}, timestamp = now } of records) {
    log.records.push({
      topic,
      partition,
      offset: log.end,
      timestamp,
      key: toBuffer(key),
      value: toBuffer(value),
      headers: Object.fromEntries(Object.entries(headers).map(([name, held]) => [name, toHeader(held)])),
      bytes: sizeOf(key) + sizeOf(value),
    })
    log.end += 1
  }
}

/** Up to `count` records from `offset` on, and the offset to go on from; that may be past the last record. */
export function read(
  log: PartitionLog,
  offset: number,
  count: number,
): { records: IncomingRecord[]; end: number } {
  let first = log.records.length
  while (first > 0 && log.records[first - 1]!.offset >= offset) first -= 1
  const records = log.records.slice(first, first + count)
  const end = first + count < log.records.length ? records.at(-1)!.offset + 1 : log.end
  return { records, end }
}

/** Forgets what is older than `offset`. */
export function trim(log: PartitionLog, offset: number): void {
  log.low = Math.max(log.low, Math.min(offset, log.end))
  while (log.records.length > 0 && log.records[0]!.offset < log.low) log.records.shift()
}

/**
 * Roughly the bytes of a record batch (KIP-98): 61 for the batch; per record the key, the value, the headers and
 * their lengths.
 */
export function batchBytes(records: readonly OutgoingRecord[]): number {
  let bytes = 61
  for (const { key, value, headers = {} } of records) {
    bytes += 12 + sizeOf(key) + sizeOf(value)
    for (const [name, held] of Object.entries(headers)) {
      for (const one of isList(held) ? held : [held]) bytes += 4 + sizeOf(name) + sizeOf(one)
    }
  }
  return bytes
}

function toHeader(held: HeaderValue | readonly HeaderValue[]): Buffer | null | (Buffer | null)[] {
  return isList(held) ? held.map(toBuffer) : toBuffer(held)
}

function isList(held: HeaderValue | readonly HeaderValue[]): held is readonly HeaderValue[] {
  return Array.isArray(held)
}

/** A copy, so that a sender that uses its bytes again changes nothing here. */
function toBuffer(bytes: HeaderValue): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes as Uint8Array)
}

function sizeOf(bytes: HeaderValue): number {
  return bytes === null ? 0 : Buffer.byteLength(bytes)
}
