import { readFileSync } from 'node:fs'
import type { RegistryConnection } from '@sluice/schema-registry'
import { z } from 'zod'
import type { SettingProblem } from './errors.ts'
import type { Config, Settings } from './settings.ts'

/** Of every process: the schema registry, where there is one. */
export const registrySettings = {
  SCHEMA_REGISTRY_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .optional()
    .describe(
      'The Confluent API of a schema registry. When it is set, events are stored framed; when not, as whole CloudEvents. Either way both are read.',
    ),
  SCHEMA_REGISTRY_USERNAME: z.string().optional().describe('User, for basic authentication.'),
  SCHEMA_REGISTRY_PASSWORD: z.string().optional().describe('Password, for basic authentication.'),
  SCHEMA_REGISTRY_TOKEN: z.string().optional().describe('Bearer token, instead of a user.'),
  SCHEMA_REGISTRY_CA_FILE: z
    .string()
    .optional()
    .describe("PEM file with the authority that signed the registry's certificate; the system's by default."),
} satisfies Settings

export type RegistryConfig = Config<typeof registrySettings>

/** Short, because nothing else happens meanwhile; who asks asks again. */
const TIMEOUT_MS = 5000

/**
 * The connection that the settings describe; undefined where there is no registry. Adds to `problems` what is wrong.
 * A variable that could not be parsed is no member of `config`: nothing is concluded from its absence.
 */
export function readRegistry(
  config: Partial<RegistryConfig>,
  problems: SettingProblem[],
): RegistryConnection | undefined {
  const {
    SCHEMA_REGISTRY_URL: url,
    SCHEMA_REGISTRY_USERNAME: username,
    SCHEMA_REGISTRY_PASSWORD: password,
    SCHEMA_REGISTRY_TOKEN: token,
    SCHEMA_REGISTRY_CA_FILE: caFile,
  } = config
  const wrong = (variable: keyof RegistryConfig, problem: string) => problems.push({ variable, problem })
  if (url === undefined) {
    if (!('SCHEMA_REGISTRY_URL' in config)) return undefined
    for (const variable of Object.keys(registrySettings) as (keyof RegistryConfig)[]) {
      if (config[variable] !== undefined) wrong(variable, 'is set, but SCHEMA_REGISTRY_URL is not.')
    }
    return undefined
  }
  const { username: inUrl, password: passwordInUrl, protocol, search, hash } = new URL(url)
  if (inUrl || passwordInUrl)
    wrong(
      'SCHEMA_REGISTRY_URL',
      'must not hold a login; use SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD.',
    )
  if (search || hash) wrong('SCHEMA_REGISTRY_URL', 'must not have a query or a fragment.')
  if (username !== undefined && password === undefined)
    wrong('SCHEMA_REGISTRY_PASSWORD', 'is required when SCHEMA_REGISTRY_USERNAME is set.')
  if (password !== undefined && username === undefined)
    wrong('SCHEMA_REGISTRY_USERNAME', 'is required when SCHEMA_REGISTRY_PASSWORD is set.')
  if (token !== undefined && username !== undefined)
    wrong('SCHEMA_REGISTRY_TOKEN', 'must not be set together with SCHEMA_REGISTRY_USERNAME.')
  const ca = readAuthority()
  return {
    url: url.replace(/\/+$/, ''),
    ...(username !== undefined && password !== undefined && { login: { username, password } }),
    ...(token !== undefined && { login: { token } }),
    ...(ca !== undefined && { ca }),
    timeoutMs: TIMEOUT_MS,
  }

  function readAuthority(): string | undefined {
    if (caFile === undefined) return undefined
    if (protocol !== 'https:')
      wrong('SCHEMA_REGISTRY_CA_FILE', 'is set, but SCHEMA_REGISTRY_URL is not https.')
    try {
      return readFileSync(caFile, 'utf8')
    } catch (error) {
      wrong('SCHEMA_REGISTRY_CA_FILE', `cannot be read: ${(error as Error).message}`)
      return undefined
    }
  }
}
