import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@sluice/testing'
import { startProcess, untilReady } from '../process/start-process.ts'
import type { RunningSystem, SystemOrder } from './system.ts'

const SCRIPT = fileURLToPath(new URL('monolith/main.ts', import.meta.url))

/** The bus that Sluice replaces: one process, whatever `replicas` says. */
export async function startMonolith({ brokers, logDir, profileDir }: SystemOrder): Promise<RunningSystem> {
  const port = await freePort()
  const monolith = startProcess({
    name: 'monolith',
    script: SCRIPT,
    env: { KAFKA_BROKERS: brokers, PORT: String(port) },
    logFile: join(logDir, 'monolith.log'),
    profileDir,
  })
  try {
    await untilReady(monolith, `http://127.0.0.1:${port}/health`)
  } catch (error) {
    await monolith.stop()
    throw error
  }
  return {
    path: '/events',
    ports: [port],
    outputs: [{ lane: 'high', topics: ['downstream'] }],
    processes: [monolith],
    settings: {},
    stop: () => monolith.stop(),
  }
}
