import { spawn } from 'node:child_process'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { LocalKafkaError } from '../errors.ts'
import { findJava } from '../java.ts'
import { ended, isRunning, readLines } from '../jvm-process.ts'
import { stopOrphanedJvm, terminate, writePidFile } from '../orphaned-jvm.ts'
import { freePort } from '../port-owner.ts'
import { waitFor } from '../wait-for.ts'
import { type JobMonitor, monitorJob } from './job-monitor.ts'
import { listJobs, readJobScript } from './job-script.ts'
import { openSqlSession } from './sql-gateway.ts'

/** Flink's SQL gateway with its jobs, in one JVM. */
export type LocalFlink = {
  /** The JVM's process id. */
  readonly pid: number
  readonly jobs: readonly StreamJob[]
  /** Resolves when the JVM has ended, by `stop` or by itself. */
  readonly exited: Promise<void>
  /** Stops it and waits until it is gone. The jobs go on from their last checkpoints when it is started again. */
  stop(): Promise<void>
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>
}

export type StreamJob = {
  readonly name: string
  readonly monitor: JobMonitor
  /** Whether it went on from a checkpoint. */
  readonly resumed: boolean
}

export type LocalFlinkOptions = {
  /** From `resolveFlinkJars`. */
  readonly libs: string
  /** Holds the checkpoints; kept between starts. One Flink at a time. */
  readonly dataDir: string
  readonly brokers: string
  /** Default: all of the folder's. */
  readonly jobs?: readonly string[]
  /** Where their files are. Default: streams/flink/jobs. */
  readonly jobsDir?: string
  /** Over those of streams/flink/settings.env. */
  readonly settings?: Readonly<Record<string, string>>
  readonly checkpointIntervalMs?: number
  readonly heapMb?: number
  readonly readyTimeoutMs?: number
  /** Gives a start up: the JVM is stopped before the promise rejects. Later it does nothing. */
  readonly signal?: AbortSignal
  /** Every line that the JVM prints, and ours. */
  readonly onLog?: (line: string) => void
}

const LOG_CONFIG = fileURLToPath(new URL('../../../../streams/flink/log4j2.properties', import.meta.url))
const STOP_GRACE_MS = 5000

/** What Flink reaches into; it names more, for features that no job here uses. */
const OPENED = [
  ...['java.lang', 'java.lang.reflect', 'java.net', 'java.nio', 'java.text', 'java.time', 'java.util'],
  ...['java.util.concurrent', 'java.util.concurrent.atomic', 'java.util.concurrent.locks'],
]
const MAIN = 'org.apache.flink.table.gateway.SqlGateway'

/**
 * Starts Flink in a JVM of its own and submits the jobs of streams/flink, each from its latest checkpoint if it has one,
 * and waits until all of their tasks run. The JVM leads a process group of its own, so that Ctrl-C in a terminal reaches
 * only us. Should this process die first, the next start on the same folder stops the JVM.
 * @throws LocalKafkaError `java-missing` or `flink-start`; the signal's reason when it was aborted.
 */
export async function startLocalFlink(options: LocalFlinkOptions): Promise<LocalFlink> {
  const { libs, heapMb = 768, readyTimeoutMs = 300_000, signal, onLog = () => {} } = options
  const names = options.jobs ?? (await listJobs(options.jobsDir))
  const dataDir = resolve(options.dataDir)
  const confDir = join(dataDir, 'conf')
  const pidFile = join(dataDir, 'flink.pid')
  const java = await findJava()
  const port = await freePort()
  await mkdir(confDir, { recursive: true })
  await stopOrphanedJvm(pidFile, confDir, onLog, 'Flink')
  await writeFile(join(confDir, 'config.yaml'), configOf(port, options))
  signal?.throwIfAborted()

  const jvm = spawn(java, [...jvmOptions(heapMb), `-Dsluice.conf=${confDir}`, '-cp', join(libs, '*'), MAIN], {
    env: { ...process.env, FLINK_CONF_DIR: confDir },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const lastLines = readLines(jvm, onLog)
  const end = ended(jvm)
  const killWithUs = () => jvm.kill('SIGTERM')
  process.once('exit', killWithUs)
  const exited = end
    .catch(() => {})
    .then(async () => {
      process.off('exit', killWithUs)
      await rm(pidFile, { force: true })
    })
  async function stop(): Promise<void> {
    if (isRunning(jvm)) await terminate(jvm.pid, STOP_GRACE_MS)
    await exited
  }

  async function bringUp(): Promise<StreamJob[]> {
    if (jvm.pid !== undefined) await writePidFile(pidFile, jvm.pid)
    const gateway = `http://127.0.0.1:${port}`
    const deadline = Date.now() + readyTimeoutMs
    await waitFor(() => answers(gateway), { timeoutMs: readyTimeoutMs, describe: () => 'Flink to answer' })
    const jobs: StreamJob[] = []
    // One after the other: planning is work for a whole core.
    for (const name of names) {
      signal?.throwIfAborted()
      jobs.push(await submit(name, gateway, dataDir, options))
      onLog(`${name} ${jobs.at(-1)!.resumed ? 'goes on from its last checkpoint' : 'begins anew'}`)
    }
    for (const { name, monitor } of jobs) {
      await waitFor(async () => (await monitor.state()) === 'RUNNING' || signal?.aborted, {
        timeoutMs: Math.max(1, deadline - Date.now()),
        describe: () => `all tasks of ${name} to run`,
      })
    }
    return jobs
  }

  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal?.reason)
  })
  signal?.addEventListener('abort', abort)
  try {
    const jobs = await Promise.race([
      bringUp(),
      aborted,
      end.then((how) => {
        throw new Error(`It ended at once (${how}).`)
      }),
    ])
    const kill = async () => {
      jvm.kill('SIGKILL')
      await exited
    }
    return { pid: jvm.pid!, jobs, exited, stop, kill }
  } catch (error) {
    await stop()
    signal?.throwIfAborted()
    if (error instanceof LocalKafkaError) throw error
    const message = `Flink does not start: ${(error as Error).message}\nIts last lines:\n${lastLines().join('\n')}`
    throw new LocalKafkaError('flink-start', message, { cause: error })
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** Runs a job's script in a session and a cluster of its own, all in the same JVM. */
async function submit(
  name: string,
  gateway: string,
  dataDir: string,
  { brokers, jobsDir, settings }: LocalFlinkOptions,
): Promise<StreamJob> {
  const checkpoints = join(dataDir, 'checkpoints', name)
  const checkpoint = await latestCheckpoint(checkpoints)
  const restPort = await freePort()
  const session = await openSqlSession(gateway, {
    'pipeline.name': name,
    'rest.port': String(restPort),
    'execution.checkpointing.dir': pathToFileURL(checkpoints).href,
    ...(checkpoint !== undefined && {
      'execution.state-recovery.path': pathToFileURL(checkpoint).href,
      // The old checkpoint is Flink's to delete once it has a newer one.
      'execution.state-recovery.claim-mode': 'CLAIM',
    }),
  })
  let id: string | undefined
  const script = await readJobScript(name, {
    ...{ brokers, now: Date.now() },
    ...(jobsDir !== undefined && { jobsDir }),
    ...(settings && { settings }),
  })
  for (const statement of script) {
    try {
      id = (await session.run(statement)) ?? id
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}\nin: ${statement}`)
    }
  }
  if (id === undefined) throw new Error(`${name} has no statement that starts a job.`)
  const rest = `http://127.0.0.1:${restPort}`
  return { name, monitor: monitorJob(rest, id), resumed: checkpoint !== undefined }
}

/** The newest folder `<job id>/chk-<n>` that is complete; a job gets a new id each time that it is started. */
async function latestCheckpoint(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder, { recursive: true }).catch(() => [])
  const complete = entries.filter((entry) => /[/\\]chk-\d+[/\\]_metadata$/.test(entry))
  const dated = await Promise.all(
    complete.map(async (entry) => ({ entry, at: (await stat(join(folder, entry))).mtimeMs })),
  )
  const newest = dated.toSorted((one, other) => other.at - one.at)[0]
  return newest && dirname(join(folder, newest.entry))
}

function configOf(port: number, { checkpointIntervalMs = 10_000 }: LocalFlinkOptions): string {
  const config = {
    'execution.target': 'local',
    'parallelism.default': 1,
    'table.local-time-zone': 'UTC',
    'sql-gateway.endpoint.rest.address': '127.0.0.1',
    'sql-gateway.endpoint.rest.bind-address': '127.0.0.1',
    'sql-gateway.endpoint.rest.port': port,
    // A job's session is idle for as long as the job runs.
    'sql-gateway.session.idle-timeout': '0 ms',
    'rest.address': '127.0.0.1',
    'rest.bind-address': '127.0.0.1',
    'jobmanager.bind-host': '127.0.0.1',
    'taskmanager.bind-host': '127.0.0.1',
    'state.backend.type': 'hashmap',
    'execution.checkpointing.interval': `${checkpointIntervalMs} ms`,
    'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
    // Each job has a cluster of its own, and each cluster would set 64 MB aside for its network.
    'taskmanager.memory.network.min': '16 mb',
    'taskmanager.memory.network.max': '16 mb',
    'metrics.fetcher.update-interval': '1 s',
  }
  return Object.entries(config)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('')
}

function jvmOptions(heapMb: number): string[] {
  return [
    ...OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
    `-Xmx${heapMb}m`,
    '-XX:+UseSerialGC',
    // Planning a job is code that runs once: compiling all of it well costs as much again (51 s of CPU to start one job, not 27).
    '-XX:TieredStopAtLevel=1',
    `-Dlog4j.configurationFile=${pathToFileURL(LOG_CONFIG)}`,
  ]
}

async function answers(gateway: string): Promise<boolean> {
  try {
    return (await fetch(`${gateway}/v1/info`)).ok
  } catch {
    return false
  }
}
