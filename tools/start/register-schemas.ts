import { catalogue } from '@sluice/events'
import {
  COMPATIBILITIES,
  openSchemaRegistry,
  type RegistrationReport,
  registerSchemas,
} from '@sluice/schema-registry'
import { parseProcessSettings, type Settings } from '@sluice/service'
import { z } from 'zod'

/** What only the registration reads, beside what every process has. */
const settings = {
  SCHEMA_REGISTRY_COMPATIBILITY: z
    .enum(COMPATIBILITIES)
    .default('BACKWARD')
    .describe('Which changes of a schema the registry is to take, set with the first version of each.'),
} satisfies Settings

/**
 * Registers the schemas of the catalogue in the registry that the environment names. Undefined where it names none.
 * @throws SettingsError; SchemaRegistryError `schema-incompatible` with what changed, or `registry-unavailable`
 */
export async function registerCatalogue(env: NodeJS.ProcessEnv): Promise<RegistrationReport | undefined> {
  const { config, registry } = parseProcessSettings(settings, env, 'topics')
  if (!registry) return undefined
  const definitions = catalogue.map(({ definition }) => definition)
  return registerSchemas(
    await openSchemaRegistry(registry),
    definitions,
    config.SCHEMA_REGISTRY_COMPATIBILITY,
  )
}
