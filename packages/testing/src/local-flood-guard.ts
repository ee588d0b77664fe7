import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LocalKafkaError } from './errors.ts'
import { findJava } from './java.ts'
import { ended, isRunning, readLines } from './jvm-process.ts'
import { resolveMavenFolder } from './maven-folder.ts'
import { waitFor } from './wait-for.ts'

/** A running flood guard in a JVM of its own. */
export type LocalFloodGuard = {
  readonly pid: number
  /** Where health, metrics and top talkers are. */
  readonly admin: string
  /** What it said last, for whoever has to tell why it ended. */
  lastLines(): readonly string[]
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>
  /** SIGTERM; it commits and leaves its group within its own grace time. Resolves when it is gone. May be called again. */
  stop(): Promise<void>
  /** SIGKILL, as a crash would. What it has committed stays in Kafka. */
  kill(): Promise<void>
}

export type LocalFloodGuardOptions = {
  /** From {@link buildFloodGuard}. */
  readonly libs: string
  readonly brokers: string
  /** Where Kafka Streams keeps its lock and its id; one flood guard at a time. What it counts is in Kafka. */
  readonly stateDir: string
  readonly adminPort: number
  /** Other settings; docs/streams.md has them. Kafka's own, such as TLS, are taken from our environment. */
  readonly settings?: Readonly<Record<string, string>>
  /** Gets each line of its log, JSON unless the JVM itself writes. */
  readonly onLog?: (line: string) => void
}

const HOME = fileURLToPath(new URL('../../../streams/flood-guard', import.meta.url))
const CACHE_DIR = fileURLToPath(new URL('../../../.sluice/flood-guard', import.meta.url))
const READY_TIMEOUT_MS = 60_000
/** Of 250 MB in all: the rest is code, buffers of the network, and the JVM itself. */
const JVM_OPTIONS = ['-Xmx160m', '-XX:+UseSerialGC', '-XX:+ExitOnOutOfMemoryError']

/**
 * The folder with the flood guard's jar and those that it needs. Maven builds it when its pom or a source has changed, and
 * fetches 95 MB the first time; otherwise neither Maven nor a network is needed.
 * @throws LocalKafkaError `java-missing`, `maven-missing` or `flood-guard-build`
 */
export function buildFloodGuard(onProgress: (line: string) => void = () => {}): Promise<string> {
  return resolveMavenFolder({
    pom: join(HOME, 'pom.xml'),
    sources: [join(HOME, 'src/main')],
    goal: ['package', '-Dmaven.test.skip=true'],
    what: 'the flood guard',
    size: '95 MB',
    code: 'flood-guard-build',
    instead: 'do without the flood guard',
    cacheDir: CACHE_DIR,
    onProgress,
  })
}

/** Why no flood guard can be built here; undefined when one can, and is then built. */
export async function whyNoFloodGuard(onProgress: (line: string) => void): Promise<string | undefined> {
  try {
    await buildFloodGuard(onProgress)
    return undefined
  } catch (error) {
    if (!(error instanceof LocalKafkaError) || !error.code.endsWith('-missing')) throw error
    return error.message
  }
}

/**
 * Starts it without waiting for anything. It ends by itself when this process has gone, however it went: its standard input
 * ends then.
 * @throws LocalKafkaError `java-missing`
 */
export async function spawnLocalFloodGuard(options: LocalFloodGuardOptions): Promise<LocalFloodGuard> {
  const { libs, brokers, stateDir, adminPort, settings, onLog } = options
  const jvm = spawn(
    await findJava(),
    [...JVM_OPTIONS, '-cp', join(libs, '*'), 'sluice.floodguard.FloodGuard', '--stop-with-stdin'],
    {
      env: {
        ...process.env,
        KAFKA_BROKERS: brokers,
        ADMIN_HOST: '127.0.0.1',
        ADMIN_PORT: String(adminPort),
        FLOOD_STATE_DIR: stateDir,
        ...settings,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  )
  const lastLines = readLines(jvm, (line) => onLog?.(line))
  const exited = ended(jvm)
  async function end(signal: NodeJS.Signals): Promise<void> {
    if (isRunning(jvm)) jvm.kill(signal)
    await exited
  }
  return {
    pid: jvm.pid!,
    admin: `http://127.0.0.1:${adminPort}`,
    lastLines,
    exited,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

/**
 * Starts it and waits until it counts events: three seconds, or six more after a kill, until the group knows.
 * @throws LocalKafkaError `java-missing` or `flood-guard-start`
 */
export async function startLocalFloodGuard(options: LocalFloodGuardOptions): Promise<LocalFloodGuard> {
  const guard = await spawnLocalFloodGuard(options)
  let hasEnded = false
  void guard.exited.then(() => {
    hasEnded = true
  })
  try {
    await waitFor(async () => hasEnded || (await fetch(`${guard.admin}/readyz`)).ok, {
      timeoutMs: READY_TIMEOUT_MS,
      intervalMs: 100,
      describe: 'the flood guard to be ready',
    })
  } catch (cause) {
    await guard.kill()
    throw startError((cause as Error).message, guard, cause)
  }
  if (hasEnded) throw startError(`The flood guard ended with ${await guard.exited}.`, guard)
  return guard
}

function startError(what: string, { lastLines }: LocalFloodGuard, cause?: unknown): LocalKafkaError {
  const message = `${what} Its last lines:\n${lastLines().join('\n')}`
  return new LocalKafkaError('flood-guard-start', message, { cause })
}
