import { type CatalogueEntry, planTopics } from '@sluice/events'
import type { KafkaClient } from '@sluice/kafka'
import { waitFor } from './wait-for.ts'

/**
 * Creates the topics of the given entries, with one replica and Kafka's own settings but for what is compacted, and waits until each partition has a
 * leader: a topic that was just created may have none for a moment. Those that exist stay as they are.
 * @param options as of `planTopics`
 */
export async function createPlannedTopics(
  client: Pick<KafkaClient, 'admin'>,
  entries: readonly CatalogueEntry[],
  options: Parameters<typeof planTopics>[1] = {},
): Promise<void> {
  const specs = planTopics(entries, options).map(({ topic, partitions, compacted }) => ({
    ...{ topic, partitions, replicationFactor: 1 },
    config: { 'cleanup.policy': compacted ? 'compact' : 'delete' },
  }))
  const admin = await client.admin()
  try {
    await admin.createTopics(specs)
    await waitFor(() => Promise.all(specs.map(({ topic }) => admin.topicOffsets(topic))), {
      timeoutMs: 60_000,
      describe: `leaders of ${specs.length} topics`,
    })
  } finally {
    await admin.close()
  }
}
