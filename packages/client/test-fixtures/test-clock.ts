import type { Clock } from '../src/clock.ts'

/** Time that passes when a test says so, and chance from a seed. */
export type TestClock = Clock & {
  /** Runs what is due at once, then goes on to the next timer, until `done` or until nothing is left to wait for. */
  run(done?: () => boolean): Promise<void>
  /** As {@link run}, but no further than `ms` from now. */
  pass(ms: number): Promise<void>
}

export function createTestClock(random: () => number = () => 0.5): TestClock {
  let now = Date.UTC(2026, 10, 24, 12, 30)
  const timers = new Map<() => void, number>()

  /** Whether there was a timer. */
  async function step(limit: number): Promise<boolean> {
    const next = [...timers].filter(([, at]) => at <= limit).sort(([, a], [, b]) => a - b)[0]
    if (!next) return false
    const [call, at] = next
    timers.delete(call)
    now = Math.max(now, at)
    call()
    await settle()
    return true
  }

  return {
    now: () => now,
    random,
    after(ms, call) {
      const once = () => call()
      timers.set(once, now + ms)
      return () => timers.delete(once)
    },
    async run(done = () => false) {
      await settle()
      while (!done() && (await step(Number.POSITIVE_INFINITY)));
    },
    async pass(ms) {
      const end = now + ms
      await settle()
      while (await step(end));
      now = end
    },
  }
}

/** Everything that only waits for promises is done after this. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
