import { Worker } from 'node:worker_threads'

/**
 * Ends a process that has stopped doing its own work, so that whoever supervises it starts it again. It looks at
 * nothing but this process; an outage of Kafka never trips it.
 *
 * Two watches, because neither sees what the other does. A stalled event loop can only be seen from another thread: a
 * worker counts its own seconds and looks whether the loop has beaten since. It counts seconds that it lived through
 * itself, so a process that was suspended as a whole, worker included, is not taken for stalled. An attempt that never
 * ends, though its time limit is over, is seen on the loop: its timer must have been lost.
 */
export type Watchdog = {
  /** An attempt of the handler has begun and will be answered later; at most `limitMs` from now. */
  begun(attempt: object): void
  ended(attempt: object): void
  stop(): Promise<void>
}

export type WatchdogOptions = {
  /** How long the event loop may stand still. */
  readonly stallMs: number
  /** The time limit of an attempt. */
  readonly limitMs: number
  /** An attempt is long over its limit. */
  tripped(error: Error): void
  readonly now?: () => number
}

/** Beyond its time limit an attempt is only as late as its timer. */
const SLACK_MS = 10_000
const BEAT_MS = 1000

/** Starts both watches. The worker takes some MB and next to no CPU. */
export function createWatchdog(options: WatchdogOptions): Watchdog {
  const { stallMs, limitMs, tripped } = options
  const now = options.now ?? (() => performance.now())
  /** In the order in which they began, so the first is the oldest. */
  const attempts = new Map<object, number>()
  const beats = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL('./watchdog-worker.ts', import.meta.url), {
    workerData: { beats, stallBeats: Math.max(1, Math.ceil(stallMs / BEAT_MS)), beatMs: BEAT_MS },
  })
  worker.unref()
  worker.on('error', tripped)
  const timer = setInterval(() => {
    Atomics.add(beats, 0, 1)
    const oldest = attempts.values().next().value
    if (oldest !== undefined && now() - oldest > limitMs + SLACK_MS) {
      attempts.clear()
      tripped(new Error(`An attempt of the handler did not end within its limit of ${limitMs} ms.`))
    }
  }, BEAT_MS)
  timer.unref()

  return {
    begun: (attempt) => void attempts.set(attempt, now()),
    ended: (attempt) => void attempts.delete(attempt),
    async stop() {
      clearInterval(timer)
      await worker.terminate()
    },
  }
}
