import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeProduceRequest, PRODUCE, readProduceAnswer } from './produce-protocol.ts'
import { encodeRecordBatch } from './record-batch.ts'

/** kafkajs writes the same request, but for the batch itself, and reads the same answer. */
const require = createRequire(import.meta.url)
const kafkaJsRequest = require('kafkajs/src/protocol/requests/produce/v7/request')
const kafkaJsResponse = require('kafkajs/src/protocol/requests/produce/v7/response')
const Encoder = require('kafkajs/src/protocol/encoder')

const topic = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const partition = fc.nat(50)

describe('the produce protocol', () => {
  test('asks in the same bytes as kafkajs', async () => {
    const batches = [
      ['a', 0, 'one'],
      ['ü', 3, 'two'],
    ] as const
    const request = kafkaJsRequest({
      acks: -1,
      timeout: 5000,
      topicData: batches.map(([name, number, value]) => ({
        topic: name,
        partitions: [{ partition: number, messages: [{ key: null, value, timestamp: 7 }], firstSequence: 0 }],
      })),
    })
    expect([request.apiKey, request.apiVersion]).toEqual([PRODUCE.key, PRODUCE.version])
    const ours = encodeProduceRequest(
      batches.map(([name, number, value]) => ({
        topic: name,
        partition: number,
        recordBatch: encodeRecordBatch([{ key: null, value, timestamp: 7 }], 0),
      })),
      5000,
    )
    const theirs = (await request.encode()).buffer
    // A batch's leader epoch, producer epoch and sequence mean nothing here, and neither does the sum over them.
    const meaningless = [
      [12, 16],
      [17, 21],
      [51, 57],
    ] as const
    for (const bytes of [ours, theirs]) {
      for (let at = bytes.indexOf('\x02', 24); at !== -1; at = bytes.indexOf('\x02', at + 1)) {
        const batchAt = at - 16
        if (bytes.readBigInt64BE(batchAt) !== 0n || bytes.readBigInt64BE(batchAt + 27) !== 7n) continue
        for (const [from, to] of meaningless) bytes.fill(0, batchAt + from, batchAt + to)
      }
    }
    expect(ours).toEqual(theirs)
  })

  test('reads what kafkajs reads', async () => {
    const answered = fc.array(
      fc.record({
        topic,
        partitions: fc.array(fc.record({ partition, error: fc.constantFrom(0, 3, 6, 87) }), { maxLength: 4 }),
      }),
      { maxLength: 4 },
    )
    await fc.assert(
      fc.asyncProperty(answered, fc.nat(1000), async (topics, throttleMs) => {
        const encoder = new Encoder().writeInt32(topics.length)
        for (const { topic: name, partitions } of topics) {
          encoder.writeString(name).writeInt32(partitions.length)
          for (const one of partitions) {
            encoder.writeInt32(one.partition).writeInt16(one.error)
            encoder.writeInt64('1').writeInt64('2').writeInt64('3')
          }
        }
        const { buffer } = encoder.writeInt32(throttleMs)
        const theirs = await kafkaJsResponse.decode(buffer)
        expect(readProduceAnswer(buffer)).toEqual({
          throttleMs: theirs.clientSideThrottleTime,
          partitions: theirs.topics.flatMap((of: AnsweredTopic) =>
            of.partitions.map((one) => ({
              topic: of.topicName,
              partition: one.partition,
              error: one.errorCode,
            })),
          ),
        })
      }),
    )
  })
})

type AnsweredTopic = { topicName: string; partitions: { partition: number; errorCode: number }[] }
