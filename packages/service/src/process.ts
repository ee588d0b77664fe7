import type { RequestListener } from 'node:http'
import type { EventDefinition } from '@sluice/events'
import { createKafkaJsClient, type KafkaClient } from '@sluice/kafka'
import { createLogger, createMetrics, type Logger, type Metrics } from '@sluice/telemetry'
import { type AdminServer, type ReadinessCheck, startAdminServer } from './admin-server.ts'
import { type BaseConfig, baseSettings, parseProcessSettings, type SettingsCheck } from './base-settings.ts'
import { SettingsError } from './errors.ts'
import { type Framing, openFraming } from './framing.ts'
import { type Config, describeSettings, printConfig, type Settings } from './settings.ts'

export type ProcessContext<S extends Settings> = {
  readonly config: Config<S> & BaseConfig
  readonly log: Logger
  readonly metrics: Metrics
  readonly kafka: KafkaClient
  /**
   * How events of these types are stored framed; undefined where no schema registry is set. Waits for a registry that
   * does not answer: the process is not ready meanwhile, and can be stopped.
   * @throws SchemaRegistryError `schema-not-registered`
   */
  openFraming(definitions: readonly EventDefinition[]): Promise<Framing | undefined>
  /** Something that this process cannot mend. It stops with exit code 1; whoever runs it starts it again. */
  crash(error: Error): void
}

export type RunningProcess = {
  readonly checks: readonly ReadinessCheck[]
  /** What the admin server answers under `/v1/`; it has to look who is asking. Absent: there is nothing. */
  readonly operations?: RequestListener
  /** Finishes what is in hand, within the grace period, and lets go of everything. */
  stop(graceMs: number): Promise<void>
}

export type ProcessOptions<S extends Settings> = {
  /** Also the metric label, the log field and Kafka's client id. */
  readonly name: string
  readonly settings: S
  /** What is wrong with the settings together. */
  readonly checkSettings?: SettingsCheck<S>
  /** Rejects with `SettingsError` when what a variable names cannot be used. */
  start(context: ProcessContext<S>): Promise<RunningProcess>
}

/**
 * One process, from its settings to its exit.
 *
 * Exit codes: 0 after SIGTERM, SIGINT or the end of a parent that holds an IPC channel to it; 1 after a crash or
 * when the grace period was not enough; 2 when the environment does not configure it, or names a file that cannot be used:
 * then starting it again would not help. `--print-config` prints
 * what it would run with and exits with 0; `--print-settings` prints as JSON what can be set, and needs no
 * environment.
 *
 * starting → running → stopping → gone. A signal while starting stops as soon as the start is through; a crash
 * while stopping only changes the exit code. The deadline runs from the first signal and nothing extends it.
 */
export async function runProcess<S extends Settings>(options: ProcessOptions<S>): Promise<void> {
  const { name } = options
  const { config, connection, registry } = readEnvironment(options)
  const log = createLogger({ service: name, level: config.LOG_LEVEL })
  const metrics = createMetrics(name)

  let running: RunningProcess | undefined
  let admin: AdminServer | undefined
  let exitCode = 0
  const { promise: stopRequested, resolve: requestStop } = Promise.withResolvers<string>()
  const stopping = new AbortController()
  let startingDetail = 'The process is starting.'

  function stopFor(reason: string): void {
    if (stopping.signal.aborted) return
    stopping.abort()
    log.info({ reason }, 'stopping')
    setTimeout(() => {
      log.error('the grace period was not enough; what is in hand is read again by the next one')
      process.exit(1)
    }, config.SHUTDOWN_GRACE_MS + 1000).unref()
    requestStop(reason)
  }

  function crash(error: Error): void {
    exitCode = 1
    log.fatal({ err: error }, 'the process cannot go on')
    stopFor('crash')
  }

  // Whoever read our log is gone; that is no reason to stop working.
  process.stdout.on('error', () => {})
  process.on('SIGTERM', () => stopFor('SIGTERM'))
  process.on('SIGINT', () => stopFor('SIGINT'))
  process.on('disconnect', () => stopFor('the parent process is gone'))
  // A parent that went while our modules were loading went before anybody listened.
  if (process.connected === false) stopFor('the parent process is gone')
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', (reason) =>
    crash(reason instanceof Error ? reason : new Error(String(reason))),
  )

  async function open(definitions: readonly EventDefinition[]): Promise<Framing | undefined> {
    if (!registry) return undefined
    const waiting = (detail: string) => {
      startingDetail = detail
    }
    return openFraming({ connection: registry, definitions, waiting, stopping: stopping.signal, log })
  }

  const starting: ReadinessCheck = {
    name: 'started',
    check: () => ({ ok: false, detail: startingDetail }),
  }
  const leaving: ReadinessCheck = {
    name: 'stopping',
    check: () => ({ ok: false, detail: 'The process is stopping.' }),
  }
  try {
    admin = await startAdminServer({
      host: config.ADMIN_HOST,
      port: config.ADMIN_PORT,
      sharePort: config.SHARE_PORTS,
      checks: () => (stopping.signal.aborted ? [leaving] : (running?.checks ?? [starting])),
      operations: () => running?.operations,
      metrics,
      log,
    })
    const kafka = createKafkaJsClient(connection, {
      log: (level, message, fields) => log[level](fields, message),
    })
    running = await options.start({ config, log, metrics, kafka, crash, openFraming: open })
    log.info({ admin: `http://${config.ADMIN_HOST}:${admin.port}` }, 'started')
  } catch (error) {
    // Who was told to stop gives up what it waits for.
    if (!stopping.signal.aborted || error !== stopping.signal.reason) {
      crash(explain(error as NodeJS.ErrnoException))
      if (error instanceof SettingsError) exitCode = 2
    }
  }

  await stopRequested
  try {
    await running?.stop(config.SHUTDOWN_GRACE_MS)
  } catch (error) {
    crash(error as Error)
  }
  await admin?.close()
  log.info({ exitCode }, 'stopped')
  process.exit(exitCode)
}

function readEnvironment<S extends Settings>({ settings: own, name, checkSettings }: ProcessOptions<S>) {
  const settings = { ...baseSettings, ...own }
  if (process.argv.includes('--print-settings')) {
    console.log(JSON.stringify(describeSettings(settings)))
    process.exit(0)
  }
  try {
    const parsed = parseProcessSettings(own, process.env, name, checkSettings)
    if (process.argv.includes('--print-config')) {
      console.log(printConfig(settings, parsed.config))
      process.exit(0)
    }
    return parsed
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    console.error(`${name}: ${error.message}`)
    process.exit(2)
  }
}

function explain(error: NodeJS.ErrnoException & { port?: number }): Error {
  if (error.code !== 'EADDRINUSE') return error
  return new Error(
    `Port ${error.port} is in use. Stop what uses it, or set another port in the environment.`,
    { cause: error },
  )
}
