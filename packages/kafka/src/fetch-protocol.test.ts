import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeFetchRequest, FETCH, readFetchAnswer } from './fetch-protocol.ts'

/** kafkajs writes the same request, and reads the same answer. */
const require = createRequire(import.meta.url)
const kafkaJsRequest = require('kafkajs/src/protocol/requests/fetch/v11/request')
const kafkaJsResponse = require('kafkajs/src/protocol/requests/fetch/v11/response')
const Encoder = require('kafkajs/src/protocol/encoder')

const LIMITS = { minBytes: 1, maxWaitMs: 100, maxBytes: 5000, maxBytesPerPartition: 700 }
const topic = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const offset = fc.maxSafeNat()

describe('the fetch protocol', () => {
  test('asks in the same bytes as kafkajs', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ topic, partition: fc.nat(50), offset }), { maxLength: 8 }),
        async (positions) => {
          const theirs = kafkaJsRequest({
            replicaId: -1,
            maxWaitTime: LIMITS.maxWaitMs,
            minBytes: LIMITS.minBytes,
            maxBytes: LIMITS.maxBytes,
            isolationLevel: 1,
            topics: positions.map((position) => ({
              topic: position.topic,
              partitions: [
                {
                  partition: position.partition,
                  fetchOffset: String(position.offset),
                  maxBytes: LIMITS.maxBytesPerPartition,
                },
              ],
            })),
          })
          expect([theirs.apiKey, theirs.apiVersion]).toEqual([FETCH.key, FETCH.version])
          const encoded = await theirs.encode()
          expect(encodeFetchRequest(positions, LIMITS)).toEqual(encoded.buffer)
        },
      ),
    )
  })

  test('reads what kafkajs reads, and leaves out partitions without news', async () => {
    const partition = fc.record({
      partition: fc.nat(50),
      error: fc.constantFrom(0, 0, 0, 1, 6),
      highWatermark: offset,
      aborted: fc.array(
        fc.record({ producerId: fc.bigInt({ min: 0n, max: 2n ** 62n }), firstOffset: offset }),
        {
          maxLength: 3,
        },
      ),
      records: fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ minLength: 1, maxLength: 40 })),
    })
    const answered = fc.array(fc.record({ topic, partitions: fc.array(partition, { maxLength: 4 }) }), {
      maxLength: 4,
    })
    await fc.assert(
      fc.asyncProperty(answered, fc.nat(1000), async (topics, throttleMs) => {
        const bytes = encodeAnswer(topics, throttleMs)
        const read = readFetchAnswer(bytes)
        // Records are kafkajs' to decode elsewhere: what it reads of the rest must be the same.
        const theirs = await kafkaJsResponse.decode(encodeAnswer(withoutRecords(topics), throttleMs))
        expect([read.throttleMs, read.error]).toEqual([theirs.clientSideThrottleTime, theirs.errorCode])
        expect(read.partitions).toEqual(
          topics.flatMap((of, n) =>
            of.partitions.flatMap(({ error, records }, m) => {
              if (error === 0 && records.length === 0) return []
              const { errorCode, highWatermark, abortedTransactions } = theirs.responses[n].partitions[m]
              return {
                topic: theirs.responses[n].topicName,
                partition: theirs.responses[n].partitions[m].partition,
                error: errorCode,
                highWatermark: Number(highWatermark),
                aborted: abortedTransactions.map((one: { producerId: string; firstOffset: string }) => ({
                  producerId: BigInt(one.producerId),
                  firstOffset: Number(one.firstOffset),
                })),
                recordSet: Buffer.from(records),
              }
            }),
          ),
        )
      }),
    )
  })
})

type Answered = {
  topic: string
  partitions: {
    partition: number
    error: number
    highWatermark: number
    aborted: { producerId: bigint; firstOffset: number }[]
    records: Uint8Array
  }[]
}

function withoutRecords(topics: readonly Answered[]): Answered[] {
  return topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map((partition) => ({ ...partition, records: new Uint8Array() })),
  }))
}

/** By the description of the format. */
function encodeAnswer(topics: readonly Answered[], throttleMs: number): Buffer {
  const encoder = new Encoder()
  encoder.writeInt32(throttleMs).writeInt16(0).writeInt32(0).writeInt32(topics.length)
  for (const { topic, partitions } of topics) {
    encoder.writeString(topic).writeInt32(partitions.length)
    for (const { partition, error, highWatermark, aborted, records } of partitions) {
      encoder.writeInt32(partition).writeInt16(error)
      encoder.writeInt64(String(highWatermark)).writeInt64('0').writeInt64('0').writeInt32(aborted.length)
      for (const { producerId, firstOffset } of aborted)
        encoder.writeInt64(String(producerId)).writeInt64(String(firstOffset))
      encoder.writeInt32(-1).writeBytes(Buffer.from(records))
    }
  }
  return encoder.buffer
}
