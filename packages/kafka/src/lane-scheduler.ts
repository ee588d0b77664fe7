export type LaneShare = {
  /** Picks of this lane, relative to the others', while all have work. */
  readonly weight: number
  /** The longest that this lane may go unserved while it has work, milliseconds. */
  readonly maxWaitMs: number
}

/** Decides which lane is served next. Lanes are numbers: their place in the list of shares. */
export type LaneScheduler = {
  /**
   * @param waiting how many records each lane has that could be served now
   * @param time milliseconds on a clock that never goes back
   * @returns the lane to serve, or -1 when no lane has work
   */
  pick(waiting: readonly { readonly length: number }[], time: number): number
}

/**
 * Smooth weighted round robin with a bound on waiting. At each pick every lane with work earns its weight; the
 * richest is served and pays what all earned together. So the shares hold over any stretch of picks, and a heavy
 * lane's picks are spread rather than bunched. An idle lane's credit is taken away: it cannot save up.
 * Credit and debt end at what a whole pick costs, which the shares alone never reach: a time of nothing but overdue
 * picks is not made up for afterwards.
 *
 * When a lane with work has gone unserved for its maximum wait it gets this one pick, for which it pays as usual.
 * The bound is on the lane, never on a record's age: an old low backlog does not overtake high.
 */
export function createLaneScheduler(shares: readonly LaneShare[]): LaneScheduler {
  const total = shares.reduce((sum, { weight }) => sum + weight, 0)
  const credits = shares.map(() => 0)
  const unservedSince = shares.map(() => Number.NaN)

  function serve(lane: number, earned: number, time: number): number {
    credits[lane] = Math.max(-total, credits[lane]! - earned)
    unservedSince[lane] = time
    return lane
  }

  return {
    pick(waiting, time) {
      let earned = 0
      let richest = -1
      let overdue = -1
      let overdueBy = 0
      for (let lane = 0; lane < shares.length; lane++) {
        if (waiting[lane]!.length === 0) {
          credits[lane] = 0
          unservedSince[lane] = Number.NaN
          continue
        }
        const { weight, maxWaitMs } = shares[lane]!
        if (Number.isNaN(unservedSince[lane])) unservedSince[lane] = time
        earned += weight
        credits[lane] = Math.min(total, credits[lane]! + weight)
        if (richest === -1 || credits[lane]! > credits[richest]!) richest = lane
        const over = time - unservedSince[lane]! - maxWaitMs
        if (over >= 0 && (overdue === -1 || over > overdueBy)) {
          overdue = lane
          overdueBy = over
        }
      }
      if (richest === -1) return -1
      return serve(overdue === -1 ? richest : overdue, earned, time)
    },
  }
}
