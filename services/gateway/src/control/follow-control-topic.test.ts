import { type IncomingRecord, type KafkaClient, KafkaError } from '@sluice/kafka'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { createMemoryBroker, waitFor } from '@sluice/testing'
import { afterEach, expect, it } from 'vitest'
import { type BadRecord, followControlTopic } from './follow-control-topic.ts'

const TOPIC = 'control.decisions'
const at = { topic: TOPIC, partition: 0 }

const stopping: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stopping.splice(0)) await stop()
})

function setup(
  options: {
    kafka?: Pick<KafkaClient, 'admin' | 'reader'>
    topics?: Record<string, number>
    patienceMs?: number
    apply?: (record: IncomingRecord) => BadRecord | undefined
  } = {},
) {
  const broker = createMemoryBroker({ topics: options.topics ?? { [TOPIC]: 1 }, fetchRecords: 2 })
  const applied: string[] = []
  const lines: string[] = []
  const metrics = createMetrics('gateway')
  const write = (...values: readonly string[]) =>
    broker.append(
      at,
      values.map((value) => ({ key: value, value })),
    )

  function start() {
    const followed = followControlTopic({
      kafka: options.kafka ?? broker.client(),
      topic: TOPIC,
      apply(record) {
        applied.push(String(record.value))
        return options.apply?.(record)
      },
      log: createLogger({
        service: 'gateway',
        level: 'info',
        destination: { write: (line: string) => void lines.push(line) },
      }),
      metrics,
      patienceMs: options.patienceMs ?? 60_000,
      retryMs: 5,
    })
    stopping.push(followed.stop)
    return followed
  }

  return {
    broker,
    applied,
    lines,
    metrics,
    write,
    start,
    ready: (one: ReturnType<typeof start>) => waitFor(() => one.check.check().ok),
  }
}

it('is ready when it has read what was there, and reads on', async () => {
  const { applied, write, start, ready, metrics } = setup()
  write('a', 'b', 'c', 'd', 'e')
  const followed = start()
  expect(followed.check.check().ok).toBe(false)
  await ready(followed)
  expect(applied).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(followed.check.check().detail).toBe(`${TOPIC} was read to its end, and is followed.`)
  write('f')
  await waitFor(() => applied.length === 6)
  expect(await metrics.text()).toMatch(/sluice_control_followed\{topic="control.decisions".*\} 1/)
  expect(await metrics.text()).toMatch(/sluice_control_lag_records\{topic="control.decisions".*\} 0/)
})

it('is ready at once where nothing was ever written', async () => {
  const { start, ready } = setup()
  await ready(start())
})

it('is ready where the last offsets have no records, as behind a transaction', async () => {
  const { broker, applied, write, start, ready } = setup()
  write('a')
  broker.skip(at, 3)
  await ready(start())
  expect(applied).toEqual(['a'])
})

it('goes on without a topic that is missing, says so once, and follows it when it is there', async () => {
  const { broker, applied, lines, write, start, ready } = setup({ topics: {} })
  const followed = start()
  await ready(followed)
  expect(followed.check.check().detail).toMatch(
    /There is no control.decisions.*npm run topics.*Going on without/,
  )
  broker.createTopic(TOPIC, 1)
  write('a')
  await waitFor(() => applied.length === 1)
  await waitFor(() => followed.check.check().detail.includes('is followed'))
  expect(lines.filter((line) => line.includes('cannot be followed'))).toHaveLength(1)
})

it('goes on without a topic that it may not read', async () => {
  const { broker } = setup()
  const client = broker.client()
  const denied = new KafkaError('kafka-refused', 'Not authorized to access topics: [control.decisions]')
  const read = async function* () {
    yield* []
    throw denied
  }
  const { start, ready, lines } = setup({
    kafka: { admin: client.admin, reader: () => ({ read, close: async () => {} }) },
  })
  broker.append(at, [{ key: 'a', value: 'a' }])
  const followed = start()
  await ready(followed)
  expect(followed.check.check().detail).toMatch(/Not authorized.*Going on without/)
  expect(lines.join()).toContain('Not authorized')
})

it('waits for a Kafka that is away, and reads what is there when it is back', async () => {
  const { broker, applied, write, start, ready } = setup()
  write('a')
  const end = broker.outage()
  const followed = start()
  await waitFor(() => followed.check.check().detail.includes('cannot be followed'))
  expect(followed.check.check().ok).toBe(false)
  end()
  await ready(followed)
  expect(applied).toEqual(['a'])
})

it('is ready without it after a while, with a warning', async () => {
  const { broker, applied, lines, write, start, ready } = setup({ patienceMs: 30 })
  write('a')
  const end = broker.outage()
  const followed = start()
  await ready(followed)
  expect(followed.check.check().detail).toContain('Going on without.')
  expect(lines.join()).toContain('was not read to its end in time')
  end()
  await waitFor(() => applied.length === 1)
})

it('stays ready in an outage, and misses nothing', async () => {
  const { broker, applied, write, start, ready } = setup()
  const followed = start()
  await ready(followed)
  const end = broker.outage()
  write('a')
  expect(followed.check.check().ok).toBe(true)
  end()
  await waitFor(() => applied.length === 1)
})

it('counts bad records, tells the first with where it is, and goes on', async () => {
  const { applied, lines, metrics, write, start } = setup({
    apply(record) {
      if (String(record.value) === 'bug') throw new Error('of ours')
      return String(record.value).startsWith('bad') ? { reason: 'invalid', detail: 'It is bad.' } : undefined
    },
  })
  write('good', 'bad-1', 'bad-2', 'bug', 'good')
  start()
  await waitFor(() => applied.length === 5)
  expect(await metrics.text()).toMatch(
    /sluice_control_bad_records_total\{topic="control.decisions",reason="invalid".*\} 2/,
  )
  expect(await metrics.text()).toMatch(/bad_records_total\{topic="control.decisions",reason="internal".*\} 1/)
  const told = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg.includes('bad control records'))
  expect(told).toMatchObject([{ offset: 1, reason: 'invalid', detail: 'It is bad.', count: 1 }])
})
