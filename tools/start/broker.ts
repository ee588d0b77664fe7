import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KAFKA_IMAGE, resolveKafkaJars } from '@sluice/testing'
import { flinkDataDir } from './plan.ts'
import type { ProcessPlan } from './processes.ts'

/**
 * Which Kafka a start uses.
 * - `given`: somebody else's, by KAFKA_BROKERS. Never stopped by us.
 * - `docker`: the compose file's. `start` resolves when it answers; `stop` ends a start that is under way too,
 *   and keeps the volume. A Kafka that was running before is used, and stopped like our own.
 * - `jvm`: a process for the caller to supervise.
 */
export type BrokerChoice =
  | { readonly kind: 'given'; readonly brokers: string }
  | { readonly kind: 'docker'; readonly brokers: string; start(): Promise<void>; stop(): Promise<void> }
  | { readonly kind: 'jvm'; readonly brokers: string; readonly plan: ProcessPlan }

export type BrokerOptions = {
  readonly root: string
  readonly port: number
  readonly env: NodeJS.ProcessEnv
  readonly onProgress: (line: string) => void
}

/**
 * Finds a Kafka: KAFKA_BROKERS, else Docker if its engine answers and has the image, else a local JVM. What is
 * not given is not running yet when this resolves.
 * @throws LocalKafkaError when it comes to the JVM and Java, Maven or the jars are missing.
 */
export async function chooseBroker(options: BrokerOptions): Promise<BrokerChoice> {
  const { root, port, env, onProgress } = options
  const given = env['KAFKA_BROKERS']
  if (given !== undefined && given !== '') return { kind: 'given', brokers: given }
  const brokers = `127.0.0.1:${port}`
  if (await dockerHasKafka(root)) return composeKafka(root, brokers, { ...env, KAFKA_PORT: String(port) })
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

function composeKafka(root: string, brokers: string, env: NodeJS.ProcessEnv): BrokerChoice {
  const starting = new AbortController()
  let up: Promise<unknown> | undefined
  let answers = false
  const compose = (args: string[], signal?: AbortSignal) =>
    execute('docker', ['compose', ...args], { cwd: root, env, ...(signal && { signal }) })
  return {
    kind: 'docker',
    brokers,
    async start() {
      up = compose(['up', '--detach', '--wait', 'kafka'], starting.signal)
      await up
      answers = true
    },
    async stop() {
      starting.abort()
      // How it ended is told by start; here it only must not create what has just been stopped.
      await up?.catch(() => {})
      // Before it answers it has nothing to lose, and its start scripts do not hear a signal.
      await compose(answers ? ['stop', 'kafka'] : ['stop', '--timeout', '1', 'kafka'])
    },
  }
}

/** Where the local JVM's Kafka keeps its data. */
export function kafkaDataDir(root: string): string {
  return join(root, '.sluice', 'kafka', 'data')
}

/**
 * Throws the local Kafka's data away: the JVM's folder, and compose's volume where Docker is in use; and what stream jobs
 * remember of it. Whatever else
 * runs by compose stays as it is.
 */
export async function resetBroker(root: string): Promise<void> {
  await rm(kafkaDataDir(root), { recursive: true, force: true })
  await rm(flinkDataDir(root), { recursive: true, force: true })
  if (!(await dockerHasKafka(root))) return
  await execute('docker', ['compose', 'rm', '--stop', '--force', 'kafka'], { cwd: root })
  const config = await execute('docker', ['compose', 'config', '--format', 'json'], { cwd: root })
  const { volumes } = JSON.parse(config) as { volumes: { 'kafka-data': { name: string } } }
  await execute('docker', ['volume', 'rm', '--force', volumes['kafka-data'].name], { cwd: root })
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

type ExecuteOptions = { cwd?: string; env?: NodeJS.ProcessEnv; timeout?: number; signal?: AbortSignal }

/** An abort asks the command to end; the promise settles when it has. */
function execute(
  file: string,
  args: readonly string[],
  { signal, ...options }: ExecuteOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, [...args], { ...options, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`"${file} ${args.join(' ')}" failed:\n${stderr.trim() || error.message}`))
    })
    signal?.addEventListener('abort', () => child.kill())
  })
}
