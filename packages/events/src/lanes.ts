/** The lanes, most urgent first. A lane is a topic of its own, so that one never waits behind another. */
export const LANES = ['high', 'normal', 'low'] as const

/** An event's priority is the name of the lane it travels in. */
export type Lane = (typeof LANES)[number]

/** How a lane is served beside others. */
export type LaneShare = {
  /** Picks of this lane, relative to the others', while all have work. */
  readonly weight: number
  /** The longest that this lane may go unserved while it has work, milliseconds. */
  readonly maxWaitMs: number
}

/** The shares of a type that names none. */
export const LANE_SHARES: Readonly<Record<Lane, LaneShare>> = Object.freeze({
  high: { weight: 16, maxWaitMs: 100 },
  normal: { weight: 4, maxWaitMs: 500 },
  low: { weight: 1, maxWaitMs: 1000 },
})

export function isLane(value: unknown): value is Lane {
  return LANES.includes(value as Lane)
}

/**
 * The lane of `declared` that is nearest to `wished`; of two equally near, the less urgent one, so that
 * no event jumps a queue its type did not ask for. `declared` must not be empty.
 */
export function nearestLane(wished: Lane, declared: readonly Lane[]): Lane {
  if (declared.includes(wished)) return wished
  const rank = LANES.indexOf(wished)
  let nearest = declared[0]!
  for (const lane of declared) {
    const distance = Math.abs(LANES.indexOf(lane) - rank)
    const best = Math.abs(LANES.indexOf(nearest) - rank)
    if (distance < best || (distance === best && LANES.indexOf(lane) > LANES.indexOf(nearest))) nearest = lane
  }
  return nearest
}

/** `wished`, but never more urgent than `cap`. */
export function capLane(wished: Lane, cap: Lane): Lane {
  return LANES.indexOf(wished) < LANES.indexOf(cap) ? cap : wished
}
