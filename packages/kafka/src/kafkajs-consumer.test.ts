import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import { createFakeCluster, fetched } from './cluster-fixture.ts'
import type { KafkaJs } from './kafkajs-connect.ts'
import { createKafkaJsConsumer } from './kafkajs-consumer.ts'
import type { AssignedPartition, ConsumerListener } from './port.ts'

const EVENTS = {
  GROUP_JOIN: 'join',
  REBALANCING: 'rebalancing',
  CRASH: 'crash',
  REQUEST_TIMEOUT: 'timeout',
}

/** Stands in for kafkajs; each attempt is an emitter with a cluster of its own. */
function fake() {
  const attempts: {
    emitter: EventEmitter
    cluster: ReturnType<typeof createFakeCluster>
    destroyed: boolean
    paused: unknown[]
    committed: unknown[]
    leaving: Promise<void>
    cut: string[]
  }[] = []
  const kafka = {
    committed: 4,
    low: 2,
    high: 9,
    failures: [] as Error[],
    asked: 0,
    answers: Promise.resolve(),
  }
  const open = () => {
    const attempt: (typeof attempts)[number] = {
      emitter: new EventEmitter(),
      cluster: createFakeCluster(
        new Map([
          ['t/0', 1],
          ['t/1', 1],
        ]),
      ),
      destroyed: false,
      paused: [],
      committed: [],
      leaving: Promise.resolve(),
      cut: [],
    }
    attempts.push(attempt)
    const consumer = {
      events: EVENTS,
      on: (name: string, listener: (event: unknown) => void) =>
        attempt.emitter.on(name, (payload) => listener({ payload })),
      connect: async () => {},
      subscribe: async () => {},
      run: async () => void attempt.emitter.emit('join', { memberAssignment: { t: [0, 1] } }),
      disconnect: () => attempt.leaving,
      pause: (list: unknown) => attempt.paused.push(list),
      group: () => ({
        cluster: attempt.cluster.cluster,
        commitOffsets: async (offsets: unknown) => void attempt.committed.push(offsets),
      }),
    }
    const { committed, low, high } = kafka
    const admin = {
      connect: async () => {
        kafka.asked++
        await kafka.answers
        const failure = kafka.failures.shift()
        if (failure) throw failure
      },
      fetchOffsets: async () => [{ topic: 't', partitions: [{ partition: 0, offset: `${committed}` }] }],
      fetchTopicOffsets: async () =>
        [0, 1].map((partition) => ({ partition, low: `${low}`, high: `${high}` })),
      disconnect: async () => {},
    }
    return {
      kafka: { consumer: () => consumer, admin: () => admin },
      cut: (broker: string) => attempt.cut.push(broker),
      destroy: () => (attempt.destroyed = true),
    } as unknown as KafkaJs
  }
  const story: string[] = []
  const standing: AssignedPartition[][] = []
  const listener: ConsumerListener = {
    assigned(partitions, epoch) {
      standing.push([...partitions])
      story.push(`assigned ${partitions.length} in ${epoch}`)
    },
    revoked: () => story.push('revoked'),
    records: ({ partition }, records, end, high) =>
      story.push(`${records.length} of ${partition}, ${end}/${high}`),
    crashed: (error) => story.push(`crashed: ${error.message}`),
  }
  const consumer = createKafkaJsConsumer(open, { group: 'g', topics: ['t'], sessionTimeoutMs: 6000 })
  return { attempts, story, standing, kafka, listener, consumer }
}

/** Long enough for the questions that follow a join. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

const error = (name: string, retriable: boolean, message: string) =>
  Object.assign(new Error(message), { name, retriable })

const at = (partition: number) => ({ topic: 't', partition })

describe('the kafkajs consumer', () => {
  test('K9: a failure that kafkajs will not mend ends the consumer and is told', async () => {
    const { attempts, story, listener, consumer } = fake()
    await consumer.start(listener)
    attempts[0]!.emitter.emit('crash', {
      error: error('KafkaJSNonRetriableError', false, 'no such right'),
    })
    expect(story.at(-1)).toMatch(/^crashed: Group g cannot go on: .*no such right/)
    expect(attempts).toHaveLength(1)
  })

  test('K9: a failure that passes begins a new attempt, and the old one is heard no more', async () => {
    const { attempts, story, listener, consumer } = fake()
    await consumer.start(listener)
    attempts[0]!.emitter.emit('crash', { error: error('KafkaJSGroupCoordinatorNotFound', false, 'none') })
    await expect.poll(() => story).toEqual(['assigned 2 in 1', 'revoked', 'assigned 2 in 2'])
    ;(await attempts[0]!.cluster.next()).answer(fetched(at(0), 4, ['late']))
    attempts[0]!.emitter.emit('rebalancing', {})
    await turn()
    expect(story).toHaveLength(3)
    expect(attempts[0]!.destroyed).toBe(true)
    await consumer.close(1000)
  })

  test('K16: hands all of an answer over, and asks for more without waiting for anybody', async () => {
    const { attempts, story, listener, consumer } = fake()
    await consumer.start(listener)
    const { cluster, paused } = attempts[0]!
    const first = await cluster.next()
    expect(first.asked).toEqual(['t/0@4', 't/1@2'])
    first.answer(fetched(at(0), 4, ['a', 'b']), fetched(at(1), 2, ['c']))
    expect((await cluster.next()).asked).toEqual(['t/1@3', 't/0@6'])
    expect(story.slice(1)).toEqual(['2 of 0, 6/9', '1 of 1, 3/9'])
    // kafkajs itself never fetches.
    expect(paused).toEqual([[{ topic: 't', partitions: [0, 1] }]])
    await consumer.close(1000)
  })

  test('ends the epoch once, hands nothing over until the next, and forgets what was paused', async () => {
    const { attempts, story, listener, consumer } = fake()
    await consumer.start(listener)
    const { emitter, cluster } = attempts[0]!
    consumer.pause([at(1)])
    emitter.emit('rebalancing', {})
    ;(await cluster.next()).answer(fetched(at(0), 4, ['late']))
    emitter.emit('join', { memberAssignment: { t: [1] } })
    const second = await cluster.next()
    expect(second.asked).toEqual(['t/1@2'])
    // A rejoin that was not announced.
    emitter.emit('join', { memberAssignment: { t: [0] } })
    second.answer(fetched(at(1), 2, ['late']))
    ;(await cluster.next()).answer(fetched(at(0), 4, ['in time']))
    await cluster.next()
    expect(story).toEqual([
      'assigned 2 in 1',
      'revoked',
      'assigned 1 in 2',
      'revoked',
      'assigned 1 in 3',
      '1 of 0, 5/9',
    ])
    await consumer.close(1000)
  })

  test('fetches from where its owner seeks when it is told of the assignment', async () => {
    const { attempts, listener, consumer } = fake()
    await consumer.start({
      ...listener,
      assigned: () => consumer.seek({ topic: 't', partition: 0, offset: 3 }),
    })
    expect((await attempts[0]!.cluster.next()).asked).toEqual(['t/0@3', 't/1@2'])
    await consumer.close(1000)
  })

  test('says where the partitions stand, and fetches nothing before', async () => {
    const { attempts, story, standing, kafka, listener, consumer } = fake()
    const answers = Promise.withResolvers<void>()
    kafka.answers = answers.promise
    const started = consumer.start(listener)
    await turn()
    expect(story).toEqual([])
    expect(attempts[0]!.cluster.fetches).toEqual([])
    answers.resolve()
    await started
    expect(standing).toEqual([
      [
        { topic: 't', partition: 0, committed: 4, low: 2, high: 9 },
        { topic: 't', partition: 1, committed: -1, low: 2, high: 9 },
      ],
    ])
    await attempts[0]!.cluster.next()
    await consumer.close(1000)
  })

  test('asks again where the partitions stand when Kafka does not say', async () => {
    const { story, kafka, listener, consumer } = fake()
    kafka.failures = [
      error('KafkaJSConnectionError', true, 'away'),
      error('KafkaJSConnectionError', true, 'away'),
    ]
    await consumer.start(listener)
    expect(kafka.asked).toBe(3)
    expect(story).toEqual(['assigned 2 in 1'])
    await consumer.close(1000)
  })

  test('an answer that a rebalance has overtaken is not told', async () => {
    const { attempts, story, kafka, listener, consumer } = fake()
    await consumer.start(listener)
    const answers = Promise.withResolvers<void>()
    kafka.answers = answers.promise
    attempts[0]!.emitter.emit('join', { memberAssignment: { t: [0] } })
    attempts[0]!.emitter.emit('rebalancing', {})
    attempts[0]!.emitter.emit('join', { memberAssignment: { t: [1] } })
    answers.resolve()
    await turn()
    expect(story).toEqual(['assigned 2 in 1', 'revoked', 'assigned 1 in 2'])
    await consumer.close(1000)
  })

  test('commits only what it owns', async () => {
    const { attempts, listener, consumer } = fake()
    await consumer.start(listener)
    await consumer.commit([{ topic: 't', partition: 1, offset: 1 }])
    expect(attempts[0]!.committed).toEqual([
      { topics: [{ topic: 't', partitions: [{ partition: 1, offset: '1' }] }] },
    ])
    await expect(consumer.commit([{ topic: 't', partition: 2, offset: 1 }])).rejects.toMatchObject({
      code: 'commit-refused',
    })
    await consumer.close(1000)
    await expect(consumer.commit([{ topic: 't', partition: 1, offset: 1 }])).rejects.toMatchObject({
      code: 'commit-refused',
    })
  })

  test('an owner that throws ends the consumer instead of looking like an outage', async () => {
    const { attempts, story, listener, consumer } = fake()
    await consumer.start({
      ...listener,
      records() {
        throw new TypeError('a bug')
      },
    })
    ;(await attempts[0]!.cluster.next()).answer(fetched(at(0), 4, ['a']))
    await expect.poll(() => story.at(-1)).toMatch(/^crashed/)
    expect(attempts).toHaveLength(1)
  })

  test('K15: cuts a connection on which an answer failed to come', async () => {
    const { attempts, listener, consumer } = fake()
    await consumer.start(listener)
    attempts[0]!.emitter.emit('timeout', { broker: 'host:9092' })
    expect(attempts[0]!.cut).toEqual(['host:9092'])
    await consumer.close(1000)
  })

  test('K8: closing has a deadline, after which the connections are cut', async () => {
    const { attempts, listener, consumer } = fake()
    await consumer.start(listener)
    attempts[0]!.leaving = new Promise(() => {})
    await consumer.close(1)
    expect(attempts[0]!.destroyed).toBe(true)
  })
})
