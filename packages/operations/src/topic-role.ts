import {
  type CatalogueEntry,
  deadLetterTopic,
  type Lane,
  laneTopic,
  OUTCOMES_TOPIC,
  retryDelayMs,
  retryTopic,
} from '@sluice/events'

/** What a topic is there for. */
export type TopicRole =
  | {
      readonly kind: 'lane'
      readonly type: string
      readonly lane: Lane
      /** Those that read it; none for a type that only others read. */
      readonly services: readonly string[]
    }
  | {
      readonly kind: 'retry'
      readonly type: string
      readonly service: string
      /** How long a copy rests. */
      readonly delayMs: number
    }
  | { readonly kind: 'dead-letter'; readonly type: string; readonly service: string }
  | { readonly kind: 'outcomes' }

/** Every topic that can hold an event of the given entries, or say how one ended, by its name. */
export function topicRoles(entries: readonly CatalogueEntry[]): ReadonlyMap<string, TopicRole> {
  const roles = new Map<string, TopicRole>()
  for (const { definition, services } of entries) {
    const { type, lanes, retryDelays } = definition
    for (const lane of lanes) roles.set(laneTopic(type, lane), { kind: 'lane', type, lane, services })
    for (const service of services) {
      for (const delay of retryDelays) {
        const delayMs = retryDelayMs(delay)
        roles.set(retryTopic(type, service, delay), { kind: 'retry', type, service, delayMs })
      }
      roles.set(deadLetterTopic(type, service), { kind: 'dead-letter', type, service })
    }
  }
  return roles.set(OUTCOMES_TOPIC, { kind: 'outcomes' })
}
