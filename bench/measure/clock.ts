/**
 * Microseconds on Linux' monotonic clock. All processes of one machine read the same one, and nothing ever sets
 * it back, so that a time written by the generator can be subtracted by the observer.
 */
export function nowMicros(): number {
  const [seconds, nanos] = process.hrtime()
  return seconds * 1_000_000 + Math.floor(nanos / 1000)
}
