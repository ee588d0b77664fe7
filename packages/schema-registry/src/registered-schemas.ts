import { type EventDefinition, schemaSubject } from '@sluice/events'
import { describeDifference } from './describe-difference.ts'
import { SchemaRegistryError } from './errors.ts'
import { schemaOf } from './json-schema.ts'
import type { Compatibility, SchemaRegistry } from './registry.ts'

/** Subjects by what became of their schemas. */
export type RegistrationReport = {
  readonly registered: readonly string[]
  readonly present: readonly string[]
}

/**
 * Registers the schema of each type under its subject, unless it is there already.
 * @throws SchemaRegistryError `schema-incompatible` when some were refused, each with what changed; the others are
 * registered. `registry-unavailable` at once.
 */
export async function registerSchemas(
  registry: SchemaRegistry,
  definitions: readonly EventDefinition[],
  compatibility: Compatibility,
): Promise<RegistrationReport> {
  const registered: string[] = []
  const present: string[] = []
  const refused: string[] = []
  for (const definition of definitions) {
    const subject = schemaSubject(definition.type)
    const schema = schemaOf(definition)
    if ((await registry.find(subject, schema)) !== undefined) {
      present.push(subject)
      continue
    }
    try {
      await registry.register(subject, schema, compatibility)
      registered.push(subject)
    } catch (error) {
      if (!(error instanceof SchemaRegistryError) || error.code !== 'schema-incompatible') throw error
      refused.push(`${await compare(registry, definition)}\n  The registry says: ${error.message}`)
    }
  }
  if (refused.length > 0) {
    throw new SchemaRegistryError(
      'schema-incompatible',
      `The schema registry does not take these schemas with the compatibility ${compatibility}. A change that it does not take is a new event type.\n${refused.join('\n')}`,
    )
  }
  return { registered, present }
}

/**
 * The ids of the types' schemas, by type.
 * @throws SchemaRegistryError `schema-not-registered` naming each type whose schema is not, with what is different;
 * `registry-unavailable`
 */
export async function findSchemaIds(
  registry: SchemaRegistry,
  definitions: readonly EventDefinition[],
): Promise<ReadonlyMap<string, number>> {
  const ids = new Map<string, number>()
  const missing: string[] = []
  for (const definition of definitions) {
    const id = await registry.find(schemaSubject(definition.type), schemaOf(definition))
    if (id === undefined) missing.push(await compare(registry, definition))
    else ids.set(definition.type, id)
  }
  if (missing.length > 0) {
    throw new SchemaRegistryError(
      'schema-not-registered',
      `These schemas are not in the schema registry. Register them with "npm run topics"; it says so when a change is not compatible.\n${missing.join('\n')}`,
    )
  }
  return ids
}

/** A definition against what is registered for it, indented. */
async function compare(registry: SchemaRegistry, definition: EventDefinition): Promise<string> {
  const subject = schemaSubject(definition.type)
  const latest = await registry.latest(subject)
  if (latest === undefined) return `  ${subject}: nothing is registered.`
  const found = describeDifference(latest, schemaOf(definition))
  const changes = found.length > 0 ? found : ['no constraint differs, only how it is written']
  return [`  ${subject}, against its newest schema:`, ...changes.map((line) => `    ${line}`)].join('\n')
}
