import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { KafkaError } from './errors.ts'
import type { Headers, HeaderValue, IncomingRecord, OutgoingRecord, TopicPartition } from './port.ts'

/**
 * Kafka's record batch, magic 2 (KIP-98). Written in one pass into one buffer and read in place: see
 * docs/decisions/0009-producing-and-fetching-are-ours.md.
 *
 *     base offset 8 · length 4 · leader epoch 4 · magic 1 · crc 4 · attributes 2 · last offset delta 4 ·
 *     base timestamp 8 · max timestamp 8 · producer id 8 · producer epoch 2 · base sequence 4 · count 4 · records
 */

const LENGTH_AT = 8
const LENGTH_COUNTS_FROM = 12
const LEADER_EPOCH_AT = 12
const MAGIC_AT = 16
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const LAST_OFFSET_DELTA_AT = 23
const BASE_TIMESTAMP_AT = 27
const MAX_TIMESTAMP_AT = 35
const PRODUCER_ID_AT = 43
const PRODUCER_EPOCH_AT = 51
const BASE_SEQUENCE_AT = 53
const COUNT_AT = 57
const RECORDS_AT = 61

const MAGIC = 2
const CODEC_MASK = 0b111
const LOG_APPEND_TIME_BIT = 0b1000
const TRANSACTIONAL_BIT = 0b1_0000
const CONTROL_BIT = 0b10_0000

/** Of one record without key, value and headers: length, attributes, two deltas, two lengths, a count. */
const MAX_RECORD_OVERHEAD = 32
/** What the usual headers of a record take; more makes the buffer grow. */
const HEADERS_GUESS = 64

/**
 * The records as one batch of a producer without idempotence. Strings become UTF-8; a header whose name repeats is
 * written once per value.
 * @param now the timestamp of records that have none, milliseconds since the epoch
 */
export function encodeRecordBatch(records: readonly OutgoingRecord[], now: number): Buffer {
  let base = Number.POSITIVE_INFINITY
  let max = 0
  let bytes = RECORDS_AT
  let longest = 0
  for (const { key, value, timestamp = now } of records) {
    if (timestamp < base) base = timestamp
    if (timestamp > max) max = timestamp
    const length = lengthOf(key) + lengthOf(value)
    if (length > longest) longest = length
    bytes += HEADERS_GUESS + MAX_RECORD_OVERHEAD + length
  }
  // Room for the last one to be measured: see `#bytes`.
  const writer = new Writer(bytes + 3 * longest)
  writer.at = RECORDS_AT
  for (let delta = 0; delta < records.length; delta++) {
    const record = records[delta]!
    writer.record(record, delta, (record.timestamp ?? now) - base)
  }
  const batch = writer.written()
  batch.writeBigInt64BE(0n, 0)
  batch.writeInt32BE(batch.length - LENGTH_COUNTS_FROM, LENGTH_AT)
  batch.writeInt32BE(-1, LEADER_EPOCH_AT)
  batch.writeInt8(MAGIC, MAGIC_AT)
  batch.writeInt16BE(0, ATTRIBUTES_AT)
  batch.writeInt32BE(records.length - 1, LAST_OFFSET_DELTA_AT)
  batch.writeBigInt64BE(BigInt(base), BASE_TIMESTAMP_AT)
  batch.writeBigInt64BE(BigInt(max), MAX_TIMESTAMP_AT)
  batch.writeBigInt64BE(-1n, PRODUCER_ID_AT)
  batch.writeInt16BE(-1, PRODUCER_EPOCH_AT)
  batch.writeInt32BE(-1, BASE_SEQUENCE_AT)
  batch.writeInt32BE(records.length, COUNT_AT)
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT)
  return batch
}

/** A transaction that was given up: its producer's records from this offset on, until its marker, are not to be read. */
export type AbortedTransaction = { readonly producerId: bigint; readonly firstOffset: number }

/** `end`: the offset after the last whole batch; undefined when there was none. */
export type RecordSet = { readonly records: IncomingRecord[]; readonly end: number | undefined }

/**
 * What a fetch brought of one partition, from offset `from` on: record batches, of which the broker may have cut off
 * the last. Leaves out control records and those of aborted transactions. The records read their key, value and
 * headers from `set` when they are asked, so each keeps all of it in memory. Checksums are not verified.
 * @throws KafkaError `unreadable-batch` when a batch has another format, another codec than gzip or zstd, or is not
 * what the format says
 */
export function readRecordSet(
  set: Buffer,
  at: TopicPartition,
  from: number,
  aborted: readonly AbortedTransaction[],
): RecordSet {
  const records: IncomingRecord[] = []
  const isDropped = createDropping(aborted)
  let end: number | undefined
  for (let start = 0; start + RECORDS_AT <= set.length; ) {
    const next = start + LENGTH_COUNTS_FROM + set.readInt32BE(start + LENGTH_AT)
    if (next > set.length) break
    const batch = set.subarray(start, next)
    const magic = batch.readInt8(MAGIC_AT)
    if (magic !== MAGIC) throw unreadable(at, `it has message format ${magic}, which Kafka 4 no longer knows`)
    end = Number(batch.readBigInt64BE(0)) + batch.readInt32BE(LAST_OFFSET_DELTA_AT) + 1
    if (!isDropped(batch, end)) readBatch(batch, at, from, records)
    start = next
  }
  return { records, end }
}

function readBatch(batch: Buffer, at: TopicPartition, from: number, records: IncomingRecord[]): void {
  const attributes = batch.readInt16BE(ATTRIBUTES_AT)
  const baseOffset = Number(batch.readBigInt64BE(0))
  const baseTimestamp = Number(batch.readBigInt64BE(BASE_TIMESTAMP_AT))
  const maxTimestamp = Number(batch.readBigInt64BE(MAX_TIMESTAMP_AT))
  const appendTime = (attributes & LOG_APPEND_TIME_BIT) !== 0
  const bytes = decompress(batch.subarray(RECORDS_AT), attributes & CODEC_MASK, at)
  const reader = new Reader(bytes, 0)
  for (let left = batch.readInt32BE(COUNT_AT); left > 0; left--) {
    const length = reader.varint()
    const start = reader.at
    reader.at++ // attributes, of which there are none
    const timestampDelta = reader.varint()
    const offset = baseOffset + reader.varint()
    if (offset >= from) {
      const timestamp = appendTime ? maxTimestamp : baseTimestamp + timestampDelta
      records.push(new BatchRecord(at, offset, timestamp, bytes, reader))
    }
    reader.at = start + length
    if (length < 0 || reader.at > bytes.length) throw unreadable(at, 'it ends in the middle of a record')
  }
  if (reader.at !== bytes.length) throw unreadable(at, 'it is longer than its records')
}

function decompress(bytes: Buffer, codec: number, at: TopicPartition): Buffer {
  if (codec === 0) return bytes
  const decompressor = DECOMPRESSORS.get(codec)
  if (!decompressor) {
    const why = `it is compressed with ${CODECS[codec] ?? `codec ${codec}`}; only gzip and zstd can be read. Set compression.type on the topic, or where it is written`
    throw unreadable(at, why)
  }
  try {
    return decompressor(bytes)
  } catch (error) {
    throw unreadable(at, `it cannot be decompressed (${(error as Error).message})`)
  }
}

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const DECOMPRESSORS = new Map<number, (bytes: Buffer) => Buffer>([
  [CODECS.indexOf('gzip'), (bytes) => gunzipSync(bytes)],
  [CODECS.indexOf('zstd'), (bytes) => zstdDecompressSync(bytes)],
])

function unreadable({ topic, partition }: TopicPartition, why: string): KafkaError {
  return new KafkaError('unreadable-batch', `A record batch of ${topic} ${partition} cannot be read: ${why}.`)
}

/**
 * Tells which batches are not for readers: control records, and what belongs to an aborted transaction. To be asked in
 * the order of offsets: a producer's records are dropped from the transaction's first offset to its marker.
 */
function createDropping(aborted: readonly AbortedTransaction[]): (batch: Buffer, end: number) => boolean {
  const ahead = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  const dropping = new Set<bigint>()
  return (batch, end) => {
    const attributes = batch.readInt16BE(ATTRIBUTES_AT)
    while (ahead.length > 0 && ahead[0]!.firstOffset < end) dropping.add(ahead.shift()!.producerId)
    if ((attributes & CONTROL_BIT) !== 0) {
      dropping.delete(batch.readBigInt64BE(PRODUCER_ID_AT))
      return true
    }
    return (attributes & TRANSACTIONAL_BIT) !== 0 && dropping.has(batch.readBigInt64BE(PRODUCER_ID_AT))
  }
}

/**
 * Whether the name of one of its headers begins with `prefix`, which is ASCII. Allocates next to nothing, where
 * `headers` makes an object of them all.
 */
export function hasHeaderLike(record: IncomingRecord, prefix: string): boolean {
  if (record instanceof BatchRecord) return record.hasHeaderLike(prefix)
  for (const name in record.headers) if (name.startsWith(prefix)) return true
  return false
}

class Writer {
  at = 0
  #buffer: Buffer

  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(bytes)
  }

  written(): Buffer {
    return this.#buffer.subarray(0, this.at)
  }

  /** Its length stands in front of it, and is known after it: room is left for what ASCII makes likely. */
  record({ key, value, headers }: OutgoingRecord, offsetDelta: number, timestampDelta: number): void {
    const likely = MAX_RECORD_OVERHEAD + lengthOf(key) + lengthOf(value)
    this.#ensure(likely)
    const lengthAt = this.at
    const room = sizeOfVarint(likely)
    this.at += room
    this.#buffer[this.at++] = 0
    this.#varint(timestampDelta)
    this.#varint(offsetDelta)
    this.#bytes(key)
    this.#bytes(value)
    this.#headers(headers)
    this.#close(lengthAt, room)
  }

  #headers(headers: Headers | undefined): void {
    this.#ensure(MAX_RECORD_OVERHEAD)
    let count = 0
    for (const name in headers) count += isList(headers[name]!) ? headers[name].length : 1
    this.#varint(count)
    for (const name in headers) {
      const value = headers[name]!
      for (const one of isList(value) ? value : [value]) {
        this.#bytes(name)
        this.#bytes(one)
      }
    }
  }

  #bytes(part: Uint8Array | string | null): void {
    if (part === null) {
      this.#varint(-1)
      return
    }
    // A UTF-16 unit has at most 3 bytes in UTF-8; what is cut off would go unnoticed.
    this.#ensure(MAX_RECORD_OVERHEAD + (typeof part === 'string' ? 3 * part.length : part.length))
    const lengthAt = this.at
    const room = sizeOfVarint(part.length)
    this.at += room
    if (typeof part === 'string') this.at += this.#buffer.write(part, this.at)
    else {
      this.#buffer.set(part, this.at)
      this.at += part.length
    }
    this.#close(lengthAt, room)
  }

  /** Writes the length of what follows `room` bytes after `lengthAt`, and moves that if the room was wrong. */
  #close(lengthAt: number, room: number): void {
    const start = lengthAt + room
    const length = this.at - start
    const needed = sizeOfVarint(length)
    if (needed !== room) {
      this.#ensure(MAX_RECORD_OVERHEAD)
      this.#buffer.copyWithin(lengthAt + needed, start, this.at)
    }
    this.at = lengthAt
    this.#varint(length)
    this.at += length
  }

  /** Zigzag, then seven bits a byte; exact up to 2^52, because timestamps may lie far apart. */
  #varint(value: number): void {
    let rest = value < 0 ? -2 * value - 1 : 2 * value
    while (rest >= 0x80) {
      this.#buffer[this.at++] = (rest & 0x7f) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.at++] = rest
  }

  #ensure(bytes: number): void {
    if (this.at + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(2 * (this.at + bytes))
    this.#buffer.copy(grown, 0, 0, this.at)
    this.#buffer = grown
  }
}

class Reader {
  at: number
  readonly #bytes: Buffer

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }

  varint(): number {
    const bytes = this.#bytes
    let byte = bytes[this.at++]!
    let value = byte & 0x7f
    let factor = 0x80
    while (byte >= 0x80) {
      byte = bytes[this.at++]!
      value += (byte & 0x7f) * factor
      factor *= 0x80
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

class BatchRecord implements IncomingRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly bytes: number
  readonly #batch: Buffer
  readonly #keyAt: number
  readonly #keyLength: number
  readonly #valueAt: number
  readonly #valueLength: number

  /** @param reader stands at the key's length */
  constructor(at: TopicPartition, offset: number, timestamp: number, batch: Buffer, reader: Reader) {
    this.topic = at.topic
    this.partition = at.partition
    this.offset = offset
    this.timestamp = timestamp
    this.#batch = batch
    this.#keyLength = reader.varint()
    this.#keyAt = reader.at
    if (this.#keyLength > 0) reader.at += this.#keyLength
    this.#valueLength = reader.varint()
    this.#valueAt = reader.at
    this.bytes = Math.max(0, this.#keyLength) + Math.max(0, this.#valueLength)
  }

  get key(): Buffer | null {
    return slice(this.#batch, this.#keyAt, this.#keyLength)
  }

  get value(): Buffer | null {
    return slice(this.#batch, this.#valueAt, this.#valueLength)
  }

  hasHeaderLike(prefix: string): boolean {
    const batch = this.#batch
    const reader = new Reader(batch, this.#valueAt + Math.max(0, this.#valueLength))
    for (let left = reader.varint(); left > 0; left--) {
      const nameLength = reader.varint()
      let same = 0
      if (nameLength >= prefix.length) {
        while (same < prefix.length && batch[reader.at + same] === prefix.charCodeAt(same)) same++
        if (same === prefix.length) return true
      }
      reader.at += nameLength
      const valueLength = reader.varint()
      reader.at += Math.max(0, valueLength)
    }
    return false
  }

  get headers(): IncomingRecord['headers'] {
    const reader = new Reader(this.#batch, this.#valueAt + Math.max(0, this.#valueLength))
    // Without a prototype, because a name may be anything.
    const headers: Record<string, Buffer | null | (Buffer | null)[]> = Object.create(null)
    for (let left = reader.varint(); left > 0; left--) {
      const nameLength = reader.varint()
      const name = this.#batch.toString('utf8', reader.at, reader.at + nameLength)
      reader.at += nameLength
      const valueLength = reader.varint()
      const value = slice(this.#batch, reader.at, valueLength)
      reader.at += Math.max(0, valueLength)
      const earlier = headers[name]
      headers[name] = earlier === undefined ? value : [earlier, value].flat()
    }
    return headers
  }
}

function slice(batch: Buffer, at: number, length: number): Buffer | null {
  return length < 0 ? null : batch.subarray(at, at + length)
}

function lengthOf(part: Uint8Array | string | null): number {
  return part === null ? 0 : part.length
}

function sizeOfVarint(value: number): number {
  let size = 1
  for (let rest = 2 * value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

function isList(value: Headers[string]): value is readonly HeaderValue[] {
  return Array.isArray(value)
}
