import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KAFKA_IMAGE, resolveKafkaJars } from '@sluice/testing'
import type { ProcessPlan } from './processes.ts'

/**
 * Which Kafka a start uses.
 * - `given`: somebody else's, by KAFKA_BROKERS. Never stopped by us.
 * - `docker`: the compose file's, started here; `stop` stops it and keeps its volume.
 * - `jvm`: a process for the caller to supervise.
 */
export type BrokerChoice =
  | { readonly kind: 'given'; readonly brokers: string }
  | { readonly kind: 'docker'; readonly brokers: string; stop(): Promise<void> }
  | { readonly kind: 'jvm'; readonly brokers: string; readonly plan: ProcessPlan }

export type BrokerOptions = {
  readonly root: string
  readonly port: number
  readonly env: NodeJS.ProcessEnv
  readonly onProgress: (line: string) => void
}

/**
 * Finds a Kafka: KAFKA_BROKERS, else Docker if its engine answers and has the image, else a local JVM. Docker's
 * is running when this resolves; the JVM's is not.
 * @throws LocalKafkaError when it comes to the JVM and Java, Maven or the jars are missing; Error when Docker
 * does not start it.
 */
export async function chooseBroker(options: BrokerOptions): Promise<BrokerChoice> {
  const { root, port, env, onProgress } = options
  const given = env['KAFKA_BROKERS']
  if (given !== undefined && given !== '') return { kind: 'given', brokers: given }
  const brokers = `127.0.0.1:${port}`
  if (await dockerHasKafka(root)) {
    const compose = (...args: string[]) =>
      execute('docker', ['compose', ...args], { cwd: root, env: { ...env, KAFKA_PORT: String(port) } })
    await compose('up', '--detach', '--wait', 'kafka')
    return { kind: 'docker', brokers, stop: async () => void (await compose('stop', 'kafka')) }
  }
  const cacheDir = join(root, '.sluice', 'kafka')
  const libs = await resolveKafkaJars({ cacheDir, onProgress })
  const script = fileURLToPath(new URL('local-kafka.ts', import.meta.url))
  const plan: ProcessPlan = {
    name: 'kafka',
    script,
    args: [libs, kafkaDataDir(root), String(port)],
    readyBy: 'message',
    ownsProcess: true,
  }
  return { kind: 'jvm', brokers, plan }
}

/** Where the local JVM's Kafka keeps its data. */
export function kafkaDataDir(root: string): string {
  return join(root, '.sluice', 'kafka', 'data')
}

/** Throws the local Kafka's data away: the JVM's folder, and compose's volume where Docker is in use. */
export async function resetBroker(root: string): Promise<void> {
  await rm(kafkaDataDir(root), { recursive: true, force: true })
  if (await dockerHasKafka(root)) await execute('docker', ['compose', 'down', '--volumes'], { cwd: root })
}

async function dockerHasKafka(root: string): Promise<boolean> {
  if (!existsSync(join(root, 'docker-compose.yml'))) return false
  try {
    await execute('docker', ['image', 'inspect', KAFKA_IMAGE], { timeout: 10_000 })
    return true
  } catch {
    return false // no docker, no engine, or an engine without the image
  }
}

type ExecuteOptions = { cwd?: string; env?: NodeJS.ProcessEnv; timeout?: number }

function execute(file: string, args: readonly string[], options: ExecuteOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(file, [...args], { ...options, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`"${file} ${args.join(' ')}" failed:\n${stderr.trim() || error.message}`))
    })
  })
}
