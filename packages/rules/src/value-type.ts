import type { JsonSchema } from '@sluice/events'

/**
 * What is known of a value before there is one. Numbers are those of JSON, whole or not. `any` is where the schema leaves
 * several kinds open: looked at when the value is there.
 */
export type ValueType =
  | { readonly kind: 'bool' | 'number' | 'null' | 'any' }
  | { readonly kind: 'string'; readonly values?: readonly string[] | undefined }
  | { readonly kind: 'list'; readonly of: ValueType }
  /** Names that the schema leaves open; all values are of one type. */
  | { readonly kind: 'record'; readonly of: ValueType }
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, Field> }

export type Field = { readonly type: ValueType; readonly isOptional: boolean }

export const BOOL: ValueType = { kind: 'bool' }
export const NUMBER: ValueType = { kind: 'number' }
export const STRING: ValueType = { kind: 'string' }
export const NULL: ValueType = { kind: 'null' }
export const ANY: ValueType = { kind: 'any' }

/** The type of what a JSON Schema of `jsonSchemaOf` lets through. Whatever it does not know is `any`. */
export function valueTypeOf(schema: JsonSchema): ValueType {
  const definitions = ((schema as Schema).$defs ?? {}) as Readonly<Record<string, Schema>>
  return typeOf(schema, definitions, 0)
}

/** `a string`, `a list`: how a message names a type. */
export function nameType({ kind }: ValueType): string {
  switch (kind) {
    case 'bool':
      return 'true or false'
    case 'null':
      return 'null'
    case 'any':
      return 'a value of several kinds'
    case 'object':
    case 'record':
      return 'an object'
    default:
      return `a ${kind}`
  }
}

/** What is looked at of a JSON Schema. */
type Schema = {
  readonly $defs?: unknown
  readonly $ref?: unknown
  readonly type?: unknown
  readonly items?: unknown
  readonly properties?: unknown
  readonly required?: unknown
  readonly additionalProperties?: unknown
  readonly const?: unknown
  readonly enum?: unknown
}

/** Schemas may refer to themselves; deeper than this nobody's rule looks. */
const MAX_DEPTH = 20

function typeOf(schema: Schema, definitions: Readonly<Record<string, Schema>>, depth: number): ValueType {
  const inner = (part: unknown) => typeOf(part as Schema, definitions, depth + 1)
  if (depth > MAX_DEPTH || typeof schema !== 'object') return ANY
  if (typeof schema.$ref === 'string') {
    const target = definitions[schema.$ref.split('/').at(-1)!]
    return target ? inner(target) : ANY
  }
  switch (schema.type) {
    case 'boolean':
      return BOOL
    case 'integer':
    case 'number':
      return NUMBER
    case 'null':
      return NULL
    case 'string':
      return { kind: 'string', values: literalsOf(schema) }
    case 'array':
      return { kind: 'list', of: schema.items === undefined ? ANY : inner(schema.items) }
    case 'object':
      return objectOf(schema, inner)
    default:
      return ANY
  }
}

function objectOf(schema: Schema, inner: (part: unknown) => ValueType): ValueType {
  const { properties, required, additionalProperties } = schema
  if (properties === undefined) {
    return {
      kind: 'record',
      of: typeof additionalProperties === 'object' ? inner(additionalProperties) : ANY,
    }
  }
  const always = new Set(required as readonly string[] | undefined)
  const fields = Object.entries(properties as Record<string, unknown>).map(
    ([name, part]): [string, Field] => [name, { type: inner(part), isOptional: !always.has(name) }],
  )
  return { kind: 'object', fields: new Map(fields) }
}

function literalsOf(schema: Schema): readonly string[] | undefined {
  if (typeof schema.const === 'string') return [schema.const]
  return Array.isArray(schema.enum) ? (schema.enum as string[]) : undefined
}
