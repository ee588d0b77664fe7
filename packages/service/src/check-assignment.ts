import type { LaneConsumer } from '@sluice/kafka'

/**
 * Whether a service has its place in the group. Owning nothing is well: there may be more processes than partitions. So
 * is a rebalance: it ends when the slowest member has answered or lost its session. One that lasts twice as long does
 * not end by itself.
 */
export function checkAssignment(
  { partitions, waitingMs }: ReturnType<LaneConsumer['assignment']>,
  sessionTimeoutMs: number,
): { readonly ok: boolean; readonly detail: string } {
  if (waitingMs === 0) return { ok: true, detail: `${partitions} partitions` }
  if (waitingMs === Number.POSITIVE_INFINITY) {
    return { ok: false, detail: 'No answer of the consumer group yet.' }
  }
  return {
    ok: waitingMs < 2 * sessionTimeoutMs,
    detail: `The consumer group has been dealing its partitions anew for ${Math.round(waitingMs / 1000)} s.`,
  }
}
