import { type CatalogueEntry, deadLetterTopic, type EventDefinition } from '@sluice/events'

/** What one service gave up of one type. The topic has one partition, 0. */
export type DeadLetterQueue = {
  readonly type: string
  readonly service: string
  readonly topic: string
  readonly definition: EventDefinition
}

/** Every dead-letter topic of the catalogue, in its order. */
export function listDeadLetterQueues(entries: readonly CatalogueEntry[]): DeadLetterQueue[] {
  return entries.flatMap(({ definition, services }) =>
    services.map((service) => {
      const { type } = definition
      return { type, service, topic: deadLetterTopic(type, service), definition }
    }),
  )
}

/** Why there is no such queue, and the names among which there is one. */
export type NoQueue = {
  readonly problem: string
  readonly wanted: 'type' | 'service'
  readonly known: readonly string[]
}

/**
 * The queue of a type and a service; the service may be left out where only one reads the type. An unknown name is no
 * exception: it is what somebody typed.
 */
export function findDeadLetterQueue(
  entries: readonly CatalogueEntry[],
  type: string,
  service?: string,
): DeadLetterQueue | NoQueue {
  const queues = listDeadLetterQueues(entries)
  const ofType = queues.filter((queue) => queue.type === type)
  const services = ofType.map((queue) => queue.service)
  if (ofType.length === 0) {
    const known = [...new Set(queues.map((queue) => queue.type))]
    const isDerived = entries.some(({ definition }) => definition.type === type)
    const problem = isDerived ? `No service reads "${type}".` : `There is no event type "${type}".`
    return { problem, wanted: 'type', known }
  }
  const wanted = service ?? (services.length === 1 ? services[0] : undefined)
  if (wanted === undefined) {
    return { problem: `Several services read ${type}: name one.`, wanted: 'service', known: services }
  }
  const found = ofType.find((queue) => queue.service === wanted)
  return found ?? { problem: `No service "${wanted}" reads ${type}.`, wanted: 'service', known: services }
}
