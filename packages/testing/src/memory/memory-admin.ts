import { type Admin, KafkaError } from '@sluice/kafka'
import type { Cluster } from './cluster.ts'
import type { TopicLog } from './topic-log.ts'

/** Kafka's defaults for the settings that Sluice looks at. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'max.message.bytes': '1048588',
  'min.insync.replicas': '1',
  'retention.bytes': '-1',
  'retention.ms': '604800000',
}

export function createMemoryAdmin(cluster: Cluster): Admin {
  return {
    async listTopics() {
      cluster.requireUp()
      return [...cluster.topics.keys()]
    },
    async describeTopics(topics) {
      cluster.requireUp()
      return topics.flatMap((topic) => {
        const partitions = cluster.topics.get(topic)?.partitions.length
        return partitions === undefined ? [] : [{ topic, partitions }]
      })
    },
    async describeTopicConfig(topic, names) {
      const { config } = requireTopic(topic)
      const held = { ...DEFAULTS, ...config }
      return Object.fromEntries(
        names.flatMap((name) => (held[name] === undefined ? [] : [[name, held[name]]])),
      )
    },
    async createTopics(specs) {
      cluster.requireUp()
      const missing = specs.filter(({ topic }) => !cluster.topics.has(topic))
      for (const { topic, partitions, config } of missing) cluster.createTopic(topic, partitions, config)
      return missing.map(({ topic }) => topic)
    },
    async topicOffsets(topic) {
      return requireTopic(topic).partitions.map(({ low, end }, partition) => ({ partition, low, high: end }))
    },
    async groupOffsets(group, topic) {
      const { partitions } = requireTopic(topic)
      const offset = (partition: number) => cluster.groups.get(group)?.committed({ topic, partition }) ?? -1
      return partitions.map((_, partition) => ({ partition, offset: offset(partition) }))
    },
    async offsetsForTime(topic, timestamp) {
      return requireTopic(topic).partitions.map(({ records, end }, partition) => ({
        partition,
        offset: records.find((record) => record.timestamp >= timestamp)?.offset ?? end,
      }))
    },
    async commitGroupOffsets(group, offsets) {
      cluster.requireUp()
      cluster.group(group).commitFromOutside(offsets)
    },
    async close() {},
  }

  function requireTopic(topic: string): TopicLog {
    cluster.requireUp()
    const log = cluster.topics.get(topic)
    if (log === undefined) throw new KafkaError('kafka-refused', `There is no topic ${topic}.`)
    return log
  }
}
