/** How a count grew: `at` in microseconds, `total` from then on. In order of time. */
export type Timeline = readonly { readonly at: number; readonly total: number }[]

/** How much the count grew after `start` and until `end`. It is 0 before the first point. */
export function grownBetween(timeline: Timeline, start: number, end: number): number {
  return totalAt(timeline, end) - totalAt(timeline, start)
}

function totalAt(timeline: Timeline, time: number): number {
  return timeline.findLast(({ at }) => at <= time)?.total ?? 0
}
