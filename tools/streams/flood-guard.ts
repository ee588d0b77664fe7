import { buildFloodGuard, spawnLocalFloodGuard, waitFor } from '@sluice/testing'
import type { ProcessMessage } from '../start/processes.ts'

/**
 * The process that owns the local flood guard: `flood-guard.ts <state folder>`, with `KAFKA_BROKERS` and `ADMIN_PORT` in its
 * environment. It builds it where that is still to be done, and passes its log on. Like `local-kafka.ts` it stands between
 * `npm start` and a JVM that knows nothing of our IPC channel; when this process is killed, the JVM's standard input ends,
 * and so does the JVM.
 */
const [stateDir = ''] = process.argv.slice(2)
const READY_TIMEOUT_MS = 300_000
const { KAFKA_BROKERS: brokers = '', ADMIN_PORT: adminPort } = process.env

let stopping = false
let stop = (): void => process.exit(0)
for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) {
  process.on(event, () => {
    stopping = true
    stop()
  })
}
// The channel may have closed while we were loaded.
if (process.connected === false) process.exit(0)

try {
  const libs = await buildFloodGuard((line) => console.log(line))
  const guard = await spawnLocalFloodGuard({
    libs,
    brokers,
    stateDir,
    adminPort: Number(adminPort),
    onLog: (line) => console.log(line),
  })
  stop = () => void guard.stop()
  // The JVM is another process than this one, and its /readyz names its own pid: whoever waits for ours is told by us.
  let over = false
  const isReady = async () => over || (await fetch(`${guard.admin}/readyz`)).ok
  void waitFor(isReady, { timeoutMs: READY_TIMEOUT_MS, intervalMs: 100 }).then(
    () => over || send({ ready: {} }),
    () => {},
  )
  const code = await guard.exited
  over = true
  // One that ended although nobody asked is a crash, which whoever supervises us should see.
  process.exitCode = typeof code === 'number' ? code : stopping ? 0 : 1
} catch (error) {
  const failed = error instanceof Error ? error.message : String(error)
  send({ failed })
  console.log(failed)
  process.exitCode = 1
}
if (process.connected) process.disconnect?.()

function send(message: ProcessMessage): void {
  if (process.connected) process.send?.(message)
}
