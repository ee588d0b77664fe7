import { z } from 'zod'
import type { EventDefinition } from './define-event.ts'
import { dataSchemaOf } from './envelope.ts'

/** A JSON Schema as parsed JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * What a type's data may look like, as JSON Schema: what producers post, and so what is stored. Its `$id` is the event's
 * `dataschema`. Everybody who shows or compares schemas takes it from here. Not shown: what JSON Schema cannot say, like
 * a `refine`; the definition alone judges.
 * @param target the draft; 7 for readers that know no other
 * @throws Error where the definition describes something else than plain JSON
 */
export function jsonSchemaOf(
  { type, version, data }: Pick<EventDefinition, 'type' | 'version' | 'data'>,
  target: 'draft-2020-12' | 'draft-7' = 'draft-2020-12',
): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(data, { target, io: 'input', unrepresentable: 'throw' })
  return { $schema, $id: dataSchemaOf(type, version), ...schema }
}
