import { expect, test } from 'vitest'
import { parseProcessSettings } from './base-settings.ts'
import type { SettingsError } from './errors.ts'

const URL = 'https://registry.example/apis/ccompat/v7'

function parse(env: Record<string, string>) {
  return parseProcessSettings({}, { KAFKA_BROKERS: 'a:9092', ...env }, 'order-placed').registry
}

/** `variable: problem` of everything that is wrong. */
function problems(env: Record<string, string>): string[] {
  try {
    parse(env)
    return []
  } catch (error) {
    return (error as SettingsError).problems.map(({ variable, problem }) => `${variable}: ${problem}`)
  }
}

test('there is no registry unless it is set', () => {
  expect(parse({})).toBeUndefined()
  expect(parse({ SCHEMA_REGISTRY_URL: '' })).toBeUndefined()
})

test('a registry is its address, and a login by password or by token', () => {
  expect(parse({ SCHEMA_REGISTRY_URL: `${URL}/` })).toEqual({ url: URL, timeoutMs: 5000 })
  const user = { SCHEMA_REGISTRY_USERNAME: 'ada', SCHEMA_REGISTRY_PASSWORD: 'secret' }
  expect(parse({ SCHEMA_REGISTRY_URL: URL, ...user })).toMatchObject({
    login: { username: 'ada', password: 'secret' },
  })
  expect(parse({ SCHEMA_REGISTRY_URL: URL, SCHEMA_REGISTRY_TOKEN: 't' })).toMatchObject({
    login: { token: 't' },
  })
})

test.each<[Record<string, string>, string]>([
  [{ SCHEMA_REGISTRY_URL: 'registry:8081' }, 'SCHEMA_REGISTRY_URL: must be an http or https URL'],
  [
    { SCHEMA_REGISTRY_URL: 'https://ada:secret@registry.example' },
    'SCHEMA_REGISTRY_URL: must not hold a login',
  ],
  [{ SCHEMA_REGISTRY_URL: `${URL}?a=b` }, 'SCHEMA_REGISTRY_URL: must not have a query'],
  [{ SCHEMA_REGISTRY_TOKEN: 't' }, 'SCHEMA_REGISTRY_TOKEN: is set, but SCHEMA_REGISTRY_URL is not.'],
  [{ SCHEMA_REGISTRY_URL: URL, SCHEMA_REGISTRY_USERNAME: 'ada' }, 'SCHEMA_REGISTRY_PASSWORD: is required'],
  [{ SCHEMA_REGISTRY_URL: URL, SCHEMA_REGISTRY_PASSWORD: 'x' }, 'SCHEMA_REGISTRY_USERNAME: is required'],
  [
    {
      ...{ SCHEMA_REGISTRY_URL: URL, SCHEMA_REGISTRY_TOKEN: 't' },
      ...{ SCHEMA_REGISTRY_USERNAME: 'ada', SCHEMA_REGISTRY_PASSWORD: 'x' },
    },
    'SCHEMA_REGISTRY_TOKEN: must not be set together',
  ],
  [
    { SCHEMA_REGISTRY_URL: URL, SCHEMA_REGISTRY_CA_FILE: '/nowhere' },
    'SCHEMA_REGISTRY_CA_FILE: cannot be read',
  ],
  [
    { SCHEMA_REGISTRY_URL: 'http://a/b', SCHEMA_REGISTRY_CA_FILE: import.meta.filename },
    'SCHEMA_REGISTRY_CA_FILE: is set, but SCHEMA_REGISTRY_URL is not https.',
  ],
])('%o is refused, without its value', (env, problem) => {
  const [found, ...more] = problems(env)
  expect(found).toContain(problem)
  expect(more).toEqual([])
  expect(found).not.toContain('secret')
})
