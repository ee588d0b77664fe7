import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LocalKafkaError } from './errors.ts'
import { findNewerJava } from './java.ts'
import { ended, isRunning, readLines } from './jvm-process.ts'
import { resolveMavenFolder } from './maven-folder.ts'
import { terminate } from './orphaned-jvm.ts'
import { freePort } from './port-owner.ts'
import { waitFor } from './wait-for.ts'

/** A running schema registry in a JVM of its own. */
export type LocalRegistry = {
  /** The base of its Confluent API. */
  readonly url: string
  /** SIGKILL, as a crash would. Its schemas stay in its folder. */
  kill(): Promise<void>
  /** Stops it and waits until it is gone. May be called again. */
  stop(): Promise<void>
}

export type LocalRegistryOptions = {
  /** Where its schemas are kept; one registry at a time. */
  readonly dataDir: string
  /** As before, where it is to be found again; a free one by default. */
  readonly port?: number
  /** Short lines for a person who waits. */
  readonly onProgress?: (line: string) => void
}

/** Apicurio 3 needs it. */
const OLDEST_JAVA = 21

const POM = fileURLToPath(new URL('../../../infra/schema-registry/pom.xml', import.meta.url))
const CACHE_DIR = fileURLToPath(new URL('../../../.sluice/schema-registry', import.meta.url))
const API = '/apis/ccompat/v7'
const READY_TIMEOUT_MS = 60_000
const STOP_GRACE_MS = 5000

/**
 * Starts Apicurio, a real schema registry, and waits until it answers: five seconds and 260 MB; the first time Maven
 * fetches it, 160 MB. It dies with this process.
 * @throws LocalKafkaError `java-missing`, `maven-missing`, `registry-jars` or `registry-start`
 */
export async function startLocalRegistry(options: LocalRegistryOptions): Promise<LocalRegistry> {
  const { dataDir } = options
  const { java, app } = await prepareRegistry(options.onProgress)
  const port = options.port ?? (await freePort())
  const jvm = spawn(
    java,
    ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-jar', join(app, 'quarkus-run.jar')],
    {
      env: {
        ...process.env,
        QUARKUS_HTTP_HOST: '127.0.0.1',
        QUARKUS_HTTP_PORT: String(port),
        QUARKUS_MANAGEMENT_HOST: '127.0.0.1',
        QUARKUS_MANAGEMENT_PORT: String(await freePort()),
        APICURIO_STORAGE_KIND: 'sql',
        APICURIO_STORAGE_SQL_KIND: 'h2',
        // What it has acknowledged must survive a kill.
        APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(dataDir, 'registry')};WRITE_DELAY=0`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const lastLines = readLines(jvm, () => {})
  const exited = ended(jvm)
  const killWithUs = () => jvm.kill('SIGKILL')
  process.once('exit', killWithUs)
  void exited.then(() => process.off('exit', killWithUs))
  const url = `http://127.0.0.1:${port}${API}`

  async function stop(): Promise<void> {
    if (isRunning(jvm)) await terminate(jvm.pid, STOP_GRACE_MS)
    await exited
  }

  try {
    await waitFor(async () => !isRunning(jvm) || (await answers(url)), {
      timeoutMs: READY_TIMEOUT_MS,
      intervalMs: 100,
      describe: () => `the schema registry to answer; its last lines:\n${lastLines().join('\n')}`,
    })
  } catch (error) {
    await stop()
    throw new LocalKafkaError('registry-start', (error as Error).message, { cause: error })
  }
  if (!isRunning(jvm)) {
    const message = `The schema registry ended at once:\n${lastLines().join('\n')}`
    throw new LocalKafkaError('registry-start', message)
  }
  return {
    url,
    stop,
    async kill() {
      jvm.kill('SIGKILL')
      await exited
    },
  }
}

/** Why no registry can be started here; undefined when one can. Fetches it, if that is still to be done. */
export async function whyNoRegistry(onProgress: (line: string) => void): Promise<string | undefined> {
  try {
    await prepareRegistry(onProgress)
    return undefined
  } catch (error) {
    if (!(error instanceof LocalKafkaError)) throw error
    return error.message
  }
}

async function prepareRegistry(onProgress: (line: string) => void = () => {}) {
  const java = await findNewerJava(OLDEST_JAVA)
  if (java === undefined) {
    throw new LocalKafkaError('java-missing', `Apicurio needs Java ${OLDEST_JAVA} or newer. Install one.`)
  }
  const app = await resolveMavenFolder({
    pom: POM,
    goal: ['dependency:unpack-dependencies'],
    what: 'the schema registry Apicurio',
    size: '160 MB',
    code: 'registry-jars',
    instead: 'do without the tests that need a schema registry',
    cacheDir: CACHE_DIR,
    onProgress,
  })
  return { java, app }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/subjects`)).ok
  } catch {
    return false
  }
}
