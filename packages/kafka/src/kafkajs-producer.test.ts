import type { ProducerConfig } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import type { KafkaJsCall } from './kafkajs-call.ts'
import type { KafkaJs } from './kafkajs-connect.ts'
import { createKafkaJsProducer } from './kafkajs-producer.ts'
import type { ProduceBatch, TopicPartition } from './port.ts'
import type { ProduceAnswer } from './produce-protocol.ts'
import { readRecordSet } from './record-batch.ts'

type Sent = { readonly leader: number; readonly batches: readonly ProduceBatchSent[] }
type ProduceBatchSent = TopicPartition & { readonly values: readonly (string | undefined)[] }

/**
 * A cluster in which all topics exist but `missing`, each with two partitions, and a leader for each partition number
 * unless `leaders` says otherwise. Each request is answered as `answer` says.
 */
function fake(
  answer: (sent: Sent) => Promise<ProduceAnswer>,
  missing: readonly string[] = [],
  leaders: readonly number[] = [1, 1],
) {
  const opened: { connected: boolean; destroyed: boolean; targets: string[] }[] = []
  const configs: ProducerConfig[] = []
  const open = () => {
    const state = { connected: false, destroyed: false, targets: [] as string[] }
    opened.push(state)
    const connect = async () => {
      state.connected = true
    }
    const fetchTopicMetadata = async ({ topics }: { topics: readonly string[] }) => {
      if (topics.some((topic) => missing.includes(topic)))
        throw protocolError(3, 'UNKNOWN_TOPIC_OR_PARTITION')
    }
    const cluster = {
      // A session that knows a missing topic fails for all topics.
      addMultipleTargetTopics: async (topics: readonly string[]) => {
        state.targets.push(...topics)
        await fetchTopicMetadata({ topics: state.targets })
      },
      refreshMetadataIfNecessary: () => fetchTopicMetadata({ topics: state.targets }),
      findTopicPartitionMetadata: () => leaders.map((leader, partitionId) => ({ partitionId, leader })),
      findBroker: async ({ nodeId }: { nodeId: number }) => ({
        connectionPool: {
          send: (call: KafkaJsCall<ProduceAnswer>) =>
            answer({ leader: nodeId, batches: readSent(call.request.encode().buffer) }),
        },
      }),
    }
    const kafka = {
      producer: (config: ProducerConfig) => {
        configs.push(config)
        return { connect, cluster, disconnect: async () => {} }
      },
      admin: () => ({ connect, fetchTopicMetadata, disconnect: async () => {} }),
    }
    return { kafka, destroy: () => (state.destroyed = true) } as unknown as KafkaJs
  }
  return { producer: createKafkaJsProducer(open, { requestTimeoutMs: 1000 }), opened, configs }
}

/** Reads a request back: see `encodeProduceRequest`. */
function readSent(request: Buffer): ProduceBatchSent[] {
  const sent: ProduceBatchSent[] = []
  let at = 12
  for (let left = request.readInt32BE(8); left > 0; left--) {
    const nameEnd = at + 2 + request.readInt16BE(at)
    const place = {
      topic: request.toString('utf8', at + 2, nameEnd),
      partition: request.readInt32BE(nameEnd + 4),
    }
    const batchAt = nameEnd + 12
    at = batchAt + request.readInt32BE(nameEnd + 8)
    const { records } = readRecordSet(request.subarray(batchAt, at), place, 0, [])
    sent.push({ ...place, values: records.map(({ value }) => value?.toString('latin1')) })
  }
  return sent
}

const answered = (...partitions: readonly (TopicPartition & { error?: number })[]): ProduceAnswer => ({
  throttleMs: 0,
  partitions: partitions.map(({ topic, partition, error = 0 }) => ({ topic, partition, error })),
})
const answerAll = async ({ batches }: Sent) => answered(...batches)

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
const [a0, a1, b0] = [batch('a', 0), batch('a', 1), batch('b', 0)]

describe('the kafkajs producer', () => {
  test('K1: does not call stored what the answer leaves out', async () => {
    const { producer } = fake(async () => answered(a0, b0))
    const outcomes = await producer.produce([a0, a1, b0])
    expect(outcomes.map(({ status }) => status)).toEqual(['stored', 'unknown', 'stored'])
  })

  test('K2: is not idempotent: kafkajs uses a sequence number again after a timeout, and loses a batch', async () => {
    const { producer, configs } = fake(async () => answered(a0))
    await producer.produce([a0])
    expect(configs).toMatchObject([{ idempotent: false, retry: { retries: 0 } }])
  })

  test('K4: writes each record to the partition that was asked for', async () => {
    const sent: Sent[] = []
    const { producer } = fake(async (request) => {
      sent.push(request)
      return answerAll(request)
    })
    const two = { ...a1, records: [a1.records[0]!, { key: null, value: Uint8Array.of(1, 2, 3) }] }
    await producer.produce([a0, two, b0])
    expect(sent).toEqual([
      {
        leader: 1,
        batches: [
          { topic: 'a', partition: 0, values: ['v'] },
          { topic: 'a', partition: 1, values: ['v', '\x01\x02\x03'] },
          { topic: 'b', partition: 0, values: ['v'] },
        ],
      },
    ])
  })

  test('K3: what one leader does is no matter for the batches of another', async () => {
    const timedOut = Object.assign(new Error('Request Produce timed out'), {
      name: 'KafkaJSRequestTimeoutError',
    })
    const { producer } = fake(
      async (request) => {
        if (request.leader === 2) throw timedOut
        return answerAll(request)
      },
      [],
      [1, 2],
    )
    const outcomes = await producer.produce([a0, a1, b0])
    expect(outcomes.map(({ status }) => status)).toEqual(['stored', 'unknown', 'stored'])
  })

  test('reads each outcome from the answer of the broker that refused a part', async () => {
    const { producer } = fake(async () => answered({ ...a0, error: 10 }, a1))
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
  ])('does not claim that nothing was stored after %s', async (_type, error) => {
    const { producer } = fake(async () => answered({ ...a0, error }))
    expect(await producer.produce([a0])).toMatchObject([{ status: 'unknown' }])
  })

  test('does not know what became of a request whose answer did not come, and connects anew', async () => {
    const error = Object.assign(new Error('Request Produce timed out'), {
      name: 'KafkaJSRequestTimeoutError',
    })
    const { producer, opened } = fake(() => Promise.reject(exceeded(error)))
    expect(await producer.produce([a0])).toMatchObject([{ status: 'unknown' }])
    const before = opened.length
    await producer.produce([a0])
    expect(opened.length).toBe(before + 1)
  })

  test('knows that nothing was stored where no connection was made', async () => {
    const error = Object.assign(new Error('Connection error: connect ECONNREFUSED'), {
      name: 'KafkaJSConnectionError',
      code: 'ECONNREFUSED',
    })
    const { producer } = fake(() => Promise.reject(exceeded(error)))
    expect(await producer.produce([a0])).toMatchObject([
      { status: 'failed', reason: 'unavailable', retriable: true },
    ])
  })

  test('a partition without a leader is not sent, and looked for in a new session', async () => {
    const { producer, opened } = fake(answerAll, [], [1])
    await producer.produce([a0])
    const before = opened.length
    expect(await producer.produce([a0, a1])).toMatchObject([
      { status: 'stored' },
      { status: 'failed', reason: 'unavailable', retriable: true },
    ])
    await producer.produce([a0])
    expect(opened.length).toBe(before + 1)
  })

  test('a leader that moved is looked for in a new session', async () => {
    let moved = true
    const { producer, opened } = fake(async ({ batches }) => {
      const error = moved ? 6 : 0
      moved = false
      return answered(...batches.map((one) => ({ ...one, error })))
    })
    expect(await producer.produce([a0])).toMatchObject([{ status: 'failed', retriable: true }])
    const before = opened.length
    expect(await producer.produce([a0])).toMatchObject([{ status: 'stored' }])
    expect(opened.length).toBeGreaterThan(before)
  })

  test('shows a missing topic to no session', async () => {
    const sent: string[] = []
    const { producer } = fake(
      async (request) => {
        sent.push(...request.batches.map(({ topic }) => topic))
        return answerAll(request)
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
    const missing: string[] = []
    const { producer } = fake(answerAll, missing)
    await producer.produce([a0, b0])
    missing.push('b')
    // A topic that is new makes the session look at all that it knows.
    const c0 = batch('c', 0)
    expect(await producer.produce([c0])).toMatchObject([{ status: 'failed', retriable: true }])
    expect(await producer.produce([a0, b0, c0])).toMatchObject([
      { status: 'stored' },
      { reason: 'unknown-topic' },
      { status: 'stored' },
    ])
  })
})
