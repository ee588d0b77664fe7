import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { catalogue, LANES, laneTopic, listServices } from '@sluice/events'
import { freePort } from '@sluice/testing'
import { type RunningProcess, startProcess, untilReady } from '../process/start-process.ts'
import type { RunningSystem, StartSystem, SystemOrder } from './system.ts'

/**
 * Sluice as it is in the checkout at `root`, which may be another version than this bench: the topics by its own
 * command, then a process for each replica of the gateway and of each service. Default settings, but for the
 * log level. The catalogue is this version's.
 */
export function startSluiceAt(root: string): StartSystem {
  return async function startSluice(order: SystemOrder): Promise<RunningSystem> {
    const { brokers, replicas, logDir, profileDir } = order
    await promisify(execFile)(process.execPath, [join(root, 'tools', 'topics.ts')], {
      env: { ...process.env, KAFKA_BROKERS: brokers },
    })
    const processes: RunningProcess[] = []
    const ports: number[] = []
    try {
      const names = [...listServices(catalogue).map(({ service }) => service), 'gateway']
      const ready: Promise<void>[] = []
      for (const name of names) {
        for (let replica = 1; replica <= replicas; replica++) {
          const admin = await freePort()
          const env: Record<string, string> = {
            KAFKA_BROKERS: brokers,
            ADMIN_HOST: '127.0.0.1',
            ADMIN_PORT: String(admin),
            LOG_LEVEL: 'warn',
          }
          if (name === 'gateway') {
            const port = await freePort()
            ports.push(port)
            env['GATEWAY_HOST'] = '127.0.0.1'
            env['GATEWAY_PORT'] = String(port)
          }
          const started = startProcess({
            name,
            script: findMain(root, name),
            env,
            logFile: join(logDir, `sluice-${name}-${replica}.log`),
            profileDir,
          })
          processes.push(started)
          ready.push(untilReady(started, `http://127.0.0.1:${admin}/readyz`))
        }
      }
      await Promise.all(ready)
    } catch (error) {
      await stopAll(processes)
      throw error
    }
    return {
      path: '/v1/events',
      ports,
      outputs: LANES.map((lane) => ({ lane, topics: outputTopics(lane) })),
      processes,
      settings: { replicas },
      stop: () => stopAll(processes),
    }
  }
}

/** A service's is beside its handler; the gateway has a folder of sources. */
function findMain(root: string, name: string): string {
  const folder = join(root, 'services', name)
  const beside = join(folder, 'main.ts')
  return existsSync(beside) ? beside : join(folder, 'src', 'main.ts')
}

function outputTopics(lane: (typeof LANES)[number]): string[] {
  return catalogue
    .filter(({ definition }) => definition.origin === 'derived' && definition.lanes.includes(lane))
    .map(({ definition }) => laneTopic(definition.type, lane))
}

/** The gateway first, as the last one started. */
async function stopAll(processes: readonly RunningProcess[]): Promise<void> {
  for (const process of processes.toReversed()) await process.stop()
}
