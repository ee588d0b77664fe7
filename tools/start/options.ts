import { parseArgs } from 'node:util'
import { closest, distance } from 'fastest-levenshtein'
import { UsageError } from '../command-line.ts'

/** What the command line of `npm start` asks for, defaulted. Ports are numbers from 1 to 65535. */
export type StartOptions = {
  readonly demo: boolean
  readonly json: boolean
  /** Start the stream jobs, too. */
  readonly streams: boolean
  /** Throw the local Kafka's data away first. */
  readonly reset: boolean
  /** Do not ask before throwing data away. */
  readonly yes: boolean
  readonly ingestPort: number
  /** The gateway's; the services' follow on it in catalogue order. */
  readonly adminPort: number
  readonly kafkaPort: number
}

export { UsageError }

export const START_HELP = `Starts a whole Sluice on this machine: Kafka, the topics, the gateway, a process per service, demo traffic.

  npm start                     everything, with a status screen
  npm start -- <options>

Options
  --no-demo                     post no demo traffic
  --streams                     start the stream jobs, too: Flink in a local JVM (Java 17 and Maven; 150 MB the first time)
  --port <n>                    the gateway's port (8080)
  --admin-port <n>              the gateway's admin port (9080); the services' follow on it: 9081, 9082, …
  --kafka-port <n>              the local Kafka's port (9092)
  --reset [--yes]               throw the local Kafka's data away first; --yes does not ask
  --json                        one JSON line when everything is ready, then one for each notable event
                                (crashed, restarted, joined, left, failed, stopped); npm start --silent leaves npm out of it
  --help                        this text

Environment
  KAFKA_BROKERS                 use this Kafka (host:port, comma separated) instead of a local one; any other
                                variable is passed on to the gateway and the services (see .env.example)

Without KAFKA_BROKERS a Kafka is started: with Docker if its engine has the image, else in a local JVM
(Java 17 and Maven). Its data stays in .sluice/kafka (JVM) or a Docker volume; logs are in .sluice/logs.
What "npm run new" adds joins while it runs. Ctrl-C stops everything; a second one, a second later, kills at
once. "npm run doctor" checks the machine.`

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  demo: { type: 'boolean', default: true },
  json: { type: 'boolean', default: false },
  streams: { type: 'boolean', default: false },
  reset: { type: 'boolean', default: false },
  yes: { type: 'boolean', short: 'y', default: false },
  port: { type: 'string', default: '8080' },
  'admin-port': { type: 'string', default: '9080' },
  'kafka-port': { type: 'string', default: '9092' },
} as const

/**
 * Reads the command line of `npm start`; `help` when that is all it asks for.
 * @throws UsageError when a flag is unknown or a value is not usable.
 */
export function parseStartOptions(args: readonly string[]): StartOptions | 'help' {
  const { values, tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowNegative: true,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind === 'positional') throw new UsageError(`"${token.value}" is not an option. ${SEE_HELP}`)
    if (token.kind !== 'option') continue
    checkFlag(token.name, token.rawName, token.value)
  }
  if (values.help === true) return 'help'
  return Object.freeze({
    demo: values.demo !== false,
    json: values.json === true,
    streams: values.streams === true,
    reset: values.reset === true,
    yes: values.yes === true,
    ingestPort: toPort('--port', values.port),
    adminPort: toPort('--admin-port', values['admin-port']),
    kafkaPort: toPort('--kafka-port', values['kafka-port']),
  })
}

const SEE_HELP = 'npm start -- --help lists the options.'
const KNOWN = Object.keys(OPTIONS).map((name) => (name === 'demo' ? '--no-demo' : `--${name}`))

function checkFlag(name: string, rawName: string, value: string | undefined): void {
  const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name as keyof typeof OPTIONS] : undefined
  // parseArgs takes --no-<name> for any boolean; only --no-demo means something.
  if (option === undefined || (rawName.startsWith('--no-') && rawName !== '--no-demo')) {
    const near = nearest(rawName, KNOWN)
    throw new UsageError(
      `There is no option ${rawName}.${near === undefined ? '' : ` Is it ${near}?`} ${SEE_HELP}`,
    )
  }
  if (option.type === 'boolean' && value !== undefined) throw new UsageError(`${rawName} takes no value.`)
  if (option.type === 'string' && value === undefined) throw new UsageError(`${rawName} needs a value.`)
}

function toPort(flag: string, value: unknown): number {
  const port = Number(value)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new UsageError(`${flag} must be a port from 1 to 65535, not "${value}".`)
  }
  return port
}

/** The known word that is at most three edits away, or nothing. */
function nearest(word: string, known: readonly string[]): string | undefined {
  const best = closest(word, known)
  return distance(word, best) <= 3 ? best : undefined
}
