import { startLocalKafka } from '@sluice/testing'
import type { ProcessMessage } from './processes.ts'

/**
 * The process that owns the local Kafka: `local-kafka.ts <libs> <data folder> <port>`. It stands between
 * `npm start` and the JVM, because the JVM knows nothing of our IPC channel: when `npm start` is gone, even by
 * kill -9, the channel closes and this process stops Kafka in good order.
 */
const [libs = '', dataDir = '', port = ''] = process.argv.slice(2)

let stopping = false
const stopRequested = new Promise<void>((resolve) => {
  const request = () => {
    stopping = true
    resolve()
  }
  process.on('SIGTERM', request)
  process.on('SIGINT', request)
  process.on('disconnect', request)
})

/** What happened on the way that a user should see; our own output goes to a log file. */
const notices: string[] = []

try {
  const kafka = await startLocalKafka({
    libs,
    dataDir,
    port: Number(port),
    onLog: (line) => console.log(line),
    onNotice(line) {
      console.log(line)
      notices.push(line)
    },
  })
  send({ ready: { notices } })
  await Promise.race([kafka.exited, stopRequested])
  await kafka.stop()
  // A Kafka that ended although nobody asked is a crash, which whoever supervises us should see.
  process.exitCode = stopping ? 0 : 1
} catch (error) {
  send({ failed: explain(error) })
  process.exitCode = 1
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
