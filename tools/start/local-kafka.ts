import { startLocalKafka } from '@sluice/testing'
import type { ProcessMessage } from './processes.ts'

/**
 * The process that owns the local Kafka: `local-kafka.ts <libs> <data folder> <port>`. It stands between
 * `npm start` and the JVM, because the JVM knows nothing of our IPC channel: when `npm start` is gone, even by
 * kill -9, the channel closes and this process stops Kafka in good order.
 */
const [libs = '', dataDir = '', port = ''] = process.argv.slice(2)

const stopping = new AbortController()
const stopRequested = new Promise<void>((resolve) => {
  stopping.signal.addEventListener('abort', () => resolve())
})
for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, () => stopping.abort())
// The channel may have closed while we were loaded.
if (process.connected === false) stopping.abort()

/** What happened on the way that a user should see; our own output goes to a log file. */
const notices: string[] = []

try {
  const kafka = await startLocalKafka({
    libs,
    dataDir,
    port: Number(port),
    signal: stopping.signal,
    onLog: (line) => console.log(line),
    onNotice(line) {
      console.log(line)
      notices.push(line)
    },
  })
  send({ ready: { notices, heldTopics: kafka.heldTopics } })
  await Promise.race([kafka.exited, stopRequested])
  await kafka.stop()
  // A Kafka that ended although nobody asked is a crash, which whoever supervises us should see.
  process.exitCode = stopping.signal.aborted ? 0 : 1
} catch (error) {
  // Asked to stop while Kafka was starting, it has been stopped: nothing failed.
  if (!stopping.signal.aborted) {
    send({ failed: explain(error) })
    process.exitCode = 1
  }
}
if (process.connected) process.disconnect?.()

function send(message: ProcessMessage): void {
  if (process.connected) process.send?.(message)
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const portInUse = 'code' in error && error.code === 'port-in-use'
  return portInUse ? `${error.message} npm start takes another port with --kafka-port <n>.` : error.message
}
