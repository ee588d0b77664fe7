import { setTimeout as delay } from 'node:timers/promises'
import kafkajs, { type Admin as KafkaJsAdmin } from 'kafkajs'
import { type Backoff, backoffMs } from './backoff.ts'
import { KafkaError } from './errors.ts'
import { type ClusterProducer, groupByTopic } from './kafkajs-call.ts'
import { type KafkaJs, QUICK_RETRY } from './kafkajs-connect.ts'
import { rootOf, toKafkaError } from './kafkajs-errors.ts'
import type { Admin, PartitionOffset, TopicSpec } from './port.ts'

/** @throws KafkaError `kafka-unreachable` or `kafka-refused`. */
export async function connectKafkaJsAdmin(
  { kafka, destroy }: KafkaJs,
  options: { readonly requestTimeoutMs: number },
): Promise<Admin> {
  const admin = kafka.admin({ retry: { ...QUICK_RETRY, retries: 3 } })
  await translate('Could not connect to Kafka', () => admin.connect()).catch((error) => {
    destroy()
    throw error
  })

  return {
    listTopics: () => translate('Could not list topics', () => admin.listTopics()),

    describeTopics: (topics) =>
      translate('Could not describe topics', async () => {
        const present = new Set(await admin.listTopics())
        const wanted = topics.filter((topic) => present.has(topic))
        if (wanted.length === 0) return []
        const { topics: found } = await admin.fetchTopicMetadata({ topics: wanted })
        return found.map(({ name, partitions }) => ({ topic: name, partitions: partitions.length }))
      }),

    describeTopicConfig: (topic, names) =>
      translate(`Could not read the configuration of ${topic}`, async () => {
        const { resources } = await admin.describeConfigs({
          resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: [...names] }],
          includeSynonyms: false,
        })
        const entries = resources[0]?.configEntries ?? []
        return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]))
      }),

    createTopics: (specs) =>
      translate('Could not create topics', async () => {
        const present = new Set(await admin.listTopics())
        const missing = specs.filter(({ topic }) => !present.has(topic))
        const created = await create(admin, missing, options.requestTimeoutMs)
        await waitForTopics(admin, created, options.requestTimeoutMs)
        return created
      }),

    topicOffsets: (topic) =>
      translate(`Could not read the offsets of ${topic}`, async () => {
        const offsets = await withPatience(() => admin.fetchTopicOffsets(topic))
        return offsets
          .map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }))
          .sort((a, b) => a.partition - b.partition)
      }),

    groupOffsets: (group, topic) =>
      translate(`Could not read the offsets of group ${group}`, async () => {
        const [found] = await withPatience(() => admin.fetchOffsets({ groupId: group, topics: [topic] }))
        return (found?.partitions ?? [])
          .map(({ partition, offset }) => ({ partition, offset: Math.max(-1, Number(offset)) }))
          .sort((a, b) => a.partition - b.partition)
      }),

    offsetsForTime: (topic, timestamp) =>
      translate(`Could not look for a time in ${topic}`, async () => {
        const offsets = await withPatience(() => admin.fetchTopicOffsetsByTimestamp(topic, timestamp))
        return offsets
          .map(({ partition, offset }) => ({ partition, offset: Number(offset) }))
          .sort((a, b) => a.partition - b.partition)
      }),

    commitGroupOffsets: (group, offsets) => commitOutside(kafka, group, offsets),

    async close() {
      await admin.disconnect().catch(() => {})
      destroy()
    },
  }
}

async function translate<Result>(what: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    throw toKafkaError(what, error)
  }
}

/**
 * Commits as nobody in particular, which Kafka takes of an empty group only, in one step. kafkajs' own setOffsets looks
 * whether the group is empty, joins it, and commits in the background: whoever comes in between is thrown out.
 */
async function commitOutside(
  kafka: KafkaJs['kafka'],
  group: string,
  offsets: readonly PartitionOffset[],
): Promise<void> {
  const producer = kafka.producer({ retry: { ...QUICK_RETRY, retries: 3 } }) as ClusterProducer
  const topics = groupByTopic(offsets, ({ partition, offset }) => ({ partition, offset: String(offset) }))

  async function commit(): Promise<void> {
    const coordinator = await producer.cluster.findGroupCoordinator({ groupId: group })
    await coordinator.offsetCommit({ groupId: group, groupGenerationId: -1, memberId: '', topics })
  }

  try {
    await producer.connect()
    await withPatience(commit)
  } catch (error) {
    const { type } = rootOf(error)
    if (type === undefined || !OF_A_GROUP_WITH_MEMBERS.has(type))
      throw toKafkaError(`Could not commit for group ${group}`, error, 'commit-refused')
    throw new KafkaError(
      'commit-refused',
      `Group ${group} has members, and its offsets are theirs to commit: stop them first.`,
      { cause: error },
    )
  } finally {
    await producer.disconnect().catch(() => {})
  }
}

/**
 * A topic or a group that was never seen, or whose leader or coordinator has just moved, is not ready for a moment. Of
 * what a broker answers only: a broker that does not is not waited for here. That no broker knows a coordinator, as while
 * the first group of all has Kafka create its topic of offsets, kafkajs tells without their words, and as if for good.
 */
export async function withPatience<Result>(call: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await call()
    } catch (error) {
      const { name, type, retriable } = rootOf(error)
      const isSoon = (type !== undefined && retriable === true) || name === NO_COORDINATOR
      if (!isSoon || tries === MAX_TRIES) throw error
      await delay(backoffMs(tries, PATIENCE, Math.random))
    }
  }
}

const NO_COORDINATOR = 'KafkaJSGroupCoordinatorNotFound'
const MAX_TRIES = 10
const PATIENCE: Backoff = { baseMs: 100, maxMs: 2000 }

const OF_A_GROUP_WITH_MEMBERS = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS'])

/** The names that were created by this call; a topic that somebody else created meanwhile is no error. */
async function create(admin: KafkaJsAdmin, specs: readonly TopicSpec[], timeout: number): Promise<string[]> {
  if (specs.length === 0) return []
  const topics = specs.map(({ topic, partitions, replicationFactor, config }) => ({
    topic,
    numPartitions: partitions,
    replicationFactor,
    configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
  }))
  const names = specs.map(({ topic }) => topic)
  try {
    return (await admin.createTopics({ topics, timeout, waitForLeaders: false })) ? names : []
  } catch (error) {
    const failures = (error as { errors?: (Error & { type: string; topic: string })[] }).errors
    if (!failures) throw error
    const refused = failures.filter(({ type }) => type !== 'TOPIC_ALREADY_EXISTS')
    if (refused.length > 0) {
      const list = refused.map(({ topic, message, type }) => `${topic}: ${message} (${type})`).join('; ')
      throw new KafkaError('kafka-refused', `Kafka did not create every topic. ${list}`, { cause: error })
    }
    const existed = new Set(failures.map(({ topic }) => topic))
    return names.filter((name) => !existed.has(name))
  }
}

/** A created topic takes a moment until brokers know it and its leaders; kafkajs' own wait gives up on the first. */
async function waitForTopics(admin: KafkaJsAdmin, topics: string[], timeoutMs: number): Promise<void> {
  if (topics.length === 0) return
  const deadline = Date.now() + timeoutMs
  for (;;) {
    try {
      await admin.fetchTopicMetadata({ topics })
      return
    } catch (error) {
      const { type } = rootOf(error)
      const soon = type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'LEADER_NOT_AVAILABLE'
      if (!soon || Date.now() > deadline) throw error
      await delay(50)
    }
  }
}
