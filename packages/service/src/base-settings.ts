import { readFileSync } from 'node:fs'
import type { KafkaConnection } from '@sluice/kafka'
import type { RegistryConnection } from '@sluice/schema-registry'
import { LOG_LEVELS } from '@sluice/telemetry'
import { z } from 'zod'
import { type SettingProblem, SettingsError } from './errors.ts'
import { readRegistry, registrySettings } from './registry-settings.ts'
import { type Config, type Environment, integer, port, readSettings, type Settings } from './settings.ts'

const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const

/** What every process needs: Kafka, the schema registry where there is one, the admin listener, logging, shutdown. */
export const baseSettings = {
  KAFKA_BROKERS: z
    .string()
    .transform((list) => list.split(',').map((broker) => broker.trim()))
    .refine(
      (list) => list.every((broker) => /^[^\s:]+:\d+$|^\[.+\]:\d+$/.test(broker)),
      'must be host:port, several separated by commas',
    )
    .describe('Where Kafka is: host:port, several separated by commas.'),
  KAFKA_CLIENT_ID: z
    .string()
    .optional()
    .describe("How this process names itself to Kafka; the service's name by default."),
  KAFKA_TLS: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('Whether to encrypt the connection to Kafka.'),
  KAFKA_TLS_CA_FILE: z
    .string()
    .optional()
    .describe("PEM file with the authority that signed the brokers' certificates; the system's by default."),
  KAFKA_TLS_CERT_FILE: z
    .string()
    .optional()
    .describe('PEM file with the client certificate, for mutual TLS.'),
  KAFKA_TLS_KEY_FILE: z.string().optional().describe("PEM file with the client certificate's key."),
  KAFKA_TLS_SERVERNAME: z
    .string()
    .optional()
    .describe("The name in the brokers' certificates; the host in KAFKA_BROKERS by default."),
  KAFKA_SASL_MECHANISM: z
    .enum(SASL_MECHANISMS)
    .optional()
    .describe(`How to log in: ${SASL_MECHANISMS.join(', ')}. No login by default.`),
  KAFKA_SASL_USERNAME: z.string().optional().describe('User for plain and scram.'),
  KAFKA_SASL_PASSWORD: z.string().optional().describe('Password for plain and scram.'),
  KAFKA_SASL_TOKEN_FILE: z
    .string()
    .optional()
    .describe('File with the token for oauthbearer; read again at each login.'),
  KAFKA_SASL_TOKEN_ENDPOINT: z
    .url()
    .optional()
    .describe(
      'Where to get a token for oauthbearer, by the client credentials grant, instead of from a file.',
    ),
  KAFKA_SASL_CLIENT_ID: z.string().optional().describe('Who asks the token endpoint.'),
  KAFKA_SASL_CLIENT_SECRET: z.string().optional().describe('The secret of who asks.'),
  KAFKA_SASL_SCOPE: z
    .string()
    .optional()
    .describe('The scope to ask the token endpoint for; none by default.'),
  KAFKA_CONNECT_TIMEOUT_MS: integer({ min: 100, unit: 'ms' })
    .default(3000)
    .describe('How long to wait for a connection.'),
  KAFKA_REQUEST_TIMEOUT_MS: integer({ min: 1000, unit: 'ms' })
    .default(10_000)
    .describe('How long to wait for an answer of Kafka.'),
  ...registrySettings,
  ADMIN_HOST: z.string().default('127.0.0.1').describe('Interface of /livez, /readyz and /metrics.'),
  ADMIN_PORT: port().default(9080).describe('Port of /livez, /readyz and /metrics.'),
  SHARE_PORTS: z
    .enum(['on', 'off'])
    .default('off')
    .transform((value) => value === 'on')
    .describe(
      'Whether another process of this user may listen on the same ports, so that a new one takes over before the old one stops (Linux, FreeBSD).',
    ),
  LOG_LEVEL: z
    .enum(LOG_LEVELS)
    .default('info')
    .describe(`One of ${LOG_LEVELS.join(', ')}.`),
  SHUTDOWN_GRACE_MS: integer({ min: 100, max: 3_600_000, unit: 'ms' })
    .default(10_000)
    .describe('How long to finish what is in hand after SIGTERM; a second later the process ends anyway.'),
} satisfies Settings

export type BaseConfig = Config<typeof baseSettings>

export type SettingsCheck<S extends Settings> = (config: Partial<Config<S>>) => readonly SettingProblem[]

/**
 * A process's own settings and the base settings, and the connections that these describe: to Kafka, and to a schema
 * registry where there is one.
 * @param name of the process, Kafka's client id unless another one is set
 * @param check what is wrong with the process's own settings together; of one that could not be read nothing is known
 * @throws SettingsError with every problem at once, of single variables and of the connections.
 */
export function parseProcessSettings<S extends Settings>(
  own: S,
  env: Environment,
  name: string,
  check: SettingsCheck<S> = () => [],
): {
  readonly config: Config<S> & BaseConfig
  readonly connection: KafkaConnection
  readonly registry: RegistryConnection | undefined
} {
  const { config, problems } = readSettings({ ...baseSettings, ...own }, env)
  const found = [...problems, ...check(config as Partial<Config<S>>)]
  const connection = readConnection(config as Partial<BaseConfig>, name, found)
  const registry = readRegistry(config as Partial<BaseConfig>, found)
  if (found.length > 0) throw new SettingsError(found)
  return { config: config as Config<S> & BaseConfig, connection, registry }
}

/**
 * Adds to `problems` what is wrong; the connection is whole only if nothing was and is. A variable that could not
 * be parsed is no member of `config`: nothing is concluded from it, because its absence is not what is wrong.
 */
function readConnection(
  config: Partial<BaseConfig>,
  name: string,
  problems: SettingProblem[],
): KafkaConnection {
  const needsTls = (variable: keyof typeof baseSettings) => {
    if (config[variable] !== undefined && config.KAFKA_TLS === false)
      problems.push({ variable, problem: 'is set, but KAFKA_TLS is not true.' })
  }
  const read = (variable: 'KAFKA_TLS_CA_FILE' | 'KAFKA_TLS_CERT_FILE' | 'KAFKA_TLS_KEY_FILE') => {
    const file = config[variable]
    if (file === undefined) return undefined
    needsTls(variable)
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      problems.push({ variable, problem: `cannot be read: ${(error as Error).message}` })
      return undefined
    }
  }
  const ca = read('KAFKA_TLS_CA_FILE')
  const cert = read('KAFKA_TLS_CERT_FILE')
  const key = read('KAFKA_TLS_KEY_FILE')
  for (const [variable, other] of [
    ['KAFKA_TLS_CERT_FILE', 'KAFKA_TLS_KEY_FILE'],
    ['KAFKA_TLS_KEY_FILE', 'KAFKA_TLS_CERT_FILE'],
  ] as const) {
    if (config[variable] === undefined && config[other] !== undefined) {
      problems.push({ variable, problem: `is required when ${other} is set.` })
    }
  }
  needsTls('KAFKA_TLS_SERVERNAME')
  const servername = config.KAFKA_TLS_SERVERNAME
  const sasl = toSasl(config, problems)
  return {
    brokers: config.KAFKA_BROKERS!,
    clientId: config.KAFKA_CLIENT_ID ?? name,
    connectTimeoutMs: config.KAFKA_CONNECT_TIMEOUT_MS!,
    requestTimeoutMs: config.KAFKA_REQUEST_TIMEOUT_MS!,
    ...(config.KAFKA_TLS && {
      tls: {
        ...(ca && { ca }),
        ...(cert && { cert }),
        ...(key && { key }),
        ...(servername && { servername }),
      },
    }),
    ...(sasl && { sasl }),
  }
}

const SASL_VALUES = [
  'KAFKA_SASL_USERNAME',
  'KAFKA_SASL_PASSWORD',
  'KAFKA_SASL_TOKEN_FILE',
  'KAFKA_SASL_TOKEN_ENDPOINT',
  'KAFKA_SASL_CLIENT_ID',
  'KAFKA_SASL_CLIENT_SECRET',
  'KAFKA_SASL_SCOPE',
] as const

function toSasl(config: Partial<BaseConfig>, problems: SettingProblem[]): KafkaConnection['sasl'] {
  if (!('KAFKA_SASL_MECHANISM' in config)) return undefined
  const mechanism = config.KAFKA_SASL_MECHANISM
  if (mechanism === undefined) {
    // Half a login must not become none.
    for (const variable of SASL_VALUES) {
      if (config[variable] !== undefined) {
        problems.push({ variable, problem: 'is set, but KAFKA_SASL_MECHANISM is not.' })
      }
    }
    return undefined
  }
  const needs = (variable: (typeof SASL_VALUES)[number]): string => {
    const value = config[variable]
    if (value === undefined) {
      problems.push({ variable, problem: `is required when KAFKA_SASL_MECHANISM is ${mechanism}.` })
    }
    return value ?? ''
  }
  if (mechanism !== 'oauthbearer') {
    return { mechanism, username: needs('KAFKA_SASL_USERNAME'), password: needs('KAFKA_SASL_PASSWORD') }
  }
  const endpoint = config.KAFKA_SASL_TOKEN_ENDPOINT
  if (endpoint === undefined && 'KAFKA_SASL_TOKEN_ENDPOINT' in config) {
    return { mechanism, token: { file: needs('KAFKA_SASL_TOKEN_FILE') } }
  }
  const scope = config.KAFKA_SASL_SCOPE
  return {
    mechanism,
    token: {
      endpoint: endpoint!,
      clientId: needs('KAFKA_SASL_CLIENT_ID'),
      clientSecret: needs('KAFKA_SASL_CLIENT_SECRET'),
      ...(scope && { scope }),
    },
  }
}
