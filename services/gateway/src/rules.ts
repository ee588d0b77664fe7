import { type EventDefinition, type EventOf, type Lane, pageViewed, shipmentDelayed } from '@sluice/events'
import { isbot } from 'isbot'

/** Drops the events of its type that match. */
export type FilterRule = {
  readonly kind: 'filter'
  /** Unique among all rules; answers and metrics name it. */
  readonly name: string
  readonly type: string
  /** Pure. `data` has passed the schema of the type. */
  matches(data: unknown): boolean
}

/** Sets the priority of the events of its type that match. */
export type PriorityRule = Omit<FilterRule, 'kind'> & { readonly kind: 'priority'; readonly priority: Lane }

/** In order: the first filter that matches drops, the first priority rule that matches wins. */
export type Rule = FilterRule | PriorityRule

/** The rules that are built in. */
export const builtInRules: readonly Rule[] = Object.freeze([
  filterWhen('bots', pageViewed, (data) => isBot(data.userAgent)),
  prioritiseWhen('long-delay', shipmentDelayed, 'high', (data) => data.delayDays >= 3),
])

type DataOf<Definition extends EventDefinition> = EventOf<Definition>['data']

export function filterWhen<Definition extends EventDefinition>(
  name: string,
  definition: Definition,
  matches: (data: DataOf<Definition>) => boolean,
): FilterRule {
  return { kind: 'filter', name, type: definition.type, matches: matches as (data: unknown) => boolean }
}

export function prioritiseWhen<Definition extends EventDefinition>(
  name: string,
  definition: Definition,
  priority: Lane,
  matches: (data: DataOf<Definition>) => boolean,
): PriorityRule {
  return {
    kind: 'priority',
    name,
    type: definition.type,
    priority,
    matches: matches as (data: unknown) => boolean,
  }
}

/**
 * Judging a user agent costs 1.8 µs, a sixth of what an event may cost in all, and the same few come again and
 * again. When the memory is full it starts anew: simpler than an order of use, and hostile input gains nothing.
 */
const judged = new Map<string, boolean>()
const MAX_JUDGED = 2000

function isBot(userAgent: string): boolean {
  let verdict = judged.get(userAgent)
  if (verdict === undefined) {
    verdict = isbot(userAgent)
    if (judged.size >= MAX_JUDGED) judged.clear()
    judged.set(userAgent, verdict)
  }
  return verdict
}
