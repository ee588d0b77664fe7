import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findPorts } from '../faults/rig/ports.ts'

/** docker-compose.yml as a project of its own, on ports of its own. */
export type Stack = {
  readonly ports: {
    readonly ingest: number
    readonly kafka: number
    readonly prometheus: number
    readonly grafana: number
    readonly flink: number
    readonly floodGuard: number
  }
  /**
   * `docker compose` with these arguments; what it printed. Rejects when it fails, with its last words.
   */
  compose(...args: readonly string[]): Promise<string>
  /** Starts one service of the profile "observability" and no other; `options` are those of `docker compose up`. */
  observe(service: string, ...options: readonly string[]): Promise<void>
  /** `docker` with these arguments; likewise. */
  docker(...args: readonly string[]): Promise<string>
  /** The containers of a service, also those that have ended. */
  containers(service: string): Promise<readonly Container[]>
}

export type Container = {
  readonly id: string
  readonly state: string
  readonly health: string
  readonly exitCode: number
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** A slow machine builds every image in this time; it bounds a failure only. */
const PATIENCE_MS = 20 * 60_000

export async function createStack(project: string, signal: AbortSignal): Promise<Stack> {
  const [ingest, admin, kafka, prometheus, grafana, flink, floodGuard] = (await findPorts(7)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: project,
    GATEWAY_PORT: String(ingest),
    ADMIN_PORT: String(admin),
    KAFKA_PORT: String(kafka),
    PROMETHEUS_PORT: String(prometheus),
    GRAFANA_PORT: String(grafana),
    FLINK_PORT: String(flink),
    FLOOD_GUARD_PORT: String(floodGuard),
  }
  async function docker(...args: readonly string[]): Promise<string> {
    try {
      const options = { cwd: ROOT, env, signal, timeout: PATIENCE_MS, maxBuffer: 64 * 1024 * 1024 }
      return (await promisify(execFile)('docker', [...args], options)).stdout
    } catch (error) {
      const { stderr = '', message } = error as Error & { stderr?: string }
      const words = (stderr.trim() || message).split('\n').slice(-15).join('\n')
      throw new Error(`"docker ${args.join(' ')}" failed:\n${words}`, { cause: error })
    }
  }
  const compose = (...args: readonly string[]) => docker('compose', '--progress', 'quiet', ...args)
  return {
    ports: { ingest, kafka, prometheus, grafana, flink, floodGuard },
    docker,
    compose,
    async observe(service, ...options) {
      const up = ['up', '--detach', '--no-build', '--no-deps', ...options, service]
      await compose('--profile', 'observability', ...up)
    },
    async containers(service) {
      const lines = (await compose('ps', '--all', '--format', 'json', service)).trim().split('\n')
      return lines
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { ID: string; State: string; Health: string; ExitCode: number })
        .map(({ ID, State, Health, ExitCode }) => ({
          id: ID,
          state: State,
          health: Health,
          exitCode: ExitCode,
        }))
    },
  }
}
