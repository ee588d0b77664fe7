import { cleanupPolicies, type TopicPlan } from '@sluice/events'
import type { Admin, TopicSpec } from '@sluice/kafka'

/** What a creation of topics did and saw. */
export type TopicsReport = {
  readonly created: readonly string[]
  readonly present: readonly string[]
  /** Topics that exist otherwise than planned, each a sentence. They were left as they are. */
  readonly differences: readonly string[]
}

/**
 * Creates the planned topics that do not exist. What exists is compared and never altered or deleted.
 * @param replicationFactor -1 leaves it to the broker.
 */
export async function createTopics(
  admin: Admin,
  plans: readonly TopicPlan[],
  replicationFactor = -1,
): Promise<TopicsReport> {
  const specs = plans.map((plan) => toSpec(plan, replicationFactor))
  const existing = await admin.describeTopics(specs.map((spec) => spec.topic))
  const names = new Set(existing.map((description) => description.topic))
  const missing = specs.filter((spec) => !names.has(spec.topic))
  const created = missing.length === 0 ? [] : await admin.createTopics(missing)

  const differences: string[] = []
  for (const spec of specs) {
    const found = existing.find((description) => description.topic === spec.topic)
    if (found === undefined) continue
    if (found.partitions !== spec.partitions) {
      differences.push(`${spec.topic} has ${found.partitions} partitions, planned are ${spec.partitions}`)
    }
    const config = await admin.describeTopicConfig(spec.topic, Object.keys(spec.config))
    for (const [name, wanted] of Object.entries(spec.config)) {
      if (config[name] !== wanted) {
        differences.push(`${spec.topic} has ${name}=${config[name]}, planned is ${wanted}`)
      }
    }
  }
  return { created, present: [...names], differences }
}

/** Differences in one line, the first two as examples; nothing when there are none. */
export function summariseDifferences(
  differences: readonly string[],
  remedy: string | undefined,
): string | undefined {
  if (differences.length === 0) return undefined
  const examples = differences.slice(0, 2).join('; ')
  const more = differences.length > 2 ? `; and ${differences.length - 2} more` : ''
  const what = differences.length === 1 ? '1 difference' : `${differences.length} differences`
  const line = `Topics are not as planned and stay as they are, ${what}: ${examples}${more}.`
  return remedy === undefined ? line : `${line} ${remedy}`
}

/**
 * What to say when every topic had to be created although the data folder held some: nothing else tells that
 * Kafka lost its metadata, and with it the events.
 */
export function describeLoss(report: TopicsReport, dataDir: string): string | undefined {
  if (report.present.length > 0 || report.created.length === 0) return undefined
  const what =
    'Kafka knew none of the topics that are stored in its folder: its metadata may have been damaged.'
  return `${what} The events of earlier runs are gone; the topics are new. The folder is ${dataDir}`
}

function toSpec(plan: TopicPlan, replicationFactor: number): TopicSpec {
  return {
    topic: plan.topic,
    partitions: plan.partitions,
    replicationFactor,
    config: {
      'cleanup.policy': cleanupPolicies(plan).join(','),
      'retention.ms': String(plan.retentionMs),
      'max.message.bytes': String(plan.maxBatchBytes),
      ...(plan.retentionBytes !== undefined && { 'retention.bytes': String(plan.retentionBytes) }),
      // What is compacted is read to its end at every start; only closed segments are ever compacted.
      ...(plan.compacted && { 'segment.ms': String(SEGMENT_MS) }),
    },
  }
}

const SEGMENT_MS = 60 * 60 * 1000
