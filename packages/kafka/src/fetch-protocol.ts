import type { PartitionOffset, TopicPartition } from './port.ts'
import type { AbortedTransaction } from './record-batch.ts'

/**
 * Kafka's Fetch request and its answer, version 11 (KIP-392; brokers from 2.3 on), without a fetch session. Written
 * and read in place: kafkajs spent 0.5 ms of CPU on a fetch of nine partitions, most of it for those that had nothing.
 */
export const FETCH = Object.freeze({ name: 'Fetch', key: 1, version: 11 })

export type FetchLimits = {
  /** The broker answers when it has this much, */
  readonly minBytes: number
  /** or after this long. */
  readonly maxWaitMs: number
  readonly maxBytes: number
  readonly maxBytesPerPartition: number
}

/** What is asked for. The broker fills its answer in this order: rotate it, so that nobody is always last (KIP-74). */
export function encodeFetchRequest(positions: readonly PartitionOffset[], limits: FetchLimits): Buffer {
  const { minBytes, maxWaitMs, maxBytes, maxBytesPerPartition } = limits
  let bytes = HEAD_BYTES + TAIL_BYTES
  for (const { topic } of positions) bytes += 2 + Buffer.byteLength(topic) + 4 + PARTITION_BYTES
  const request = Buffer.allocUnsafe(bytes)
  let at = request.writeInt32BE(-1, 0) // not a replica
  at = request.writeInt32BE(maxWaitMs, at)
  at = request.writeInt32BE(minBytes, at)
  at = request.writeInt32BE(maxBytes, at)
  at = request.writeInt8(READ_COMMITTED, at)
  at = request.writeInt32BE(0, at) // no session
  at = request.writeInt32BE(-1, at)
  at = request.writeInt32BE(positions.length, at)
  for (const { topic, partition, offset } of positions) {
    const length = request.write(topic, at + 2)
    at = request.writeInt16BE(length, at) + length
    at = request.writeInt32BE(1, at) // partitions; a topic may be named more than once
    at = request.writeInt32BE(partition, at)
    at = request.writeInt32BE(-1, at) // leader epoch: whatever it is
    at = request.writeBigInt64BE(BigInt(offset), at)
    at = request.writeBigInt64BE(-1n, at)
    at = request.writeInt32BE(maxBytesPerPartition, at)
  }
  at = request.writeInt32BE(0, at) // nothing to forget
  request.writeInt16BE(0, at) // no rack
  return request
}

const HEAD_BYTES = 29
const TAIL_BYTES = 6
const PARTITION_BYTES = 28
const READ_COMMITTED = 1

/** What the broker says of one partition. `error`: Kafka's code, 0 when there is none. */
export type FetchedPartition = TopicPartition & {
  readonly error: number
  readonly highWatermark: number
  readonly aborted: readonly AbortedTransaction[]
  /** Record batches, of which the last may be cut off. */
  readonly recordSet: Buffer
}

export type FetchAnswer = {
  /** How long the broker wants no request, milliseconds. */
  readonly throttleMs: number
  /** Of the request as a whole. */
  readonly error: number
  /** Only those with records or an error. */
  readonly partitions: readonly FetchedPartition[]
}

export function readFetchAnswer(answer: Buffer): FetchAnswer {
  const partitions: FetchedPartition[] = []
  let at = 14
  for (let topics = answer.readInt32BE(10); topics > 0; topics--) {
    const nameAt = at + 2
    const nameEnd = nameAt + answer.readInt16BE(at)
    at = nameEnd + 4
    for (let left = answer.readInt32BE(nameEnd); left > 0; left--) {
      const start = at
      const error = answer.readInt16BE(start + 4)
      const abortedCount = Math.max(0, answer.readInt32BE(start + 30))
      const abortedAt = start + 34
      // After the aborted transactions comes the preferred replica, which is for readers that name their rack.
      const lengthAt = abortedAt + 16 * abortedCount + 4
      const length = Math.max(0, answer.readInt32BE(lengthAt))
      at = lengthAt + 4 + length
      if (error === 0 && length === 0) continue
      partitions.push({
        topic: answer.toString('utf8', nameAt, nameEnd),
        partition: answer.readInt32BE(start),
        error,
        highWatermark: Number(answer.readBigInt64BE(start + 6)),
        aborted: Array.from({ length: abortedCount }, (_, n) => ({
          producerId: answer.readBigInt64BE(abortedAt + 16 * n),
          firstOffset: Number(answer.readBigInt64BE(abortedAt + 16 * n + 8)),
        })),
        recordSet: answer.subarray(lengthAt + 4, at),
      })
    }
  }
  return { throttleMs: answer.readInt32BE(0), error: answer.readInt16BE(4), partitions }
}
