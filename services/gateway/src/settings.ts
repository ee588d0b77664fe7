import { REJECTED_TOPIC } from '@sluice/events'
import {
  type Config,
  integer,
  outcomesSetting,
  port,
  type SettingProblem,
  type Settings,
} from '@sluice/service'
import { z } from 'zod'

/** The environment of the gateway, beside what every process has. */
export const gatewaySettings = {
  GATEWAY_HOST: z.string().default('127.0.0.1').describe('Interface of the ingest endpoint.'),
  GATEWAY_PORT: port().default(8080).describe('Port of the ingest endpoint.'),
  GATEWAY_CREDENTIALS_FILE: z
    .string()
    .optional()
    .describe(
      'File that says who may post what; npm run keys writes it. Read again when it changes. Without it anybody may post, and the gateway listens on loopback only.',
    ),
  GATEWAY_ALLOW_ANYBODY: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe(
      'Whether the gateway may listen on other interfaces than loopback without credentials: then whoever reaches its port may post.',
    ),
  GATEWAY_JWT_ISSUER: z
    .string()
    .optional()
    .describe(
      'Whose JSON Web Tokens are taken beside keys: their "iss". The subjects of a credential in the file say whose tokens stand for it.',
    ),
  GATEWAY_JWT_AUDIENCE: z.string().optional().describe('What these tokens have to be for: their "aud".'),
  GATEWAY_JWT_JWKS_URL: z
    .url()
    .refine((url) => isSafeUrl(new URL(url)), 'must be https, or http to loopback')
    .optional()
    .describe("Where the issuer's public keys are, as a JSON Web Key Set."),
  GATEWAY_JWT_CLAIM: z
    .string()
    .default('sub')
    .describe('The claim of these tokens that is looked for among the subjects.'),
  GATEWAY_TLS_CERT_FILE: z
    .string()
    .optional()
    .describe(
      'PEM file with the certificate of the ingest endpoint, for https; http without. Read again when it changes.',
    ),
  GATEWAY_TLS_KEY_FILE: z.string().optional().describe("PEM file with that certificate's key."),
  GATEWAY_TLS_CLIENT_CA_FILE: z
    .string()
    .optional()
    .describe(
      'PEM file with the authorities whose client certificates are taken beside keys. The certificates of a credential in the file say whose stand for it. Read again when it changes.',
    ),
  GATEWAY_TLS_CLIENT_CERTIFICATES: z
    .enum(['optional', 'required'])
    .default('optional')
    .describe(
      'Whether such a certificate is required of every connection, also of those that send a key: then the others are closed.',
    ),
  RULES_FILE: z
    .string()
    .optional()
    .describe(
      'File of filter and priority rules; npm run rules checks it. Read again when it changes. The rules.yaml that comes with the gateway without.',
    ),
  INGEST_MAX_CONNECTIONS: integer({ min: 1, max: 1_000_000 })
    .default(10_000)
    .describe('How many connections producers may have open; the next ones are closed at once.'),
  INGEST_MAX_BODY_BYTES: integer({ min: 1024, max: 256 * 1024 * 1024, unit: 'bytes' })
    .default(8 * 1024 * 1024)
    .describe('How large the body of one request may be.'),
  INGEST_MAX_BATCH_EVENTS: integer({ min: 1, max: 1_000_000 })
    .default(10_000)
    .describe('How many events one request may have.'),
  INGEST_MAX_EVENT_BYTES: integer({ min: 1024, max: 896 * 1024, unit: 'bytes' })
    .default(512 * 1024)
    .describe('How large one event may be when it is stored; under the limit of Kafka, 1 MiB by default.'),
  PUBLISH_TIMEOUT_MS: integer({ min: 100, max: 120_000, unit: 'ms' })
    .default(5000)
    .describe('How long to wait for the acknowledgement of Kafka before an event is answered as unknown.'),
  PUBLISH_BUFFER_BYTES: integer({ min: 1024 * 1024, unit: 'bytes' })
    .default(64 * 1024 * 1024)
    .describe(
      'How much may wait for Kafka, all lanes together; low is refused at half, high when it is full.',
    ),
  LANE_DRAIN_BUDGET_MS: integer({ min: 0, unit: 'ms' })
    .refine((ms) => ms === 0 || ms >= 20_000, 'must be 0 or at least 20000 (ms)')
    .default(0)
    .describe(
      'How long the services of a type may need for what waits in a lane before its events are refused as overloaded: low at half of it, normal at three quarters, high at all of it. 0: whatever they need, it is stored.',
    ),
  IDEMPOTENCY_WINDOW_IDS: integer({ min: 0, max: 10_000_000 })
    .default(500_000)
    .describe(
      'How many accepted events this replica remembers, to know repeats; about 150 bytes each. 0: none.',
    ),
  IDEMPOTENCY_WINDOW_MS: integer({ min: 0, unit: 'ms' })
    .default(600_000)
    .describe('How long this replica remembers an accepted event, to know repeats. 0: not at all.'),
  OUTCOMES: outcomesSetting(),
  QUARANTINE: z
    .enum(['on', 'off'])
    .default('on')
    .transform((value) => value === 'on')
    .describe(
      `Whether rejected events are kept in ${REJECTED_TOPIC}, from where npm run dlq can let them in once their definition is mended.`,
    ),
  QUARANTINE_BUFFER_BYTES: integer({ min: 64 * 1024, unit: 'bytes' })
    .default(4 * 1024 * 1024)
    .describe('How much of it may wait for Kafka, beside PUBLISH_BUFFER_BYTES; what comes then is not kept.'),
  ADMIN_TOKEN: z
    .string()
    .min(16, 'must have at least 16 characters')
    .max(512)
    // What a bearer token may be made of (RFC 6750, 2.1): another could not be sent.
    .regex(/^[A-Za-z0-9._~+/-]+=*$/, 'must be letters, digits and . _ ~ + / - only')
    .optional()
    .describe(
      'The secret of operators, at least 16 characters: whoever sends it as a bearer token may see and redrive dead letters and rejected events, and replay events, on the admin port. Without it nobody may.',
    ),
} satisfies Settings

/** What is wrong with the settings together. Of a variable that could not be read nothing is concluded. */
export function checkGatewaySettings(config: Partial<Config<typeof gatewaySettings>>): SettingProblem[] {
  const problems: SettingProblem[] = []
  const { GATEWAY_HOST: host, GATEWAY_CREDENTIALS_FILE: file, GATEWAY_ALLOW_ANYBODY: anybody } = config
  if (host !== undefined && !isLoopback(host) && file === undefined && anybody === false) {
    problems.push({
      variable: 'GATEWAY_CREDENTIALS_FILE',
      problem:
        'is required, because GATEWAY_HOST is not loopback: others could reach the gateway, and anybody could post. Make one: npm run keys -- create <name> --types "*" --file credentials.json. Or say GATEWAY_ALLOW_ANYBODY=true, if something else decides who reaches the port.',
    })
  }
  for (const [variable, other] of [
    ['GATEWAY_TLS_CERT_FILE', 'GATEWAY_TLS_KEY_FILE'],
    ['GATEWAY_TLS_KEY_FILE', 'GATEWAY_TLS_CERT_FILE'],
  ] as const) {
    if (config[variable] === undefined && config[other] !== undefined)
      problems.push({ variable, problem: `is required when ${other} is set.` })
  }
  if (config.GATEWAY_TLS_CLIENT_CA_FILE !== undefined) {
    for (const variable of ['GATEWAY_TLS_CERT_FILE', 'GATEWAY_CREDENTIALS_FILE'] as const) {
      if (variable in config && config[variable] === undefined)
        problems.push({ variable, problem: 'is required when GATEWAY_TLS_CLIENT_CA_FILE is set.' })
    }
  } else if (config.GATEWAY_TLS_CLIENT_CERTIFICATES === 'required') {
    problems.push({
      variable: 'GATEWAY_TLS_CLIENT_CA_FILE',
      problem: 'is required when GATEWAY_TLS_CLIENT_CERTIFICATES is.',
    })
  }
  const jwt = ['GATEWAY_JWT_ISSUER', 'GATEWAY_JWT_AUDIENCE', 'GATEWAY_JWT_JWKS_URL'] as const
  const given = jwt.find((variable) => config[variable] !== undefined)
  if (given === undefined) return problems
  for (const variable of [...jwt, 'GATEWAY_CREDENTIALS_FILE'] as const) {
    const isUnreadable = !(variable in config)
    if (config[variable] === undefined && !isUnreadable)
      problems.push({ variable, problem: `is required when ${given} is set.` })
  }
  return problems
}

/** Whether what is fetched from there is what was sent from there. */
function isSafeUrl({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}

/** Whose tokens are taken; undefined when nobody's are. */
export function tokenSettings(config: Config<typeof gatewaySettings>) {
  const issuer = config.GATEWAY_JWT_ISSUER
  const audience = config.GATEWAY_JWT_AUDIENCE
  const jwksUrl = config.GATEWAY_JWT_JWKS_URL
  if (issuer === undefined || audience === undefined || jwksUrl === undefined) return undefined
  return { issuer, audience, jwksUrl, claim: config.GATEWAY_JWT_CLAIM }
}

/** Whether only this machine reaches an interface. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host)
}
