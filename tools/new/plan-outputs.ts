import { isDeepStrictEqual } from 'node:util'
import type { EventDefinition } from '@sluice/events'
import { z } from 'zod'
import { checkShape, toSchema } from './check-shape.ts'
import { RefusedError } from './errors.ts'
import { chooseKey, escapeStep, findPersonalData, type Key, toFieldName } from './field-paths.ts'
import type { DefinitionWish, OutputWish } from './from-template.ts'
import { checkTypeName, type KnownNames } from './name.ts'
import { parseFields } from './parse-fields.ts'
import { accessSource, dataSource, exampleOf, nameSource, type ObjectShape } from './shape.ts'

/** What a service reads: its type's data, and a valid example of it. */
export type Input = {
  readonly schema: z.ZodType
  readonly example: Readonly<Record<string, unknown>>
  readonly key: Key
  /** JSON Pointers to what is personal in it. */
  readonly pii: readonly string[]
}

/** What a type that is made for an output has of the type that it follows from. */
export type Inherited = Pick<DefinitionWish, 'owner' | 'lanes' | 'defaultPriority' | 'retentionDays'>

/**
 * The outputs that were asked for, as `stock-reserved,refund-requested(orderId:string,amount:money)`. A type that there is
 * not yet becomes one of origin `derived`, with the fields in brackets, or else with its cause's key alone.
 *
 * The handler passes on each field that has the same name and the same schema as one of the input's; what is left it
 * takes from the example, for a person to replace.
 * @throws RefusedError for a name that cannot be one
 */
export function planOutputs(
  text: string,
  input: Input,
  inherited: Inherited,
  definitions: readonly EventDefinition[],
  known: KnownNames,
): { readonly outputs: OutputWish[]; readonly created: DefinitionWish[]; readonly remarks: string[] } {
  const outputs: OutputWish[] = []
  const created: DefinitionWish[] = []
  const remarks: string[] = []
  const types = [...known.types]
  for (const part of splitOutside(text)) {
    const [, type = part, fields] = /^([^(]*)\((.*)\)$/.exec(part) ?? []
    const name = type.trim()
    if (outputs.some((output) => output.type === name))
      throw new RefusedError(`The output "${name}" is named twice.`)
    const existing = definitions.find((definition) => definition.type === name)
    if (existing) {
      if (fields !== undefined)
        throw new RefusedError(`"${name}" is there already, with fields of its own. Leave the brackets out.`)
      outputs.push(toOutput(name, existing.data, existing.example as Data))
      continue
    }
    checkTypeName(name, { ...known, types })
    types.push(name)
    const wish =
      fields === undefined ? keyOnly(name, input, inherited) : withFields(name, fields, input, inherited)
    created.push(wish)
    outputs.push(
      fields === undefined
        ? { type: name, source: keySource(wish, input), expected: wish.example }
        : toOutput(name, toSchema(wish.shape), wish.example as Data),
    )
  }
  return { outputs, created, remarks }

  function toOutput(type: string, schema: z.ZodType, example: Data): OutputWish {
    const { source, expected, madeUp } = map(schema, example, input)
    if (madeUp.length > 0) {
      remarks.push(
        `${type} takes ${madeUp.join(', ')} from its example: replace that in handler.ts and its test.`,
      )
    }
    return { type, source, expected }
  }
}

type Data = Readonly<Record<string, unknown>>

/** The output's example, with what the input has of it taken from the input; `madeUp` are the fields that it has not. */
function map(
  schema: z.ZodType,
  example: Data,
  input: Input,
): { source: string; expected: Data; madeUp: string[] } {
  const isOffered = offeredBy(input, schema)
  const names = Object.keys(example)
  const sourceOf = (name: string) =>
    isOffered(name) ? `event.data${accessSource([name])}` : dataSource(example[name])
  return {
    source: `{ ${names.map((name) => `${nameSource(name)}: ${sourceOf(name)}`).join(', ')} }`,
    expected: Object.fromEntries(
      names.map((name) => [name, isOffered(name) ? input.example[name] : example[name]]),
    ),
    madeUp: names.filter((name) => !isOffered(name)),
  }
}

/** Whether a field of the output is one of the input, too: the same name and the same schema. */
function offeredBy(input: Input, schema: z.ZodType): (name: string) => boolean {
  const wanted = fieldSchemas(schema)
  const offered = fieldSchemas(input.schema)
  return (name) =>
    Object.hasOwn(input.example, name) &&
    Object.hasOwn(wanted, name) &&
    isDeepStrictEqual(wanted[name], offered[name])
}

/** The JSON Schema of each field that is always there. */
function fieldSchemas(schema: z.ZodType): Readonly<Record<string, unknown>> {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
  })
  return Object.fromEntries(Object.entries(properties).filter(([name]) => required.includes(name)))
}

function keyOnly(type: string, input: Input, inherited: Inherited): DefinitionWish {
  const name = toFieldName(input.key.path)
  const shape: ObjectShape = { kind: 'object', fields: [{ name, shape: input.key.shape, optional: false }] }
  const example = { [name]: at(input.example, input.key.path) }
  const from = toPointer(input.key.path)
  const isPersonal = input.pii.some((pointer) => from === pointer || from.startsWith(`${pointer}/`))
  const pii = isPersonal ? [toPointer([name])] : []
  return { ...bare(inherited), type, shape, key: { path: [name], shape: input.key.shape }, pii, example }
}

function keySource(wish: DefinitionWish, input: Input): string {
  return `{ ${nameSource(wish.key.path[0]!)}: event.data${accessSource(input.key.path)} }`
}

function withFields(type: string, fields: string, input: Input, inherited: Inherited): DefinitionWish {
  const shape = checkShape(parseFields(fields))
  const key = chooseKey(shape)
  if (key === undefined)
    throw new RefusedError(
      `"${type}" has no field that can be its key: give it an identifier, like orderId:string.`,
    )
  const isOffered = offeredBy(input, toSchema(shape))
  const passedOn = shape.fields
    .filter(({ name }) => isOffered(name))
    .flatMap(({ name }) => {
      const at = toPointer([name])
      return input.pii.filter((pointer) => pointer === at || pointer.startsWith(`${at}/`))
    })
  const pii = [...new Set([...findPersonalData(shape), ...passedOn])]
  return { ...bare(inherited), type, shape, key, pii, example: exampleOf(shape) }
}

function toPointer(path: readonly string[]): string {
  return path.map((name) => `/${escapeStep(name)}`).join('')
}

function bare({ owner, lanes, defaultPriority, retentionDays }: Inherited) {
  return {
    origin: 'derived',
    owner,
    lanes,
    defaultPriority,
    retentionDays,
    retry: 'ordered',
    retryDelays: [],
  } as const
}

function at(data: Data, path: readonly string[]): unknown {
  return path.reduce<unknown>((inside, name) => (inside as Data)[name], data)
}

/** At commas that are not in brackets. */
function splitOutside(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
