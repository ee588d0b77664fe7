// A process that is watched and blocks its event loop for FIXTURE_BLOCK_MS.
import { createWatchdog } from '../src/watchdog.ts'

const watchdog = createWatchdog({
  stallMs: 2000,
  limitMs: 60_000,
  tripped(error) {
    throw error
  },
})
process.on('SIGTERM', async () => {
  await watchdog.stop()
  process.exit(0)
})
setTimeout(() => {
  console.log('blocking')
  const until = performance.now() + Number(process.env['FIXTURE_BLOCK_MS'])
  while (performance.now() < until);
  console.log('done')
  setInterval(() => console.log('beat'), 500)
}, 1500)
