import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@sluice/testing'
import { startProcess, untilReady } from '../process/start-process.ts'
import type { RunningSystem, SystemOrder } from './system.ts'

const SCRIPT = fileURLToPath(new URL('noop/main.ts', import.meta.url))

/** A server that only parses: what HTTP and JSON alone allow here. Nothing comes out of it. */
export async function startNoop({
  logDir,
  profileDir,
}: Omit<SystemOrder, 'brokers'>): Promise<RunningSystem> {
  const port = await freePort()
  const noop = startProcess({
    name: 'noop',
    script: SCRIPT,
    env: { PORT: String(port) },
    logFile: join(logDir, 'noop.log'),
    profileDir,
  })
  try {
    await untilReady(noop, `http://127.0.0.1:${port}/health`)
  } catch (error) {
    await noop.stop()
    throw error
  }
  return {
    path: '/v1/events',
    ports: [port],
    outputs: [],
    processes: [noop],
    settings: {},
    stop: () => noop.stop(),
  }
}
