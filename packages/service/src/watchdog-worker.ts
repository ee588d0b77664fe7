import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'

/** What the watchdog's worker is given. */
export type WatchdogWorkerData = {
  /** Grows by one with each beat of the event loop that is watched. */
  readonly beats: Int32Array
  /** How many beats in a row may be missed. */
  readonly stallBeats: number
  readonly beatMs: number
}

const { beats, stallBeats, beatMs } = workerData as WatchdogWorkerData
const clock = new Int32Array(new SharedArrayBuffer(4))
let seen = -1
let missed = 0

for (;;) {
  // Sleeps without an event loop of its own.
  Atomics.wait(clock, 0, 0, beatMs)
  const beat = Atomics.load(beats, 0)
  missed = beat === seen ? missed + 1 : 0
  seen = beat
  if (missed > stallBeats) {
    // The logger lives on the loop that stands still.
    const time = new Date().toISOString()
    const msg = `the event loop stood still for ${(missed * beatMs) / 1000} s; the process is ended`
    writeSync(2, `${JSON.stringify({ level: 'fatal', time, msg })}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
}
