import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { answersKafka } from './broker-probe.ts'
import { LocalKafkaError } from './errors.ts'
import { findJava } from './java.ts'
import { ended, isRunning, readLines } from './jvm-process.ts'
import { holdsTopics, kafkaVersionOf, moveAside, prepareDataFolder } from './kafka-data-folder.ts'
import { type ExtraListeners, renderProperties } from './kafka-properties.ts'
import { stopOrphanedJvm, terminate, writePidFile } from './orphaned-jvm.ts'
import { freePort, isPortFree, portOwner } from './port-owner.ts'

/** A running Kafka in a JVM of its own. */
export type LocalKafka = {
  /** `host:port`, for clients without encryption. */
  readonly brokers: string
  /** The JVM's process id. */
  readonly pid: number
  /** Whether topics of an earlier run were stored in its folder. That Kafka still knows them is not said. */
  readonly heldTopics: boolean
  /** Resolves when the JVM has ended, by `stop` or by itself. */
  readonly exited: Promise<void>
  /** Stops it and waits until it is gone. May be called again. */
  stop(): Promise<void>
}

export type LocalKafkaOptions = {
  /** From `resolveKafkaJars`. */
  readonly libs: string
  /** Kept between starts; its parent is created when missing. One Kafka at a time. */
  readonly dataDir: string
  readonly port: number
  /** Heap of the JVM. */
  readonly heapMb?: number
  /** How long the broker may take until it answers. */
  readonly readyTimeoutMs?: number
  /** Gives a start up: the JVM is stopped, within seconds, before the promise rejects. Later it does nothing. */
  readonly signal?: AbortSignal
  /** Every line that the JVM prints. */
  readonly onLog?: (line: string) => void
  /** Ours alone, which a user should see: data was moved aside, an earlier Kafka stopped. Default: `onLog`. */
  readonly onNotice?: (line: string) => void
  readonly extraListeners?: ExtraListeners
  /** Broker settings on top of infra/kafka/server.properties. */
  readonly properties?: Readonly<Record<string, string>>
}

const INFRA = fileURLToPath(new URL('../../../infra/kafka/', import.meta.url))
const CLUSTER_ID = 'c2x1aWNlLWxvY2FsLWthZg'
const STOP_GRACE_MS = 10_000
/** A Kafka that is starting hears a SIGTERM only when it has started; it has nothing to lose yet. */
const ABORT_GRACE_MS = 2000

/**
 * Starts one real Kafka node in a JVM of its own and waits until it answers; two to four seconds. The JVM is
 * the leader of a process group of its own, so that Ctrl-C in a terminal reaches only us: we stop it last.
 * Should this process die first, the next start on the same folder stops the JVM. A data folder that cannot be
 * used is moved aside, and `onNotice` says so.
 * @throws LocalKafkaError `java-missing`, `port-in-use`, `kafka-data` or `kafka-start`; the signal's reason when
 * it was aborted.
 */
export async function startLocalKafka(options: LocalKafkaOptions): Promise<LocalKafka> {
  const {
    libs,
    port,
    heapMb = 384,
    readyTimeoutMs = 60_000,
    signal,
    onLog = () => {},
    onNotice = onLog,
    extraListeners,
    properties,
  } = options
  const dataDir = resolve(options.dataDir)
  const java = await findJava()
  const pidFile = join(dataDir, 'kafka.pid')
  const propertiesFile = join(dataDir, 'server.properties')
  const template = await readFile(join(INFRA, 'server.properties'), 'utf8')
  const jvmArguments = [
    `-Xmx${heapMb}m`,
    '-XX:+UseSerialGC',
    '-Xshare:auto',
    `-Dlog4j2.configurationFile=file:${await realpath(join(INFRA, 'log4j2.yaml'))}`,
    '-cp',
    join(libs, '*'),
  ]
  const folder = {
    dataDir,
    kafkaVersion: await kafkaVersionOf(libs),
    users: extraListeners?.users ?? [],
    format,
    onNotice,
  }

  await stopOrphanedJvm(pidFile, propertiesFile, onNotice)
  await requireFreePorts(port, extraListeners)
  signal?.throwIfAborted()
  const state = await prepareDataFolder(folder)
  try {
    return await start()
  } catch (error) {
    if (state === 'fresh' || !(error instanceof LocalKafkaError) || !BROKEN_DATA.test(error.message))
      throw error
    await moveAside(dataDir, error.message.match(BROKEN_DATA)![0], onNotice)
    await prepareDataFolder(folder)
    return await start()
  }

  async function render(logDir: string): Promise<string> {
    const controllerPort = await freePort()
    return renderProperties(template, {
      logDir,
      port,
      controllerPort,
      ...(extraListeners && { extraListeners }),
      ...(properties && { overrides: properties }),
    })
  }

  async function format(into: string): Promise<void> {
    const file = join(into, 'server.properties')
    await writeFile(file, await render(join(into, 'data')))
    signal?.throwIfAborted()
    const users = folder.users.flatMap(({ name, password }) => [
      '--add-scram',
      `SCRAM-SHA-256=[name=${name},password=${password}]`,
    ])
    const tool = ['kafka.tools.StorageTool', 'format', '--cluster-id', CLUSTER_ID, '--config', file, ...users]
    const jvm = spawn(java, [...jvmArguments, ...tool], { stdio: ['ignore', 'pipe', 'pipe'] })
    const lines = readLines(jvm, onLog)
    const kill = () => jvm.kill('SIGKILL')
    signal?.addEventListener('abort', kill)
    const code = await ended(jvm).finally(() => signal?.removeEventListener('abort', kill))
    signal?.throwIfAborted()
    if (code !== 0)
      throw new LocalKafkaError('kafka-start', `Formatting ${into} failed (${code}):\n${lines().join('\n')}`)
  }

  async function start(): Promise<LocalKafka> {
    await writeFile(propertiesFile, await render(join(dataDir, 'data')))
    const heldTopics = await holdsTopics(dataDir)
    signal?.throwIfAborted()
    const jvm = spawn(java, [...jvmArguments, 'kafka.Kafka', propertiesFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const logFile = createWriteStream(join(dataDir, 'kafka.log'))
    let announce = () => {}
    const announced = new Promise<'announced'>((resolve) => {
      announce = () => resolve('announced')
    })
    const lines = readLines(jvm, (line) => {
      logFile.write(`${line}\n`)
      onLog(line)
      if (line.includes('Kafka Server started')) announce()
    })
    const end = ended(jvm).finally(() => logFile.end())
    const killWithUs = () => jvm.kill('SIGTERM')
    process.once('exit', killWithUs)
    const exited = end.then(
      () => cleanUp(),
      () => cleanUp(),
    )
    async function cleanUp() {
      process.off('exit', killWithUs)
      await rm(pidFile, { force: true })
    }

    async function stop(graceMs = STOP_GRACE_MS): Promise<void> {
      if (isRunning(jvm)) await terminate(jvm.pid, graceMs)
      await exited
    }

    let timer: NodeJS.Timeout | undefined
    let abort = () => {}
    const aborted = new Promise<'aborted'>((resolve) => {
      abort = () => resolve('aborted')
    })
    signal?.addEventListener('abort', abort)
    try {
      if (jvm.pid !== undefined) await writePidFile(pidFile, jvm.pid)
      const deadline = Date.now() + readyTimeoutMs
      const timeout = new Promise<'late'>((resolve) => {
        timer = setTimeout(resolve, readyTimeoutMs, 'late')
      })
      let first: 'announced' | 'late' | 'aborted' | number | NodeJS.Signals | null = await Promise.race([
        announced,
        timeout,
        aborted,
        end,
      ])
      const brokers = `127.0.0.1:${port}`
      while (first === 'announced' && !signal?.aborted && !(await answersKafka(brokers))) {
        if (Date.now() >= deadline) first = 'late'
      }
      signal?.throwIfAborted()
      if (first === 'announced') return { brokers, pid: jvm.pid!, heldTopics, exited, stop: () => stop() }
      const what =
        first === 'late' ? `did not answer within ${readyTimeoutMs} ms` : `ended at once (${first})`
      throw new LocalKafkaError(
        'kafka-start',
        `Kafka ${what}. If its data is damaged, delete ${dataDir}. Its last lines:\n${lines().join('\n')}`,
      )
    } catch (error) {
      await stop(signal?.aborted ? ABORT_GRACE_MS : STOP_GRACE_MS)
      throw error
    } finally {
      signal?.removeEventListener('abort', abort)
      clearTimeout(timer)
    }
  }
}

/**
 * What Kafka prints when its files, not its settings, are why it cannot start. Not complete: anything else is
 * an error that names the folder, so that no data is moved because of, say, a full disk.
 */
const BROKEN_DATA = new RegExp(
  [
    'Corrupt(Record|Snapshot|Index)Exception',
    'InvalidRecordException',
    'InconsistentClusterIdException',
    'Error while reading the Quorum status',
    'in the bootstrap metadata from .*',
    'No valid meta\\.properties',
  ].join('|'),
)

async function requireFreePorts(port: number, extra: ExtraListeners = {}): Promise<void> {
  const forwarded = extra.forwarded?.map((listener) => listener.port) ?? []
  for (const wanted of [port, extra.saslPlaintextPort, extra.saslSslPort, extra.sslPort, ...forwarded]) {
    if (wanted === undefined || (await isPortFree(wanted))) continue
    const owner = await portOwner(wanted)
    const by = owner ? `by ${owner.command} (pid ${owner.pid})` : 'by another process'
    const hint = 'Stop that, choose another port, or set KAFKA_BROKERS if it is the Kafka you want.'
    throw new LocalKafkaError('port-in-use', `Port ${wanted} is in use ${by}. ${hint}`)
  }
}
