import type { TopicPlan } from '@sluice/events'
import type { Admin, TopicSpec } from '@sluice/kafka'
import { expect, it } from 'vitest'
import { createTopics } from './create-topics.ts'

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
