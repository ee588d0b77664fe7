import type { EventDefinition } from '@sluice/events'
import { z } from 'zod'

/** A JSON Schema as parsed JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * The schema of a type's data as it is registered: draft 7, which every registry and every serializer reads. Without
 * `format`, which some readers refuse to compile when they do not know it; where a pattern says the same, that stays.
 * The same definition always gives the same schema; another version of zod may give another one.
 */
export function schemaOf({ type, data }: EventDefinition): JsonSchema {
  return {
    title: type,
    ...z.toJSONSchema(data, {
      target: 'draft-7',
      override({ jsonSchema }) {
        delete jsonSchema.format
      },
    }),
  }
}
