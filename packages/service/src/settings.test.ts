import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { SettingsError } from './errors.ts'
import { describeSettings, integer, isSecret, port, printConfig, readSettings } from './settings.ts'

const settings = {
  BROKERS: z
    .string()
    .transform((list) => list.split(','))
    .describe('Where the brokers are.'),
  PASSWORD: z.string().optional().describe('The password.'),
  PORT: port().default(8080).describe('Where to listen.'),
  WAIT_MS: integer({ min: 10, unit: 'ms' }).default(250).describe('How long to wait.'),
  TLS: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('Whether to encrypt.'),
  SHARE: z
    .enum(['on', 'off'])
    .default('off')
    .transform((value) => value === 'on')
    .describe('Whether to share.'),
}

function problemsOf(env: Record<string, string>): SettingsError['problems'] {
  return readSettings(settings, env).problems
}

/** The configuration of an environment without problems. */
function parse(env: Record<string, string>) {
  const { config, problems } = readSettings(settings, env)
  expect(problems).toEqual([])
  return config
}

test('text becomes values, and what is absent its default', () => {
  expect(parse({ BROKERS: 'a:1,b:2', WAIT_MS: '10', TLS: 'true', OTHER: 'x' })).toEqual({
    BROKERS: ['a:1', 'b:2'],
    PASSWORD: undefined,
    PORT: 8080,
    WAIT_MS: 10,
    TLS: true,
    SHARE: false,
  })
})

test('an empty variable counts as absent', () => {
  expect(parse({ BROKERS: 'a:1', PORT: '', PASSWORD: '' })).toMatchObject({
    PORT: 8080,
    PASSWORD: undefined,
  })
  expect(problemsOf({ BROKERS: '' })).toHaveLength(1)
})

test('the config is frozen', () => {
  expect(Object.isFrozen(parse({ BROKERS: 'a:1' }))).toBe(true)
})

test('every problem is told at once, each with its variable', () => {
  const problems = problemsOf({ PORT: '70000', WAIT_MS: 'soon', TLS: 'maybe' })
  expect(problems).toEqual([
    { variable: 'BROKERS', problem: 'is required. Where the brokers are.' },
    { variable: 'PORT', problem: 'must be a whole number from 0 to 65535' },
    { variable: 'WAIT_MS', problem: expect.stringMatching(/^must be a whole number from 10 to \d+ \(ms\)$/) },
    { variable: 'TLS', problem: expect.stringContaining('"true"') },
  ])
  expect(new SettingsError(problems).message.split('\n')).toHaveLength(5)
})

test('only digits within the bounds are a whole number', () => {
  const schema = integer({ min: 5, max: 5000 })
  fc.assert(
    fc.property(fc.oneof(fc.integer({ min: -10, max: 10_000 }).map(String), fc.string()), (text) => {
      const allowed = /^\d+$/.test(text) && Number(text) >= 5 && Number(text) <= 5000
      expect(schema.safeParse(text).success).toBe(allowed)
    }),
  )
})

test('milliseconds never exceed what a timer can wait, because Node fires such a timer at once', () => {
  const schema = integer({ min: 0, unit: 'ms' })
  expect(schema.safeParse('2147483647').success).toBe(true)
  expect(schema.safeParse('2147483648').success).toBe(false)
})

test('a number beyond the exact ones is refused', () => {
  expect(integer({ min: 0 }).safeParse('9007199254740993').success).toBe(false)
})

test('secrets are hidden when the config is printed, and only they', () => {
  const config = parse({ BROKERS: 'a:1,b:2', PASSWORD: 'canary' })
  expect(printConfig(settings, config).split('\n')).toEqual([
    'BROKERS=a:1,b:2',
    'PASSWORD=[hidden]',
    'PORT=8080',
    'WAIT_MS=250',
    'TLS=false',
    'SHARE=off',
  ])
  expect(printConfig(settings, parse({ BROKERS: 'a:1', SHARE: 'on' }))).toContain('SHARE=on')
  expect(printConfig(settings, parse({ BROKERS: 'a:1' }))).toContain('PASSWORD=\n')
})

test.each([
  ['KAFKA_SASL_PASSWORD', true],
  ['KAFKA_SASL_CLIENT_SECRET', true],
  ['API_KEY', true],
  ['KAFKA_TLS_KEY_FILE', false],
  ['KAFKA_SASL_USERNAME', false],
])('whether %s is a secret: %s', (variable, secret) => {
  expect(isSecret(variable)).toBe(secret)
})

test('settings are described with their defaults as one would write them', () => {
  expect(describeSettings(settings)).toEqual([
    { variable: 'BROKERS', description: 'Where the brokers are.', required: true },
    { variable: 'PASSWORD', description: 'The password.', required: false },
    { variable: 'PORT', description: 'Where to listen.', required: false, default: '8080' },
    { variable: 'WAIT_MS', description: 'How long to wait.', required: false, default: '250' },
    { variable: 'TLS', description: 'Whether to encrypt.', required: false, default: 'false' },
    { variable: 'SHARE', description: 'Whether to share.', required: false, default: 'off' },
  ])
})
