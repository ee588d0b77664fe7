import type { Consumer, ProduceOutcome } from '@sluice/kafka'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeClientContract } from './contract/client-contract.ts'
import { createRecordingListener, type RecordingListener } from './contract/recording-listener.ts'
import { createMemoryBroker, type MemoryBroker, type ProduceFault } from './memory-broker.ts'
import { waitFor } from './wait-for.ts'

describeClientContract('the memory broker', () => ({ client: createMemoryBroker().client() }))

const t0 = { topic: 't', partition: 0 }

describe('the memory broker', () => {
  let broker: MemoryBroker
  let consumers: Consumer[]

  beforeEach(() => {
    broker = createMemoryBroker({ topics: { t: 2 }, now: () => 42 })
    consumers = []
  })

  afterEach(async () => {
    for (const consumer of consumers) await consumer.close(0)
  })

  async function produce(value: string, at = t0): Promise<ProduceOutcome> {
    const producer = broker.client().producer({ name: 'test' })
    return (await producer.produce([{ ...at, records: [{ key: null, value }] }]))[0]!
  }

  async function join(): Promise<{ consumer: Consumer; heard: RecordingListener }> {
    const heard = createRecordingListener()
    const consumer = broker.client().consumer({ group: 'g', topics: ['t'], sessionTimeoutMs: 1000 })
    consumers.push(consumer)
    await consumer.start(heard)
    await waitFor(() => heard.owned())
    return { consumer, heard }
  }

  const stored = () => broker.read('t').map(({ value }) => String(value))

  it.each<[string, ProduceFault, ProduceOutcome['status'], string[]]>([
    ['fails', { status: 'failed', reason: 'unavailable', retriable: true, detail: '' }, 'failed', ['c', 'd']],
    ['stores and does not say so', 'unknown-stored', 'unknown', ['a', 'b', 'c', 'd']],
    ['loses and does not say so', 'unknown-not-stored', 'unknown', ['c', 'd']],
  ])('%s as often as it is told, in the partition it is told', async (_, fault, status, left) => {
    broker.failNext(t0, 2, fault)
    expect((await produce('d', { topic: 't', partition: 1 })).status).toBe('stored')
    expect([(await produce('a')).status, (await produce('b')).status]).toEqual([status, status])
    expect((await produce('c')).status).toBe('stored')
    expect(stored()).toEqual(left)
  })

  it('lets a held batch wait until it is released, and no other', async () => {
    const hold = broker.hold('t', 0)
    const held = produce('held')
    expect((await produce('other', { topic: 't', partition: 1 })).status).toBe('stored')
    await waitFor(() => hold.waiting() === 1)
    expect(stored()).toEqual(['other'])
    hold.release()
    expect((await held).status).toBe('stored')
    expect(stored()).toEqual(['held', 'other'])
    expect((await produce('later')).status).toBe('stored')
  })

  it('releases a held batch with a fault', async () => {
    const hold = broker.hold('t')
    const held = produce('held')
    await waitFor(() => hold.waiting() === 1)
    hold.release('unknown-not-stored')
    expect((await held).status).toBe('unknown')
    expect(stored()).toEqual([])
  })

  it('closes a producer only when its held batches have been answered', async () => {
    const hold = broker.hold('t')
    const producer = broker.client().producer({ name: 'test' })
    const told: string[] = []
    const answered = producer
      .produce([{ ...t0, records: [{ key: null, value: 'a' }] }])
      .then(() => told.push('answered'))
    const closed = producer.close().then(() => told.push('closed'))
    await waitFor(() => hold.waiting() === 1)
    await turns(3)
    expect(told).toEqual([])
    hold.release()
    await Promise.all([answered, closed])
    expect(told.sort()).toEqual(['answered', 'closed'])
    expect(await producer.produce([{ ...t0, records: [] }])).toMatchObject([{ status: 'failed' }])
  })

  it('refuses a batch over 1 MiB as a whole', async () => {
    const producer = broker.client().producer({ name: 'test' })
    const value = 'x'.repeat(600_000)
    const one = { key: null, value }
    expect(await producer.produce([{ ...t0, records: [one, one] }])).toMatchObject([{ reason: 'too-large' }])
    expect(await producer.produce([{ ...t0, records: [one] }])).toEqual([{ status: 'stored' }])
  })

  it('takes and gives nothing during an outage, and goes on after it', async () => {
    const { consumer, heard } = await join()
    const end = broker.outage()
    broker.append(t0, [{ key: null, value: 'a' }])
    expect(await produce('b')).toMatchObject({ status: 'failed', reason: 'unavailable', retriable: true })
    await expect(consumer.commit([{ ...t0, offset: 1 }])).rejects.toMatchObject({ code: 'kafka-unreachable' })
    await expect(broker.client().admin()).rejects.toMatchObject({ code: 'kafka-unreachable' })
    broker.rebalance('g')
    await turns(5)
    expect(heard.received).toEqual([])
    expect(heard.owned()).toBeUndefined()
    end()
    await waitFor(() => heard.values(0).length === 1)
    expect(heard.story).toEqual(['assigned 1', 'revoked', 'assigned 2'])
  })

  it('begins again at the committed offset in each epoch', async () => {
    broker.append(
      t0,
      ['a', 'b', 'c'].map((value) => ({ key: null, value })),
    )
    const { consumer, heard } = await join()
    await waitFor(() => heard.received.length === 3)
    await consumer.commit([{ ...t0, offset: 1 }])
    expect(broker.committed('g', t0)).toBe(1)
    broker.rebalance('g')
    expect(heard.story).toEqual(['assigned 1', 'revoked'])
    await expect(consumer.commit([{ ...t0, offset: 3 }])).rejects.toMatchObject({ code: 'commit-refused' })
    await waitFor(() => heard.received.length === 5)
    expect(heard.received.map(({ offset }) => offset)).toEqual([0, 1, 2, 1, 2])
  })

  it('tells a crashed consumer and gives its partitions to the others', async () => {
    const first = await join()
    const second = await join()
    broker.crash('g', new Error('broken'))
    expect(first.heard.story.at(-1)).toBe('crashed broken')
    await waitFor(() => second.heard.owned()?.length === 2)
    expect(broker.members('g')).toBe(1)
  })

  it('refuses the commits of an expelled member, which reads on until it learns of that', async () => {
    const first = await join()
    const second = await join()
    await waitFor(() => first.heard.owned()?.length === 1)
    const rejoin = broker.expel('g')
    await waitFor(() => second.heard.owned()?.length === 2)
    broker.append(t0, [{ key: null, value: 'a' }])
    await waitFor(() => first.heard.values(0).length === 1 && second.heard.values(0).length === 1)
    await expect(first.consumer.commit([{ ...t0, offset: 1 }])).rejects.toMatchObject({
      code: 'commit-refused',
    })
    rejoin()
    expect(first.heard.story.at(-1)).toBe('revoked')
    await waitFor(() => first.heard.owned()?.length === 1)
  })

  it('says how far offsets go past the last record', async () => {
    broker.append(t0, [{ key: null, value: 'a' }])
    broker.skip(t0, 2)
    const { heard } = await join()
    await waitFor(() => heard.reach(0)?.end === 3)
    broker.skip(t0, 1)
    await waitFor(() => heard.reach(0)?.end === 4)
    expect(heard.received).toHaveLength(1)
  })

  it('begins at what retention has left', async () => {
    broker.append(
      t0,
      ['a', 'b', 'c'].map((value) => ({ key: null, value })),
    )
    broker.trim(t0, 2)
    const { heard } = await join()
    await waitFor(() => heard.received.length > 0)
    expect(heard.received.map(({ offset }) => offset)).toEqual([2])
    const admin = await broker.client().admin()
    expect((await admin.topicOffsets('t'))[0]).toEqual({ partition: 0, low: 2, high: 3 })
  })

  it('hands out no more at once than it is told, and stops in between when paused', async () => {
    broker = createMemoryBroker({ topics: { t: 1 }, fetchRecords: 2 })
    broker.append(
      t0,
      Array.from({ length: 5 }, (_, index) => ({ key: null, value: `${index}` })),
    )
    const heard = createRecordingListener()
    const consumer = broker.client().consumer({ group: 'g', topics: ['t'], sessionTimeoutMs: 1000 })
    consumers.push(consumer)
    const sizes: number[] = []
    await consumer.start({
      ...heard,
      records(at, records, end, highWatermark) {
        sizes.push(records.length)
        heard.records(at, records, end, highWatermark)
        if (sizes.length === 2) consumer.pause([t0])
      },
    })
    await waitFor(() => sizes.length === 2)
    await turns(5)
    expect(sizes).toEqual([2, 2])
    consumer.resume([t0])
    await waitFor(() => heard.received.length === 5)
    expect(heard.values()).toEqual(['0', '1', '2', '3', '4'])
  })

  it('wakes a reader for a record that arrives behind its back, while it looks at another partition', async () => {
    const reader = broker.client().reader({ name: 'test' })
    const from = [0, 1].map((partition) => ({ topic: 't', partition, offset: 0 }))
    const next = reader.read(from).next()
    // The reader looks at partition 0 just before this runs, and at partition 1 after it.
    setImmediate(() => broker.append(t0, [{ key: null, value: 'a' }]))
    expect((await next).value).toMatchObject({ partition: 0, end: 1 })
    await reader.close()
  })
})

/** Everything in the memory broker happens within a few turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
}
