import type { TopicPlan } from '@sluice/events'
import type { Admin, TopicSpec } from '@sluice/kafka'
import { expect, it } from 'vitest'
import { createTopics, describeLoss, summariseDifferences } from './create-topics.ts'

const lane: TopicPlan = {
  topic: 'events.a.high',
  kind: 'lane',
  partitions: 3,
  retentionMs: 1000,
  maxBatchBytes: 100,
}
const dlq: TopicPlan = {
  topic: 'events.a.a.dlq',
  kind: 'dead-letter',
  partitions: 1,
  retentionMs: 2000,
  maxBatchBytes: 200,
}

/** A cluster with the given topics; remembers what was created. */
function cluster(topics: Record<string, { partitions: number; config: Record<string, string> }>) {
  const created: TopicSpec[] = []
  const admin = {
    describeTopics: async (names: readonly string[]) =>
      names
        .filter((name) => name in topics)
        .map((topic) => ({ topic, partitions: topics[topic]!.partitions })),
    describeTopicConfig: async (topic: string) => topics[topic]!.config,
    createTopics: async (specs: readonly TopicSpec[]) => {
      created.push(...specs)
      return specs.map(({ topic }) => topic)
    },
  } as unknown as Admin
  return { admin, created }
}

it('creates what is missing, and only that', async () => {
  const config = { 'cleanup.policy': 'delete', 'retention.ms': '1000', 'max.message.bytes': '100' }
  const { admin, created } = cluster({ 'events.a.high': { partitions: 3, config } })
  const report = await createTopics(admin, [lane, dlq], 2)
  expect(report).toEqual({ created: ['events.a.a.dlq'], present: ['events.a.high'], differences: [] })
  expect(created).toEqual([
    {
      topic: 'events.a.a.dlq',
      partitions: 1,
      replicationFactor: 2,
      config: { 'cleanup.policy': 'delete', 'retention.ms': '2000', 'max.message.bytes': '200' },
    },
  ])
})

it('creates compacted topics as such, with an end only where one is planned', async () => {
  const control: TopicPlan = { ...lane, topic: 'control.a', kind: 'control', compacted: true }
  const { admin, created } = cluster({})
  await createTopics(admin, [control, { ...control, topic: 'control.b', retentionMs: -1 }])
  expect(created.map(({ config }) => [config!['cleanup.policy'], config!['retention.ms']])).toEqual([
    ['compact,delete', '1000'],
    ['compact', '-1'],
  ])
})

it('reports topics that differ and leaves them', async () => {
  const config = { 'cleanup.policy': 'compact', 'retention.ms': '1000', 'max.message.bytes': '100' }
  const { admin, created } = cluster({ 'events.a.high': { partitions: 6, config } })
  const { differences } = await createTopics(admin, [lane])
  expect(differences).toEqual([
    'events.a.high has 6 partitions, planned are 3',
    'events.a.high has cleanup.policy=compact, planned is delete',
  ])
  expect(created).toEqual([])
})

it('sums many differences up in one line, with the remedy', () => {
  expect(summariseDifferences([], 'Do this.')).toBeUndefined()
  expect(summariseDifferences(['a differs'], undefined)).toBe(
    'Topics are not as planned and stay as they are, 1 difference: a differs.',
  )
  expect(summariseDifferences(['a differs', 'b differs', 'c differs', 'd differs'], 'Do this.')).toBe(
    'Topics are not as planned and stay as they are, 4 differences: a differs; b differs; and 2 more. Do this.',
  )
})

it('says that events are gone when no topic of a used folder was known', () => {
  const loss = (created: string[], present: string[]) =>
    describeLoss({ created, present, differences: [] }, '.sluice/kafka/data')
  expect(loss(['a', 'b'], [])).toMatch(/events of earlier runs are gone.*\.sluice\/kafka\/data$/)
  expect(loss(['a'], ['b'])).toBeUndefined()
  expect(loss([], ['a', 'b'])).toBeUndefined()
})
