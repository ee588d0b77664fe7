import type { TopicPartition } from './port.ts'

/** Kafka's Produce request and its answer, version 7 (brokers from 2.1 on), for a producer without idempotence. */
export const PRODUCE = Object.freeze({ name: 'Produce', key: 0, version: 7 })

/** A whole record batch for one partition: see `encodeRecordBatch`. */
export type EncodedBatch = TopicPartition & { readonly recordBatch: Buffer }

/** @param timeoutMs how long the broker may wait for all in-sync replicas */
export function encodeProduceRequest(batches: readonly EncodedBatch[], timeoutMs: number): Buffer {
  let bytes = HEAD_BYTES
  for (const { topic, recordBatch } of batches)
    bytes += 2 + Buffer.byteLength(topic) + PARTITION_BYTES + recordBatch.length
  const request = Buffer.allocUnsafeSlow(bytes)
  let at = request.writeInt16BE(-1, 0) // no transaction
  at = request.writeInt16BE(ALL_IN_SYNC_REPLICAS, at)
  at = request.writeInt32BE(timeoutMs, at)
  at = request.writeInt32BE(batches.length, at)
  for (const { topic, partition, recordBatch } of batches) {
    const length = request.write(topic, at + 2)
    at = request.writeInt16BE(length, at) + length
    at = request.writeInt32BE(1, at) // partitions; a topic may be named more than once
    at = request.writeInt32BE(partition, at)
    at = request.writeInt32BE(recordBatch.length, at)
    at += recordBatch.copy(request, at)
  }
  return request
}

const HEAD_BYTES = 12
const PARTITION_BYTES = 12
const ALL_IN_SYNC_REPLICAS = -1

export type ProduceAnswer = {
  /** How long the broker wants no request, milliseconds. */
  readonly throttleMs: number
  /** `error`: Kafka's code, 0 when the batch is stored. */
  readonly partitions: readonly (TopicPartition & { readonly error: number })[]
}

export function readProduceAnswer(answer: Buffer): ProduceAnswer {
  const partitions: (TopicPartition & { error: number })[] = []
  let at = 4
  for (let topics = answer.readInt32BE(0); topics > 0; topics--) {
    const nameEnd = at + 2 + answer.readInt16BE(at)
    const topic = answer.toString('utf8', at + 2, nameEnd)
    at = nameEnd + 4
    for (let left = answer.readInt32BE(nameEnd); left > 0; left--) {
      partitions.push({ topic, partition: answer.readInt32BE(at), error: answer.readInt16BE(at + 4) })
      at += ANSWERED_PARTITION_BYTES
    }
  }
  return { throttleMs: answer.readInt32BE(at), partitions }
}

/** Partition, error, and three numbers of 8 bytes that nobody here asks for. */
const ANSWERED_PARTITION_BYTES = 30
