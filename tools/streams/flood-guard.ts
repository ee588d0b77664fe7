import { buildFloodGuard, spawnLocalFloodGuard } from '@sluice/testing'
import type { ProcessMessage } from '../start/processes.ts'

/**
 * The process that owns the local flood guard: `flood-guard.ts <state folder>`, with `KAFKA_BROKERS` and `ADMIN_PORT` in its
 * environment. It builds it where that is still to be done, and passes its log on. Like `local-kafka.ts` it stands between
 * `npm start` and a JVM that knows nothing of our IPC channel; when this process is killed, the JVM's standard input ends,
 * and so does the JVM.
 */
const [stateDir = ''] = process.argv.slice(2)
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
  const code = await guard.exited
  // One that ended although nobody asked is a crash, which whoever supervises us should see.
  process.exitCode = typeof code === 'number' ? code : stopping ? 0 : 1
} catch (error) {
  const message: ProcessMessage = { failed: error instanceof Error ? error.message : String(error) }
  if (process.connected) process.send?.(message)
  console.log(message.failed)
  process.exitCode = 1
}
if (process.connected) process.disconnect?.()
