import { RefusedError } from './errors.ts'
import type { Field, Shape, StringFormat } from './shape.ts'

/**
 * The shape that a JSON Schema (draft 7 or 2020-12) describes. Objects become strict. References into the same document
 * are followed.
 * @throws RefusedError naming the place and the keyword, where something cannot be said in zod without losing meaning.
 */
export function readJsonSchema(schema: unknown): Shape {
  return read(schema, '#', { root: schema, within: [] })
}

type Schema = Readonly<Record<string, unknown>>
type Context = { readonly root: unknown; readonly within: readonly string[] }

/** They describe and do not judge. A default would change the data, so it is none for an event. */
const NOTES = [
  'title',
  'description',
  'examples',
  'example',
  'default',
  'deprecated',
  'readOnly',
  'writeOnly',
]
const DOCUMENT = ['$schema', '$id', '$comment', '$defs', 'definitions', '$anchor']
const EVERYWHERE = [...NOTES, ...DOCUMENT]

const FORMATS: Readonly<Record<string, StringFormat>> = {
  'date-time': 'datetime',
  date: 'date',
  email: 'email',
  uri: 'url',
  url: 'url',
  uuid: 'uuid',
}

function read(schema: unknown, at: string, context: Context): Shape {
  if (schema === true) return { kind: 'json' }
  if (!isObject(schema)) throw new RefusedError(`${at} is ${JSON.stringify(schema)}, which is no schema.`)
  if (typeof schema['$ref'] === 'string') return follow(schema, schema['$ref'], at, context)
  const options = schema['anyOf'] ?? schema['oneOf']
  if (options !== undefined) return readOptions(schema, options, at, context)
  if ('const' in schema) {
    allow(schema, at, ['const', 'type'])
    return toLiteral(schema['const'], at)
  }
  if ('enum' in schema) return readEnum(schema, at)
  const { type } = schema
  if (Array.isArray(type)) {
    return union(type.map((one) => read(ofType(schema, String(one)), at, context)))
  }
  if (schema['nullable'] === true) {
    const { nullable: _, ...rest } = schema
    return union([read(rest, at, context), { kind: 'null' }])
  }
  return readType(schema, type ?? guessType(schema), at, context)
}

function follow(schema: Schema, ref: string, at: string, context: Context): Shape {
  allow(schema, at, ['$ref'])
  if (!/^#(\/|$)/.test(ref))
    throw new RefusedError(`${at}: $ref is "${ref}". Only references into the same file are followed.`)
  if (context.within.includes(ref)) {
    throw new RefusedError(`${at}: ${ref} contains itself. Write this definition by hand, with z.lazy.`)
  }
  const steps = ref.split('/').slice(1)
  const target = steps.reduce<unknown>((part, step) => {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    return isObject(part) && Object.hasOwn(part, name) ? part[name] : undefined
  }, context.root)
  if (target === undefined) throw new RefusedError(`${at}: there is no ${ref}.`)
  return read(target, ref, { ...context, within: [...context.within, ref] })
}

function readOptions(schema: Schema, options: unknown, at: string, context: Context): Shape {
  const keyword = 'anyOf' in schema ? 'anyOf' : 'oneOf'
  allow(schema, at, [keyword])
  if (!Array.isArray(options) || options.length === 0)
    throw new RefusedError(`${at}/${keyword} must be a list.`)
  return union(options.map((option, index) => read(option, `${at}/${keyword}/${index}`, context)))
}

function readEnum(schema: Schema, at: string): Shape {
  allow(schema, at, ['enum', 'type', 'nullable'])
  const values: unknown = schema['enum']
  if (!Array.isArray(values) || values.length === 0) throw new RefusedError(`${at}/enum must be a list.`)
  const words = values.filter((value) => typeof value === 'string')
  const others = values
    .filter((value) => typeof value !== 'string')
    .map((value) => toLiteral(value, `${at}/enum`))
  const all: Shape[] =
    words.length === 0 ? others : [{ kind: 'enum', values: [...new Set(words)] }, ...others]
  return union(schema['nullable'] === true ? [...all, { kind: 'null' }] : all)
}

function readType(schema: Schema, type: unknown, at: string, context: Context): Shape {
  switch (type) {
    case undefined:
      allow(schema, at, [])
      return { kind: 'json' }
    case 'null':
    case 'boolean':
      allow(schema, at, ['type'])
      return { kind: type }
    case 'integer':
    case 'number':
      allow(schema, at, ['type', 'minimum', 'maximum', 'format'])
      return { kind: type === 'integer' ? 'int' : 'number', ...bounds(schema, at, 'minimum', 'maximum') }
    case 'string':
      return readString(schema, at)
    case 'array':
      allow(schema, at, ['type', 'items', 'minItems', 'maxItems'])
      return {
        kind: 'array',
        element: read(schema['items'] ?? true, `${at}/items`, context),
        ...bounds(schema, at, 'minItems', 'maxItems'),
      }
    case 'object':
      return readObject(schema, at, context)
    default:
      throw new RefusedError(`${at}: there is no type ${JSON.stringify(type)}.`)
  }
}

function readString(schema: Schema, at: string): Shape {
  allow(schema, at, ['type', 'format', 'minLength', 'maxLength', 'pattern'])
  const { format, pattern } = schema
  const known = typeof format === 'string' && Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined
  if (format !== undefined && known === undefined) {
    throw new RefusedError(
      `${at}: the format ${JSON.stringify(format)} is not known. There are ${Object.keys(FORMATS).join(', ')}.`,
    )
  }
  return {
    kind: 'string',
    ...(known && { format: known }),
    ...bounds(schema, at, 'minLength', 'maxLength'),
    ...(pattern !== undefined && { pattern: toPattern(pattern, at) }),
  }
}

function toPattern(pattern: unknown, at: string): string {
  try {
    if (typeof pattern === 'string') new RegExp(pattern, 'u')
    else throw new TypeError('no string')
    return pattern
  } catch (error) {
    throw new RefusedError(`${at}/pattern is no regular expression: ${(error as Error).message}`)
  }
}

function readObject(schema: Schema, at: string, context: Context): Shape {
  allow(schema, at, ['type', 'properties', 'required', 'additionalProperties'])
  const { properties = {}, required = [], additionalProperties } = schema
  if (!isObject(properties) || !Array.isArray(required)) {
    throw new RefusedError(`${at}: properties must be an object, and required a list.`)
  }
  const names = Object.keys(properties)
  if (isObject(additionalProperties) || (additionalProperties === true && names.length === 0)) {
    if (names.length > 0) {
      throw new RefusedError(
        `${at}: named properties beside additionalProperties of a schema cannot be told apart. Choose one.`,
      )
    }
    return { kind: 'record', value: read(additionalProperties, `${at}/additionalProperties`, context) }
  }
  const unknown = required.find((name) => !names.includes(String(name)))
  if (unknown !== undefined) throw new RefusedError(`${at}: "${unknown}" is required and not described.`)
  const fields = names.map(
    (name): Field => ({
      name,
      optional: !required.includes(name),
      shape: read(properties[name], `${at}/properties/${name}`, context),
    }),
  )
  return { kind: 'object', fields }
}

/** Schemas that leave the type out mean what their keywords are for. */
function guessType(schema: Schema): string | undefined {
  if ('properties' in schema) return 'object'
  if ('items' in schema) return 'array'
  return 'format' in schema || 'pattern' in schema ? 'string' : undefined
}

const OF_TYPE: Readonly<Record<string, RegExp>> = {
  string: /^(format|pattern|minLength|maxLength)$/,
  number: /^(minimum|maximum|format)$/,
  integer: /^(minimum|maximum|format)$/,
  array: /^(items|minItems|maxItems)$/,
  object: /^(properties|required|additionalProperties)$/,
}

/** The part of a schema of several types that is about one of them. */
function ofType(schema: Schema, type: string): Schema {
  const ofAny = Object.values(OF_TYPE)
  const kept = Object.entries(schema).filter(
    ([keyword]) => OF_TYPE[type]?.test(keyword) || !ofAny.some((pattern) => pattern.test(keyword)),
  )
  return { ...Object.fromEntries(kept), type }
}

function toLiteral(value: unknown, at: string): Shape {
  if (value === null) return { kind: 'null' }
  if (typeof value === 'object' || value === undefined) {
    throw new RefusedError(`${at}: a constant must be a string, a number, true, false or null.`)
  }
  return { kind: 'literal', value: value as string | number | boolean }
}

function bounds(schema: Schema, at: string, low: string, high: string): { min?: number; max?: number } {
  const of = (keyword: string) => {
    const value = schema[keyword]
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value
    throw new RefusedError(`${at}/${keyword} must be a number.`)
  }
  const [min, max] = [of(low), of(high)]
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) }
}

function union(options: readonly Shape[]): Shape {
  return options.length === 1 ? options[0]! : { kind: 'union', options }
}

function allow(schema: Schema, at: string, keywords: readonly string[]): void {
  const other = Object.keys(schema).find(
    (keyword) => !keywords.includes(keyword) && !EVERYWHERE.includes(keyword),
  )
  if (other !== undefined) {
    throw new RefusedError(
      `${at}: the keyword "${other}" cannot be taken over. Leave it out and check that in the handler, or write the definition by hand.`,
    )
  }
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
