import { readFileSync } from 'node:fs'
import { parseProcessSettings, type SettingsError } from '@sluice/service'
import { describe, expect, it, test } from 'vitest'
import { checkGatewaySettings, gatewaySettings } from './settings.ts'

test('what .env.example shows as the defaults can be set, and changes nothing', () => {
  const example = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8')
  const defaults = Array.from(example.matchAll(/^# ([A-Z_]+)=(.+)$/gm), ([, name, value]) => [name!, value!])
  const parse = (env: Record<string, string>) =>
    parseProcessSettings(gatewaySettings, { KAFKA_BROKERS: 'a:9092', ...env }, 'gateway')
  expect(defaults.length).toBeGreaterThan(15)
  expect(parse(Object.fromEntries(defaults))).toEqual(parse({}))
})

describe('a gateway that others can reach', () => {
  const problemsOf = (env: Record<string, string>) => {
    try {
      parseProcessSettings(
        gatewaySettings,
        { KAFKA_BROKERS: 'a:9092', ...env },
        'gateway',
        checkGatewaySettings,
      )
      return []
    } catch (error) {
      return (error as SettingsError).problems
    }
  }

  it.each(['0.0.0.0', '::', '192.168.1.7', 'gateway.internal', '127.0.0.1.example.com'])(
    'at %s does not start without credentials, and says what to do',
    (host) => {
      const [problem] = problemsOf({ GATEWAY_HOST: host })
      expect(problem?.variable).toBe('GATEWAY_CREDENTIALS_FILE')
      expect(problem?.problem).toContain('npm run keys -- create')
      expect(problemsOf({ GATEWAY_HOST: host, GATEWAY_CREDENTIALS_FILE: 'c.json' })).toEqual([])
      expect(problemsOf({ GATEWAY_HOST: host, GATEWAY_ALLOW_ANYBODY: 'true' })).toEqual([])
    },
  )

  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('is none at %s', (host) => {
    expect(problemsOf({ GATEWAY_HOST: host })).toEqual([])
  })
})

test('half a certificate is none', () => {
  const parse = () =>
    parseProcessSettings(
      gatewaySettings,
      { KAFKA_BROKERS: 'a:9092', GATEWAY_TLS_CERT_FILE: 'c.pem' },
      'gateway',
      checkGatewaySettings,
    )
  expect(parse).toThrow('GATEWAY_TLS_KEY_FILE: is required when GATEWAY_TLS_CERT_FILE is set.')
})

test('tokens are taken whole or not at all, and not without a file that says whose they are', () => {
  const parse = (env: Record<string, string>) =>
    parseProcessSettings(
      gatewaySettings,
      { KAFKA_BROKERS: 'a:9092', ...env },
      'gateway',
      checkGatewaySettings,
    )
  const all = {
    GATEWAY_JWT_ISSUER: 'https://issuer.example.com/',
    GATEWAY_JWT_AUDIENCE: 'sluice',
    GATEWAY_JWT_JWKS_URL: 'https://issuer.example.com/keys',
    GATEWAY_CREDENTIALS_FILE: 'c.json',
  }
  expect(parse(all).config.GATEWAY_JWT_CLAIM).toBe('sub')
  for (const variable of Object.keys(all)) {
    expect(() => parse({ ...all, [variable]: '' })).toThrow(`${variable}: is required when GATEWAY_JWT_`)
  }
  expect(() => parse({ ...all, GATEWAY_JWT_JWKS_URL: 'http://issuer.example.com/keys' })).toThrow(
    'must be https',
  )
})

test('client certificates are asked for over TLS only, and with a file that says whose they are', () => {
  const parse = (env: Record<string, string>) =>
    parseProcessSettings(
      gatewaySettings,
      { KAFKA_BROKERS: 'a:9092', ...env },
      'gateway',
      checkGatewaySettings,
    )
  const all = {
    GATEWAY_TLS_CERT_FILE: 'c.pem',
    GATEWAY_TLS_KEY_FILE: 'k.pem',
    GATEWAY_CREDENTIALS_FILE: 'c.json',
    GATEWAY_TLS_CLIENT_CA_FILE: 'ca.pem',
    GATEWAY_TLS_CLIENT_CERTIFICATES: 'required',
  }
  expect(parse(all).config.GATEWAY_TLS_CLIENT_CERTIFICATES).toBe('required')
  for (const variable of Object.keys(all).slice(0, 4)) {
    expect(() => parse({ ...all, [variable]: '' })).toThrow(`${variable}: is required when GATEWAY_TLS_`)
  }
})
