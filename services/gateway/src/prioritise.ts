import { capLane, type EventDefinition, LANES, type Lane, nearestLane } from '@sluice/events'

export type Priority = {
  readonly lane: Lane
  /** Who had the last word: `default`, `producer`, `rule:<name>` or `decision:<id>`. */
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
 * Fitting to the declared lanes decides nothing, so it is not named. A live decision comes after all of it: {@link move}.
 */
export function prioritise(
  definition: Pick<EventDefinition, 'defaultPriority' | 'lanes'>,
  { wish, cap, rule }: Wishes,
): Priority {
  if (rule) return { lane: nearestLane(rule.priority, definition.lanes), decidedBy: `rule:${rule.name}` }
  if (wish) return { lane: nearestLane(capLane(wish, cap), definition.lanes), decidedBy: 'producer' }
  return { lane: definition.defaultPriority, decidedBy: 'default' }
}

/** What a decision does to a lane: it makes it at least, or at most, this urgent. */
export type Move = { readonly action: 'raise' | 'lower'; readonly priority: Lane }

/**
 * Where an event goes that would go to `lane`, which is declared. It makes no difference whether a lane is fitted to the
 * declared ones before it is moved, or after.
 */
export function move(lane: Lane, { action, priority }: Move, declared: readonly Lane[]): Lane {
  const moved = action === 'raise' ? moreUrgent(lane, priority) : capLane(lane, priority)
  return nearestLane(moved, declared)
}

function moreUrgent(one: Lane, other: Lane): Lane {
  return LANES.indexOf(one) < LANES.indexOf(other) ? one : other
}
