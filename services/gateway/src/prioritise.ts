import { capLane, type EventDefinition, type Lane, nearestLane } from '@sluice/events'

export type Priority = {
  readonly lane: Lane
  /** Who had the last word: `default`, `producer` or `rule:<name>`. */
  readonly decidedBy: string
}

/** Who has a say, each stronger than the one before. */
export type Wishes = {
  /** The producer's, and how urgent it may be at most. */
  readonly wish?: Lane | undefined
  readonly cap: Lane
  /** The first rule that matched. */
  readonly rule?: { readonly name: string; readonly priority: Lane } | undefined
}

/**
 * The definition's default → the producer's wish, capped → the rule → the nearest lane that the type declares.
 * Fitting to the declared lanes decides nothing, so it is not named.
 */
export function prioritise(
  definition: Pick<EventDefinition, 'defaultPriority' | 'lanes'>,
  { wish, cap, rule }: Wishes,
): Priority {
  if (rule) return { lane: nearestLane(rule.priority, definition.lanes), decidedBy: `rule:${rule.name}` }
  if (wish) return { lane: nearestLane(capLane(wish, cap), definition.lanes), decidedBy: 'producer' }
  return { lane: definition.defaultPriority, decidedBy: 'default' }
}
