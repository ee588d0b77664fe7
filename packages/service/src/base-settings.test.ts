import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { baseSettings, parseProcessSettings } from './base-settings.ts'
import { SettingsError } from './errors.ts'
import { consumerSettings } from './run-consumer.ts'
import { describeSettings, readSettings } from './settings.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-settings-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function connect(env: Record<string, string>) {
  return parseProcessSettings({}, { KAFKA_BROKERS: 'a:9092', ...env }, 'order-placed').connection
}

/** `variable: problem` of everything that is wrong. */
function problems(run: () => unknown): string[] {
  try {
    run()
  } catch (error) {
    if (error instanceof SettingsError)
      return error.problems.map(({ variable, problem }) => `${variable}: ${problem}`)
    throw error
  }
  return []
}

test('brokers are all that is needed', () => {
  expect(connect({ KAFKA_BROKERS: 'a:9092, b.example:9093,[::1]:9094' })).toEqual({
    brokers: ['a:9092', 'b.example:9093', '[::1]:9094'],
    clientId: 'order-placed',
    connectTimeoutMs: 3000,
    requestTimeoutMs: 10_000,
  })
})

test.each(['localhost', 'a:b', 'a:9092,', 'http://a:9092', '::1:9092'])(
  '"%s" is no list of brokers',
  (brokers) => {
    expect(problems(() => connect({ KAFKA_BROKERS: brokers }))).toEqual([
      'KAFKA_BROKERS: must be host:port, several separated by commas',
    ])
  },
)

test('the client id can be chosen', () => {
  expect(connect({ KAFKA_CLIENT_ID: 'mine' }).clientId).toBe('mine')
})

test('TLS takes the texts of the files', () => {
  expect(
    connect({
      KAFKA_TLS: 'true',
      KAFKA_TLS_CA_FILE: file('ca', 'the authority'),
      KAFKA_TLS_CERT_FILE: file('cert', 'the certificate'),
      KAFKA_TLS_KEY_FILE: file('key', 'the key'),
    }).tls,
  ).toEqual({ ca: 'the authority', cert: 'the certificate', key: 'the key' })
  expect(connect({ KAFKA_TLS: 'true' }).tls).toEqual({})
  expect(connect({ KAFKA_TLS: 'true', KAFKA_TLS_SERVERNAME: 'kafka.example.com' }).tls).toEqual({
    servername: 'kafka.example.com',
  })
})

test("a server's name without TLS is not taken for a check of it", () => {
  expect(problems(() => connect({ KAFKA_TLS_SERVERNAME: 'kafka.example.com' }))).toEqual([
    'KAFKA_TLS_SERVERNAME: is set, but KAFKA_TLS is not true.',
  ])
})

test('what is wrong with single variables and with the connection is told at once', () => {
  const told = problems(() =>
    parseProcessSettings(
      consumerSettings,
      {
        KAFKA_TLS: 'true',
        KAFKA_TLS_CA_FILE: join(folder, 'nowhere'),
        KAFKA_SASL_MECHANISM: 'plain',
        KAFKA_SASL_USERNAME: 'me',
        ADMIN_PORT: 'high',
        HANDLER_TIMEOUT_MS: '0',
      },
      'order-placed',
    ),
  )
  expect(told.map((line) => line.split(':')[0])).toEqual([
    'KAFKA_BROKERS',
    'ADMIN_PORT',
    'HANDLER_TIMEOUT_MS',
    'KAFKA_TLS_CA_FILE',
    'KAFKA_SASL_PASSWORD',
  ])
})

test.each([
  ['KAFKA_TLS', { KAFKA_TLS: 'yes', KAFKA_TLS_SERVERNAME: 'kafka.example.com' }],
  ['KAFKA_SASL_MECHANISM', { KAFKA_SASL_MECHANISM: 'scram', KAFKA_SASL_USERNAME: 'me' }],
  [
    'KAFKA_SASL_TOKEN_ENDPOINT',
    {
      KAFKA_SASL_MECHANISM: 'oauthbearer',
      KAFKA_SASL_TOKEN_ENDPOINT: 'nowhere',
      KAFKA_SASL_CLIENT_ID: 'id',
      KAFKA_SASL_CLIENT_SECRET: 'secret',
    },
  ],
])('a %s that is wrong is told alone, not as one that is missing', (variable, env) => {
  const told = problems(() => parseProcessSettings({}, { KAFKA_BROKERS: 'a:9092', ...env }, 'gateway'))
  expect(told).toEqual([expect.stringMatching(new RegExp(`^${variable}: `))])
})

test('a whole environment gives the settings of the process and its connection', () => {
  const env = { KAFKA_BROKERS: 'a:9092', RETRY_BASE_MS: '7' }
  const { config, connection } = parseProcessSettings(consumerSettings, env, 'gateway')
  expect(config).toMatchObject({ RETRY_BASE_MS: 7, ADMIN_PORT: 9080 })
  expect(Object.isFrozen(config)).toBe(true)
  expect(connection).toMatchObject({ brokers: ['a:9092'], clientId: 'gateway' })
})

test('everything that is wrong with TLS and the login is told at once', () => {
  const told = problems(() =>
    connect({
      KAFKA_TLS_CA_FILE: join(folder, 'nowhere'),
      KAFKA_TLS_CERT_FILE: file('cert', 'the certificate'),
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
    }),
  )
  expect(told).toEqual([
    'KAFKA_TLS_CA_FILE: is set, but KAFKA_TLS is not true.',
    expect.stringMatching(/^KAFKA_TLS_CA_FILE: cannot be read: ENOENT/),
    'KAFKA_TLS_CERT_FILE: is set, but KAFKA_TLS is not true.',
    'KAFKA_TLS_KEY_FILE: is required when KAFKA_TLS_CERT_FILE is set.',
    'KAFKA_SASL_USERNAME: is required when KAFKA_SASL_MECHANISM is scram-sha-512.',
    'KAFKA_SASL_PASSWORD: is required when KAFKA_SASL_MECHANISM is scram-sha-512.',
  ])
})

test('a password without a mechanism is not taken for no login', () => {
  expect(problems(() => connect({ KAFKA_SASL_USERNAME: 'me', KAFKA_SASL_PASSWORD: 'canary' }))).toEqual([
    'KAFKA_SASL_USERNAME: is set, but KAFKA_SASL_MECHANISM is not.',
    'KAFKA_SASL_PASSWORD: is set, but KAFKA_SASL_MECHANISM is not.',
  ])
})

test.each(['plain', 'scram-sha-256', 'scram-sha-512'])('%s logs in with user and password', (mechanism) => {
  expect(
    connect({
      KAFKA_SASL_MECHANISM: mechanism,
      KAFKA_SASL_USERNAME: 'me',
      KAFKA_SASL_PASSWORD: 'secret',
    }).sasl,
  ).toEqual({ mechanism, username: 'me', password: 'secret' })
})

test('oauthbearer takes its token from a file that may be renewed', () => {
  expect(
    connect({ KAFKA_SASL_MECHANISM: 'oauthbearer', KAFKA_SASL_TOKEN_FILE: join(folder, 'token') }).sasl,
  ).toEqual({ mechanism: 'oauthbearer', token: { file: join(folder, 'token') } })
})

test('oauthbearer with an endpoint needs a client', () => {
  const env = {
    KAFKA_SASL_MECHANISM: 'oauthbearer',
    KAFKA_SASL_TOKEN_ENDPOINT: 'https://login.example.com/token',
  }
  expect(problems(() => connect(env))).toHaveLength(2)
  expect(
    connect({ ...env, KAFKA_SASL_CLIENT_ID: 'id', KAFKA_SASL_CLIENT_SECRET: 'secret' }).sasl,
  ).toMatchObject({
    token: { endpoint: env.KAFKA_SASL_TOKEN_ENDPOINT, clientId: 'id', clientSecret: 'secret' },
  })
  const all = {
    ...env,
    KAFKA_SASL_CLIENT_ID: 'id',
    KAFKA_SASL_CLIENT_SECRET: 'secret',
    KAFKA_SASL_SCOPE: 'kafka',
  }
  expect(connect(all).sasl).toMatchObject({ token: { scope: 'kafka' } })
})

test('every setting says what it is for', () => {
  for (const [variable, schema] of Object.entries({ ...baseSettings, ...consumerSettings })) {
    expect(variable).toMatch(/^[A-Z][A-Z0-9_]+$/)
    expect(schema.description, variable).toMatch(/\.$/)
  }
})

test('every default, written as it is described, is what an absent variable stands for', () => {
  const settings = { ...baseSettings, ...consumerSettings }
  const defaults = describeSettings(settings).flatMap(({ variable, default: text }) =>
    text === undefined ? [] : [[variable, text]],
  )
  const read = (env: Record<string, string>) => readSettings(settings, { KAFKA_BROKERS: 'a:9092', ...env })
  expect(defaults.length).toBeGreaterThan(10)
  expect(read(Object.fromEntries(defaults))).toEqual({ ...read({}), problems: [] })
})
