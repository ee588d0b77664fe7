/**
 * When the requests of an open loop are due: `perSecond` at equal distances from `start` until before `end`, in
 * microseconds. Fixed before the first is sent: a slow system cannot slow it down, and whoever waits for a
 * connection has been waiting since he was due.
 */
export function dueTimes(start: number, end: number, perSecond: number): Float64Array {
  const count = Math.floor(((end - start) / 1_000_000) * perSecond)
  return Float64Array.from({ length: count }, (_, n) => start + Math.round((n * 1_000_000) / perSecond))
}
