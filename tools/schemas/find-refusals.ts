import { isDeepStrictEqual } from 'node:util'
import type { JsonSchema } from '@sluice/events'

/** Something that a writer may send and a reader does not take. */
export type Refusal = {
  /** JSON Pointer into the data; `*` is every element of an array or member of a map. Empty for the data itself. */
  readonly pointer: string
  readonly kind:
    | 'unknown-field'
    | 'required'
    | 'type'
    | 'value'
    | 'bound'
    | 'pattern'
    /** Said with keywords that are compared only for being the same. */
    | 'not-compared'
  /** What the writer may send, and what the reader takes, for people: `at most 128 long`. */
  readonly sent: string
  readonly taken: string
}

/**
 * What a reader's schema refuses of what a writer's lets through, each place once; nothing where it takes all of it.
 * Errs on the safe side: what cannot be compared is a refusal unless both say the same. It follows the part of JSON
 * Schema 2020-12 that zod writes, and local references.
 * @param unknownFields whether the reader refuses a field that it does not know, or lets it through
 */
export function findRefusals(
  reader: JsonSchema,
  writer: JsonSchema,
  unknownFields: 'refused' | 'kept',
): Refusal[] {
  const context: Context = { reader, writer, unknownFields, within: [] }
  const found = compare(reader, writer, '', context)
  return [...new Map(found.map((refusal) => [JSON.stringify(refusal), refusal])).values()]
}

type Schema = JsonSchema
type Context = {
  readonly reader: Schema
  readonly writer: Schema
  readonly unknownFields: 'refused' | 'kept'
  /** What is being compared. A pair that comes again inside itself, by a reference, is taken to fit: coinduction. */
  readonly within: readonly (readonly [Schema, Schema])[]
}

const ANYTHING: Schema = {}
const NOTES = ['title', 'description', 'examples', 'deprecated', 'readOnly', 'writeOnly', '$comment']
const DOCUMENT = ['$schema', '$id', '$defs', 'id']

function compare(readerAsIs: Schema, writerAsIs: Schema, pointer: string, context: Context): Refusal[] {
  const reader = resolve(readerAsIs, context.reader)
  const writer = resolve(writerAsIs, context.writer)
  if (context.within.some(([taken, sent]) => taken === reader && sent === writer)) return []
  const inside = { ...context, within: [...context.within, [reader, writer] as const] }
  const readers = alternatives(reader, context.reader)
  const writers = alternatives(writer, context.writer)
  if (readers === undefined || writers === undefined) return compareOpaque(reader, writer, pointer)
  return writers.flatMap((sent) => {
    const tries = readers.map((taken) => compareOne(taken, sent, pointer, inside))
    if (tries.some(({ length }) => length === 0)) return []
    // The alternative that comes nearest says best what is wrong.
    const nearest = tries.filter((_, at) => kindOf(readers[at]!) === kindOf(sent))
    if (nearest.length === 1) return nearest[0]!
    if ('const' in sent) return [refuse(pointer, 'value', describe(sent), readers.map(describe).join(' or '))]
    return [refuse(pointer, 'type', describe(sent), readers.map(describe).join(' or ') || 'nothing')]
  })
}

/**
 * The schemas of which data fits one, each without `anyOf`, `enum` and lists of types; undefined where that is not the
 * same. A `oneOf` is one of these where a field tells its options apart: zod's discriminated unions.
 */
function alternatives(schema: Schema, root: Schema): Schema[] | undefined {
  const { anyOf, oneOf, enum: values, type, ...rest } = schema
  const options = ((anyOf ?? oneOf) as Schema[] | undefined)?.map((option) => resolve(option, root))
  if (options !== undefined) {
    if (Object.keys(rest).some(judges) || type !== undefined || values !== undefined) return undefined
    if (oneOf !== undefined && (anyOf !== undefined || !areToldApart(options))) return undefined
    const inside = options.map((option) => alternatives(option, root))
    return inside.includes(undefined) ? undefined : inside.flatMap((some) => some ?? [])
  }
  if (values !== undefined) {
    if (Object.keys(rest).some(judges)) return undefined
    return (values as unknown[]).map((value) => ({ const: value }))
  }
  if (Array.isArray(type)) return type.map((one) => ({ ...rest, type: one }))
  return [schema]
}

function areToldApart(options: readonly Schema[]): boolean {
  const fields = Object.keys(propertiesOf(options[0] ?? {}))
  return fields.some((field) => {
    const values = options.flatMap((option) => {
      const required = requiredOf(option).includes(field)
      const schema = propertiesOf(option)[field]
      if (!required || schema === undefined) return [undefined]
      return 'const' in schema
        ? [schema['const']]
        : ((schema['enum'] as unknown[] | undefined) ?? [undefined])
    })
    return !values.includes(undefined) && new Set(values).size === values.length
  })
}

/** Both without alternatives. */
function compareOne(reader: Schema, writer: Schema, pointer: string, context: Context): Refusal[] {
  if (!Object.keys(reader).some(judges)) return []
  if ('const' in writer) {
    return takes(reader, writer['const'])
      ? []
      : [refuse(pointer, 'value', describe(writer), describe(reader))]
  }
  if ('const' in reader) return [refuse(pointer, 'value', describe(writer), describe(reader))]
  const { type } = writer
  if (typeof type !== 'string' && Object.keys(writer).some(judges))
    return compareOpaque(reader, writer, pointer)
  const fits = reader['type'] === type || (reader['type'] === 'number' && type === 'integer')
  if (typeof type !== 'string' || !fits) return [refuse(pointer, 'type', describe(writer), describe(reader))]
  const compared = COMPARED[type] ?? []
  return [
    ...compareOpaque(without(reader, compared), without(writer, compared), pointer),
    ...compareBounds(reader, writer, pointer),
    ...comparePatterns(reader, writer, pointer),
    ...(type === 'array' ? compareElements(reader, writer, pointer, context) : []),
    ...(type === 'object' ? compareFields(reader, writer, pointer, context) : []),
  ]
}

/** The keywords of each type that are compared for what they mean. */
const COMPARED: Readonly<Record<string, readonly string[]>> = {
  string: ['type', 'minLength', 'maxLength', 'pattern', 'format'],
  number: ['type', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  integer: ['type', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  array: ['type', 'items', 'minItems', 'maxItems'],
  object: ['type', 'properties', 'required', 'additionalProperties', 'propertyNames'],
  boolean: ['type'],
  null: ['type'],
}

/** What is not understood fits where both say the very same. A reference may mean something else in each. */
function compareOpaque(reader: Schema, writer: Schema, pointer: string): Refusal[] {
  const [taken, sent] = [reader, writer].map((schema) => without(schema, [...NOTES, ...DOCUMENT]))
  const same = isDeepStrictEqual(taken, sent) && !JSON.stringify(sent).includes('"$ref"')
  return same ? [] : [refuse(pointer, 'not-compared', JSON.stringify(sent), JSON.stringify(taken))]
}

type Bound = {
  readonly keyword: string
  readonly exclusive?: string
  readonly low: boolean
  readonly words: string
}

const BOUNDS: readonly Bound[] = [
  { keyword: 'minLength', low: true, words: 'at least # long' },
  { keyword: 'maxLength', low: false, words: 'at most # long' },
  { keyword: 'minItems', low: true, words: 'at least # elements' },
  { keyword: 'maxItems', low: false, words: 'at most # elements' },
  { keyword: 'minimum', exclusive: 'exclusiveMinimum', low: true, words: 'at least #' },
  { keyword: 'maximum', exclusive: 'exclusiveMaximum', low: false, words: 'at most #' },
]

function compareBounds(reader: Schema, writer: Schema, pointer: string): Refusal[] {
  return BOUNDS.flatMap((bound) => {
    const [taken, sent] = [tightest(reader, bound), tightest(writer, bound)]
    const fits = bound.low
      ? sent.at > taken.at || (sent.at === taken.at && (sent.exclusive || !taken.exclusive))
      : sent.at < taken.at || (sent.at === taken.at && (sent.exclusive || !taken.exclusive))
    return fits ? [] : [refuse(pointer, 'bound', boundWords(bound, sent), boundWords(bound, taken))]
  })
}

type Limit = { readonly at: number; readonly exclusive: boolean }

/** The tighter one of a bound and its exclusive form; without either there is none, or for lengths 0. */
function tightest(schema: Schema, { keyword, exclusive, low }: Bound): Limit {
  if (exclusive === undefined)
    return { at: (schema[keyword] as number | undefined) ?? (low ? 0 : Infinity), exclusive: false }
  const none = low ? -Infinity : Infinity
  const inclusive = (schema[keyword] as number | undefined) ?? none
  const open = (schema[exclusive] as number | undefined) ?? none
  const isTighter = low ? open >= inclusive : open <= inclusive
  return isTighter && Number.isFinite(open)
    ? { at: open, exclusive: true }
    : { at: inclusive, exclusive: false }
}

function boundWords({ low, words }: Bound, { at, exclusive }: Limit): string {
  if (!Number.isFinite(at)) return 'without a bound'
  if (exclusive) return `${low ? 'more' : 'less'} than ${at}`
  return words.replace('#', String(at))
}

/** Two patterns are compared for being the same: whether one takes more than the other cannot be told. */
function comparePatterns(reader: Schema, writer: Schema, pointer: string): Refusal[] {
  return ['pattern', 'format', 'multipleOf'].flatMap((keyword) => {
    const [taken, sent] = [reader[keyword], writer[keyword]]
    if (taken === undefined || taken === sent) return []
    return [
      refuse(
        pointer,
        'pattern',
        sent === undefined ? `any ${keyword}` : `${keyword} ${sent}`,
        `${keyword} ${taken}`,
      ),
    ]
  })
}

function compareElements(reader: Schema, writer: Schema, pointer: string, context: Context): Refusal[] {
  return compare(schemaOr(reader['items']), schemaOr(writer['items']), `${pointer}/*`, context)
}

function compareFields(reader: Schema, writer: Schema, pointer: string, context: Context): Refusal[] {
  const [takenFields, sentFields] = [propertiesOf(reader), propertiesOf(writer)]
  const [takenOthers, sentOthers] = [reader['additionalProperties'], writer['additionalProperties']]
  const found: Refusal[] = []
  for (const [name, sent] of Object.entries(sentFields)) {
    const at = `${pointer}/${escapeName(name)}`
    if (Object.hasOwn(takenFields, name)) found.push(...compare(takenFields[name]!, sent, at, context))
    else found.push(...compareUnknown(takenOthers, sent, at, context))
    found.push(...compareName(reader, { const: name }, at, context))
  }
  if (sentOthers !== false) {
    const others = schemaOr(sentOthers)
    for (const [name, taken] of Object.entries(takenFields)) {
      if (!Object.hasOwn(sentFields, name))
        found.push(...compare(taken, others, `${pointer}/${escapeName(name)}`, context))
    }
    found.push(...compareUnknown(takenOthers, others, `${pointer}/*`, context))
    found.push(
      ...compareName(
        reader,
        schemaOr(writer['propertyNames'] ?? { type: 'string' }),
        `${pointer}/*`,
        context,
      ),
    )
  }
  for (const name of requiredOf(reader)) {
    if (!requiredOf(writer).includes(name)) {
      found.push(refuse(`${pointer}/${escapeName(name)}`, 'required', 'possibly nothing', 'a value, always'))
    }
  }
  return found
}

/** A field that the reader has no name for. */
function compareUnknown(takenOthers: unknown, sent: Schema, at: string, context: Context): Refusal[] {
  if (takenOthers !== false) return compare(schemaOr(takenOthers), sent, at, context)
  return context.unknownFields === 'kept'
    ? []
    : [refuse(at, 'unknown-field', describe(sent), 'no such field')]
}

function compareName(reader: Schema, name: Schema, at: string, context: Context): Refusal[] {
  const names = reader['propertyNames']
  return names === undefined ? [] : compare(schemaOr(names), name, at, context)
}

/** Whether a value that is no object and no array fits a schema without alternatives. */
function takes(schema: Schema, value: unknown): boolean {
  if ('const' in schema) return schema['const'] === value
  const { type, pattern, format, multipleOf } = schema
  const compared = typeof type === 'string' ? COMPARED[type] : undefined
  if (compared === undefined || Object.keys(without(schema, compared)).some(judges)) return false
  if (format !== undefined || multipleOf !== undefined) return false
  if (type === 'null') return value === null
  if (type === 'integer' && !Number.isInteger(value)) return false
  if (type !== 'integer' && typeof value !== type) return false
  if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value as string)) return false
  const length = typeof value === 'string' ? value.length : (value as number)
  const exact = { minLength: length, maxLength: length, minimum: length, maximum: length }
  return typeof value === 'boolean' || compareBounds(schema, exact, '').length === 0
}

function resolve(schema: Schema, root: Schema): Schema {
  let target = schema
  // A chain of references cannot be longer than there are places for them.
  for (let left = 100; typeof target['$ref'] === 'string' && left > 0; left--) {
    const steps = target['$ref'].split('/').slice(1).map(unescapeStep)
    target = schemaOr(steps.reduce<unknown>((part, step) => (part as Schema | undefined)?.[step], root))
  }
  return target
}

function kindOf(schema: Schema): string {
  const { type } = schema
  if ('const' in schema) return 'const'
  return type === 'integer' ? 'number' : String(type)
}

function describe(schema: Schema): string {
  if ('const' in schema) return JSON.stringify(schema['const'])
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => JSON.stringify(value)).join(' or ')
  return schema['type'] === undefined ? 'anything' : String(schema['type'])
}

function judges(keyword: string): boolean {
  return !NOTES.includes(keyword) && !DOCUMENT.includes(keyword)
}

function propertiesOf(schema: Schema): Readonly<Record<string, Schema>> {
  return (schema['properties'] as Record<string, Schema> | undefined) ?? {}
}

function requiredOf(schema: Schema): readonly string[] {
  return (schema['required'] as string[] | undefined) ?? []
}

/** Where a schema may stand, nothing and `true` take anything; `false` is said in the one other way. */
function schemaOr(schema: unknown): Schema {
  if (schema === undefined || schema === true) return ANYTHING
  return schema === false ? { enum: [] } : (schema as Schema)
}

function without(schema: Schema, keywords: readonly string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !keywords.includes(keyword)))
}

function refuse(pointer: string, kind: Refusal['kind'], sent: string, taken: string): Refusal {
  return { pointer, kind, sent, taken }
}

function escapeName(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

function unescapeStep(step: string): string {
  return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
}
