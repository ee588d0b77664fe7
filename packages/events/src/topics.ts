import type { Lane } from './lanes.ts'

/** Everything that Sluice writes for events starts with this. */
const PREFIX = 'events'

/** `events.order-placed.high`: the events of one type and lane. */
export function laneTopic(type: string, lane: Lane): string {
  return `${PREFIX}.${type}.${lane}`
}

/** `events.order-placed.order-placed.retry.5s`: what a service tries again after a fixed delay. */
export function retryTopic(type: string, service: string, delay: string): string {
  return `${PREFIX}.${type}.${service}.retry.${delay}`
}

/** `events.order-placed.order-placed.dlq`: what a service gave up on. One partition. */
export function deadLetterTopic(type: string, service: string): string {
  return `${PREFIX}.${type}.${service}.dlq`
}

/** `events.order-placed`: the subject of a type's schema in a schema registry, the same for all its lanes. */
export function schemaSubject(type: string): string {
  return `${PREFIX}.${type}`
}

/** One record per end of an event, where books are kept. */
export const OUTCOMES_TOPIC = `${PREFIX}.outcomes`

/** What producers posted and the gateway rejected, of all types. One partition. */
export const REJECTED_TOPIC = `${PREFIX}.rejected`

/** Changes of the rules. Compacted, one partition: who reads it to its end has the rules that hold. */
export const RULES_TOPIC = 'control.rules'

/** What stream jobs and operators decide about events to come. Compacted by the decision's id, one partition. */
export const DECISIONS_TOPIC = 'control.decisions'

/** `streams.flood-guard.dlq`: what a stream job could not read. One partition. */
export function streamDeadLetterTopic(job: string): string {
  return `streams.${job}.dlq`
}

/** Kafka's own limit is 249 characters; the longest name built here adds 40 to type and service. */
export const MAX_NAME_LENGTH = 100

/** A type or service name: kebab-case, starting with a letter. */
export const NAME_PATTERN = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
