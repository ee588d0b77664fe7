import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'

const POLL_MS = 100
/** Longer than the session of a member that was killed: until that is over its group cannot be deleted. */
const PATIENCE_MS = 60_000

/**
 * Deletes every group and every topic but Kafka's own, and resolves when none of them is left: who comes next
 * finds an empty Kafka with a warm compiler. Whoever used them must be gone. A topic that is made anew under the
 * same name is another one, with offsets from 0.
 */
export async function clearKafka(brokers: string, signal?: AbortSignal): Promise<void> {
  const admin = new Kafka({ clientId: 'bench', brokers: [brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      signal?.throwIfAborted()
      const groups = (await admin.listGroups()).groups.map(({ groupId }) => groupId)
      const topics = (await admin.listTopics()).filter((topic) => !topic.startsWith('__'))
      if (groups.length === 0 && topics.length === 0) return
      if (performance.now() > deadline) {
        throw new Error(`Kafka still has after a minute: ${[...groups, ...topics].join(', ')}.`)
      }
      // What fails here is seen again in the next round: a group with members, a topic that is just going.
      if (groups.length > 0) await admin.deleteGroups(groups).catch(() => {})
      if (topics.length > 0) await admin.deleteTopics({ topics }).catch(() => {})
      await delay(POLL_MS)
    }
  } finally {
    await admin.disconnect()
  }
}
