import type { Message } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import type { KafkaJs } from './kafkajs-connect.ts'
import { createKafkaJsProducer } from './kafkajs-producer.ts'
import type { ProduceBatch } from './port.ts'
import { readRecordSet } from './record-batch.ts'

type Sent = { topicMessages: { topic: string; messages: (Message & { recordBatch: Buffer })[] }[] }

/** A cluster in which all topics exist but `missing`, and whose sends end as `sendBatch` says. */
function fake(sendBatch: (sent: Sent) => Promise<unknown>, missing: readonly string[] = []) {
  const opened: { connected: boolean; destroyed: boolean }[] = []
  const open = () => {
    const state = { connected: false, destroyed: false }
    opened.push(state)
    const connect = async () => {
      state.connected = true
    }
    const fetchTopicMetadata = async ({ topics }: { topics: string[] }) => {
      if (topics.some((topic) => missing.includes(topic)))
        throw protocolError(3, 'UNKNOWN_TOPIC_OR_PARTITION')
    }
    const kafka = {
      producer: () => ({ connect, sendBatch, disconnect: async () => {} }),
      admin: () => ({ connect, fetchTopicMetadata, disconnect: async () => {} }),
    }
    return { kafka, destroy: () => (state.destroyed = true) } as unknown as KafkaJs
  }
  return { producer: createKafkaJsProducer(open, { requestTimeoutMs: 1000 }), opened }
}

function protocolError(code: number, type: string, more: object = {}): Error {
  return Object.assign(new Error(type), { name: 'KafkaJSProtocolError', code, type, ...more })
}

/** As kafkajs does when its tries are over. */
function exceeded(cause: Error): Error {
  return Object.assign(new Error(cause.message, { cause }), { name: 'KafkaJSNumberOfRetriesExceeded' })
}

const batch = (topic: string, partition: number): ProduceBatch => ({
  topic,
  partition,
  records: [{ key: 'k', value: 'v' }],
})
const confirmed = ({ topic, partition }: ProduceBatch) => ({ topicName: topic, partition, errorCode: 0 })
const [a0, a1, b0] = [batch('a', 0), batch('a', 1), batch('b', 0)]

describe('the kafkajs producer', () => {
  test('K1: does not call stored what the answer leaves out', async () => {
    const { producer } = fake(async () => [confirmed(a0), confirmed(b0)])
    const outcomes = await producer.produce([a0, a1, b0])
    expect(outcomes.map(({ status }) => status)).toEqual(['stored', 'unknown', 'stored'])
  })

  test('K4: sends a batch per partition, encoded, so that nobody partitions it anew', async () => {
    let sent: Sent | undefined
    const { producer } = fake(async (request) => {
      sent = request
      return [a0, a1, b0].map(confirmed)
    })
    const two = { ...a1, records: [a1.records[0]!, { key: null, value: Uint8Array.of(1, 2, 3) }] }
    await producer.produce([a0, two, b0])
    const partitions = sent?.topicMessages.map(({ topic, messages }) => [
      topic,
      messages.map(({ partition, recordBatch }) =>
        readRecordSet(recordBatch, { topic, partition: partition! }, 0, []).records.map((record) => [
          record.partition,
          record.value?.toString('latin1'),
        ]),
      ),
    ])
    expect(partitions).toEqual([
      [
        'a',
        [
          [[0, 'v']],
          [
            [1, 'v'],
            [1, '\x01\x02\x03'],
          ],
        ],
      ],
      ['b', [[[0, 'v']]]],
    ])
  })

  test('reads each outcome from the answer of the broker that refused a part', async () => {
    const answer = [
      {
        topicName: 'a',
        partitions: [
          { partition: 0, errorCode: 10 },
          { partition: 1, errorCode: 0 },
        ],
      },
    ]
    const error = protocolError(10, 'MESSAGE_TOO_LARGE', { topics: answer, produceBegun: true })
    const { producer } = fake(() => Promise.reject(error))
    expect(await producer.produce([a0, a1, b0])).toMatchObject([
      { status: 'failed', reason: 'too-large', retriable: false },
      { status: 'stored' },
      { status: 'unknown' },
    ])
  })

  test.each([
    ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 20],
    ['REQUEST_TIMED_OUT', 7],
    ['KAFKA_STORAGE_ERROR', 56],
  ])('does not claim that nothing was stored after %s', async (type, code) => {
    const topics = [{ topicName: 'a', partitions: [{ partition: 0, errorCode: code }] }]
    const error = protocolError(code, type, { topics, produceBegun: true })
    const { producer } = fake(() => Promise.reject(exceeded(error)))
    expect(await producer.produce([a0])).toMatchObject([{ status: 'unknown' }])
  })

  test('does not know what became of a request whose answer did not come, and connects anew', async () => {
    const error = Object.assign(new Error('Request Produce timed out'), {
      name: 'KafkaJSRequestTimeoutError',
      produceBegun: true,
    })
    const { producer, opened } = fake(() => Promise.reject(exceeded(error)))
    expect(await producer.produce([a0])).toMatchObject([{ status: 'unknown' }])
    const before = opened.length
    await producer.produce([a0])
    expect(opened.length).toBe(before + 1)
  })

  test('knows that nothing was stored when sending had not begun', async () => {
    const error = Object.assign(new Error('Connection error: connect ECONNREFUSED'), {
      name: 'KafkaJSConnectionError',
      code: 'ECONNREFUSED',
    })
    const { producer } = fake(() => Promise.reject(exceeded(error)))
    expect(await producer.produce([a0, b0])).toMatchObject([
      { status: 'failed', reason: 'unavailable', retriable: true },
      { status: 'failed', reason: 'unavailable', retriable: true },
    ])
  })

  test('shows a missing topic to no session', async () => {
    const sent: string[] = []
    const { producer } = fake(
      async ({ topicMessages }) => {
        sent.push(...topicMessages.map(({ topic }) => topic))
        return [a0, b0].map(confirmed)
      },
      ['gone'],
    )
    expect(await producer.produce([a0, batch('gone', 0), b0])).toMatchObject([
      { status: 'stored' },
      { status: 'failed', reason: 'unknown-topic', retriable: true },
      { status: 'stored' },
    ])
    expect(sent).toEqual(['a', 'b'])
  })

  test('looks for its topics again, in a new session, when one has disappeared', async () => {
    let gone = false
    const missing: string[] = []
    const { producer } = fake(async () => {
      // A session that knows a missing topic fails for all topics.
      if (gone && missing.length === 0) {
        missing.push('b')
        throw exceeded(protocolError(3, 'UNKNOWN_TOPIC_OR_PARTITION'))
      }
      return [a0, b0].map(confirmed)
    }, missing)
    await producer.produce([a0, b0])
    gone = true
    expect(await producer.produce([a0])).toMatchObject([{ status: 'failed', retriable: true }])
    expect(await producer.produce([a0, b0])).toMatchObject([
      { status: 'stored' },
      { reason: 'unknown-topic' },
    ])
  })
})
