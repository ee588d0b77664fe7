import { setTimeout as delay } from 'node:timers/promises'
import { startLocalFlink, streamSettings } from '@sluice/testing'
import type { ProcessMessage } from './processes.ts'

/**
 * The process that owns the local Flink: `local-flink.ts <libs> <data folder> <brokers>`. It stands between `npm start`
 * and the JVM, as `local-kafka.ts` does for Kafka, and ends when a job does, so that `npm start` sees it and starts it
 * again.
 */
const [libs = '', dataDir = '', brokers = ''] = process.argv.slice(2)

/** How often jobs are looked at. */
const LOOK_MS = 2000
const ENDED = new Set(['FAILED', 'FINISHED', 'CANCELED'])

const stopping = new AbortController()
for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, () => stopping.abort())
// The channel may have closed while we were loaded.
if (process.connected === false) stopping.abort()

try {
  const flink = await startLocalFlink({
    libs,
    dataDir,
    brokers,
    settings: await streamSettings(process.env),
    signal: stopping.signal,
    onLog: (line) => console.log(line),
  })
  const jobs = flink.jobs.map(({ name, resumed }) => ({ name, resumed }))
  send({ ready: { jobs } })
  const gone = new AbortController()
  void flink.exited.then(() => gone.abort())
  const failure = await watch(flink.jobs, AbortSignal.any([stopping.signal, gone.signal]))
  await flink.stop()
  if (!stopping.signal.aborted) throw new Error(failure ?? 'Flink has ended.')
} catch (error) {
  // Asked to stop while Flink was starting, it has been stopped: nothing failed.
  if (!stopping.signal.aborted) {
    send({ failed: error instanceof Error ? error.message : String(error) })
    process.exitCode = 1
  }
}
if (process.connected) process.disconnect?.()

/**
 * Says what jobs could not read and what came too late, whenever it is more than before. Resolves with the reason when
 * one has ended, which none does by itself; with nothing when the signal says that it is over. A job that Flink restarts has
 * not ended.
 */
async function watch(
  jobs: Awaited<ReturnType<typeof startLocalFlink>>['jobs'],
  signal: AbortSignal,
): Promise<string | undefined> {
  const told = new Map<string, string>()
  for (;;) {
    await delay(LOOK_MS, undefined, { signal }).catch(() => {})
    if (signal.aborted) return undefined
    for (const { name, monitor } of jobs) {
      const state = await monitor.state().catch(() => undefined)
      if (state !== undefined && ENDED.has(state))
        return `${name} has ended: ${state}. ${await monitor.failure()}`
      const counts = await monitor.counts().catch(() => undefined)
      if (counts === undefined) continue
      const line = `${name}: ${counts.unreadable} records unreadable, ${counts.late} late`
      if (counts.unreadable + counts.late > 0 && told.get(name) !== line) console.log(line)
      told.set(name, line)
    }
  }
}

function send(message: ProcessMessage): void {
  if (process.connected) process.send?.(message)
}
