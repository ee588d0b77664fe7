/** Kafka's record batches, version 2 (KIP-98), read in place. */

export type RecordVisitor = (keyAt: number, keyLength: number, valueAt: number, valueLength: number) => void

/** The batch was written with a codec, which this reader does not speak. */
export class CompressedBatchError extends Error {
  override readonly name = 'CompressedBatchError'
  readonly code = 'compressed-batch'
}

const BATCH_LENGTH_AT = 8
const LENGTH_COUNTS_FROM = 12
const ATTRIBUTES_AT = 21
const LAST_OFFSET_DELTA_AT = 23
const COUNT_AT = 57
const RECORDS_AT = 61
const CODEC_MASK = 0b111
const CONTROL_BIT = 0b100000

/**
 * Visits the key and value of each record between `start` and `end`; a missing key has length -1. Returns the
 * offset to fetch next, or `undefined` when not even one batch was whole. Skips control batches; a batch that
 * the broker cut off at the end is left for the next fetch. Checksums are not verified.
 * Not for a fetch that begins in the middle of a batch: its first records would be visited again.
 * @throws CompressedBatchError
 */
export function visitRecords(
  bytes: Buffer,
  start: number,
  end: number,
  visit: RecordVisitor,
): number | undefined {
  let next: number | undefined
  for (let at = start; at + RECORDS_AT <= end; ) {
    const batchEnd = at + LENGTH_COUNTS_FROM + bytes.readInt32BE(at + BATCH_LENGTH_AT)
    if (batchEnd > end) break
    const attributes = bytes.readInt16BE(at + ATTRIBUTES_AT)
    if ((attributes & CODEC_MASK) !== 0) throw new CompressedBatchError('A batch is compressed.')
    if ((attributes & CONTROL_BIT) === 0)
      visitBatch(bytes, at + RECORDS_AT, bytes.readInt32BE(at + COUNT_AT), visit)
    next = Number(bytes.readBigInt64BE(at)) + bytes.readInt32BE(at + LAST_OFFSET_DELTA_AT) + 1
    at = batchEnd
  }
  return next
}

function visitBatch(bytes: Buffer, start: number, count: number, visit: RecordVisitor): void {
  let at = start
  for (let n = 0; n < count; n++) {
    const length = varint()
    const recordEnd = at + length
    at += 1 // attributes
    skipVarint() // timestamp
    skipVarint() // offset
    const keyLength = varint()
    const keyAt = at
    at += Math.max(0, keyLength)
    const valueLength = varint()
    visit(keyAt, keyLength, at, valueLength)
    at = recordEnd // headers
  }

  /** Zigzag, at most 32 bits. */
  function varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    return (value >>> 1) ^ -(value & 1)
  }

  function skipVarint(): void {
    while (bytes[at++]! >= 0x80);
  }
}
