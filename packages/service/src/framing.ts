import type { EventDefinition } from '@sluice/events'
import { backoffMs } from '@sluice/kafka'
import {
  findSchemaIds,
  openSchemaRegistry,
  type RegistryConnection,
  type SchemaRegistry,
  SchemaRegistryError,
} from '@sluice/schema-registry'
import type { Logger } from '@sluice/telemetry'
import { pause } from './pause.ts'

/** How a process stores events framed, and reads those that are. */
export type Framing = {
  /** Of the schemas of the types that it was opened for. */
  readonly schemaIds: ReadonlyMap<string, number>
  readonly registry: Pick<SchemaRegistry, 'kindOf' | 'lookUp'>
}

export type FramingOptions = {
  readonly connection: RegistryConnection
  readonly definitions: readonly EventDefinition[]
  /** Told why it takes so long, each time that another reason is known. */
  waiting(detail: string): void
  /** Ends the waiting. */
  readonly stopping: AbortSignal
  readonly log: Logger
}

/** Between two questions to a registry that does not answer. */
export const REGISTRY_BACKOFF = { baseMs: 500, maxMs: 10_000 }

/**
 * Looks up the schemas of all types that a process stores or reads, before its first event; from then on it needs the
 * registry only for a schema that it has not seen. Waits for a registry that does not answer.
 * @throws SchemaRegistryError `schema-not-registered`; the reason of `stopping` when that is aborted first
 */
export async function openFraming(options: FramingOptions): Promise<Framing> {
  const { definitions, waiting, stopping, log } = options
  const registry = await openSchemaRegistry(options.connection)
  for (let attempt = 1; ; attempt++) {
    stopping.throwIfAborted()
    try {
      const schemaIds = await findSchemaIds(registry, definitions)
      for (const id of schemaIds.values()) await registry.lookUp(id)
      log.info({ schemas: Object.fromEntries(schemaIds) }, 'events are stored framed')
      return { schemaIds, registry }
    } catch (error) {
      if (!(error instanceof SchemaRegistryError) || error.code !== 'registry-unavailable') throw error
      waiting(error.message)
      log.warn({ err: error, attempt }, 'the schema registry is waited for')
    }
    await pause(backoffMs(attempt, REGISTRY_BACKOFF, Math.random), stopping)
  }
}
