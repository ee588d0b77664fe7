/** How far a service has come in a lane, by partition, at a moment in milliseconds of a clock that does not go back. */
export type LaneProgress = {
  readonly at: number
  readonly committed: readonly number[]
  /** The offset after the newest record. Read after `committed`, so never before it. */
  readonly ends: readonly number[]
}

/**
 * Takes what was seen next, and says how many seconds the service will need for what waits in the lane; undefined while
 * that cannot be known.
 */
export type EstimateDrain = (seen: LaneProgress) => number | undefined

/** How many sightings a rate is measured over, at most. */
const WINDOW = 12

/**
 * idle → behind → idle. A lane is idle when everything that was there at one sighting is done by the next: how fast the
 * service could be is not known then, and need not be. Otherwise it is behind, and has been busy all the time: what it got
 * done is what it can. The obvious way, lag by the rate of the last minute, takes a lane with an event a minute for one that
 * needs a minute for an event.
 *
 * A service that gets nothing done is expected to stand for as long again as it has stood by now, and then to go on as
 * before: so a restart of seconds is nothing, and one that does not come back is noticed in time.
 */
export function createEstimateDrain(): EstimateDrain {
  let window: LaneProgress[] = []
  /** Records a millisecond, when there was progress last; undefined: not since it is behind. */
  let rate: number | undefined
  let progressAt = 0

  function begin(seen: LaneProgress): void {
    window = [seen]
    rate = undefined
    progressAt = seen.at
  }

  return function estimateDrain(seen) {
    const before = window.at(-1)
    const progress = before && progressOf(before, seen)
    if (before === undefined || progress === undefined) {
      begin(seen)
      return lagOf(seen) === 0 ? 0 : undefined
    }
    if (seen.committed.every((offset, partition) => offset >= before.ends[partition]!)) {
      begin(seen)
      return 0
    }
    window.push(seen)
    if (window.length > WINDOW) window.shift()
    if (progress > 0) {
      const [first] = window as [LaneProgress]
      rate = progressOf(first, seen)! / (seen.at - first.at)
      progressAt = seen.at
    }
    const standing = seen.at - progressAt
    return (standing + (rate === undefined ? 0 : lagOf(seen) / rate)) / 1000
  }
}

/** Of a lane that is late: what its answers say. */
export type Late = {
  /** What its services would need for what waits in it, or in a more urgent lane of theirs. */
  readonly drainSeconds: number
  readonly budgetSeconds: number
  /** Seconds until it may be in time again; never known for sure. */
  readonly retryAfter: number
}

/** The share of the budget that a lane has. As in the publisher's buffer: low is refused first, high last. */
export const BUDGET_SHARES = { high: 1, normal: 0.75, low: 0.5 } as const

const MAX_RETRY_AFTER = 60

/**
 * Whether a lane is late, by the estimates of itself and of the more urgent lanes of its type: these are served before it,
 * so what they are short of is taken from it. That is why no lane is refused before the less urgent ones.
 * @param retryAfterAtLeast how long nothing new is known, seconds
 */
export function lateOf(
  lane: keyof typeof BUDGET_SHARES,
  estimates: readonly number[],
  budgetSeconds: number,
  retryAfterAtLeast: number,
): Late | undefined {
  const budget = budgetSeconds * BUDGET_SHARES[lane]
  const drainSeconds = Math.ceil(Math.max(0, ...estimates))
  if (drainSeconds <= budget) return undefined
  const retryAfter = Math.ceil(Math.max(retryAfterAtLeast, Math.min(drainSeconds - budget, MAX_RETRY_AFTER)))
  return { drainSeconds, budgetSeconds: budget, retryAfter }
}

/** How many records were done in between; undefined when that makes no sense, as of a topic that was made anew. */
function progressOf(before: LaneProgress, after: LaneProgress): number | undefined {
  if (before.committed.length !== after.committed.length || after.at <= before.at) return undefined
  let sum = 0
  for (const [partition, offset] of after.committed.entries()) {
    if (offset < before.committed[partition]!) return undefined
    sum += offset - before.committed[partition]!
  }
  return sum
}

function lagOf({ committed, ends }: LaneProgress): number {
  return ends.reduce((sum, end, partition) => sum + Math.max(0, end - committed[partition]!), 0)
}
