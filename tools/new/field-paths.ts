import { RefusedError } from './errors.ts'
import { exampleOf, type Field, type ObjectShape, type Shape, type ValueName } from './shape.ts'

/** The fields inside of the values that definitions share. */
const INSIDE: Readonly<Record<ValueName, Shape>> = {
  Id: { kind: 'string', min: 1 },
  Money: objectOf({ amount: { kind: 'int' }, currency: { kind: 'string' } }),
  Customer: objectOf({ id: { kind: 'value', name: 'Id' }, email: { kind: 'string', format: 'email' } }),
  Item: objectOf({ sku: { kind: 'value', name: 'Id' }, quantity: { kind: 'int' } }),
}

/** A way through named fields. */
export type Path = readonly string[]

/** What events are kept in order by: a field that is always there. */
export type Key = { readonly path: Path; readonly shape: Shape }

/**
 * The key that was asked for, as `customer.id` or `/customer/id`.
 * @throws RefusedError where it is no string or whole number that every event has
 */
export function findKey(shape: ObjectShape, text: string): Key {
  const path = toPath(text)
  let at: Shape = shape
  for (const name of path) {
    const field: Field | undefined = fieldsOf(at).find((one) => one.name === name)
    if (field === undefined) {
      throw new RefusedError(`There is no field "${name}" for the key "${text}". ${suggest(shape)}`)
    }
    if (field.optional) {
      throw new RefusedError(
        `The key "${text}" leads through "${name}", which an event may lack. ${suggest(shape)}`,
      )
    }
    at = field.shape
  }
  if (!isKeyShape(at)) {
    throw new RefusedError(
      `The key "${text}" is no string or whole number that every event has. ${suggest(shape)}`,
    )
  }
  return { path, shape: at }
}

/** The first identifier, or else the first field that can be a key; those at the top before those inside. */
export function chooseKey(shape: ObjectShape): Key | undefined {
  const keys = listKeys(shape)
  return (
    keys.find(({ path, shape: { kind } }) => kind === 'value' || /^id$|Id$|_id$/.test(path.at(-1)!)) ??
    keys[0]
  )
}

/**
 * JSON Pointers to the fields that were named, as `customer.email` or `/customer/email`; inside of arrays and records `*`
 * is put where it was left out.
 * @throws RefusedError naming a path that leads nowhere
 */
export function toPointers(shape: ObjectShape, paths: readonly string[]): string[] {
  return paths.map((text) => {
    const pointer = findPointer(shape, toPath(text))
    if (pointer === undefined)
      throw new RefusedError(
        `There is no field "${text}" to be called personal. Use a path like customer.email.`,
      )
    return pointer
  })
}

/** Pointers to all e-mail addresses: what is certainly personal. */
export function findPersonalData(shape: Shape, at = ''): string[] {
  if (shape.kind === 'string' && shape.format === 'email') return [at]
  const found = [
    ...fieldsOf(shape).flatMap((field) => findPersonalData(field.shape, `${at}/${escapeStep(field.name)}`)),
    ...elementsOf(shape).flatMap((element) => findPersonalData(element, `${at}/*`)),
    ...(shape.kind === 'union' ? shape.options.flatMap((option) => findPersonalData(option, at)) : []),
  ]
  return [...new Set(found)]
}

/**
 * Data with a made-up value wherever the pointers lead to one: a real sample becomes an example that anybody may read.
 * What is null stays null.
 */
export function makeUp(shape: Shape, data: unknown, pointers: readonly string[]): unknown {
  return pointers.reduce((made, pointer) => makeUpAt(shape, made, toPath(pointer), ''), data)
}

/** A way as one word: `customer.id` → `customerId`. */
export function toFieldName(path: Path): string {
  const words = path.flatMap((name) => name.split(/[^A-Za-z0-9]+/)).filter((word) => word !== '')
  const name = words
    .map((word, index) => (index === 0 ? word : word[0]!.toUpperCase() + word.slice(1)))
    .join('')
  return /^[A-Za-z]/.test(name) ? name : `key${name}`
}

function objectOf(fields: Readonly<Record<string, Shape>>): Shape {
  return {
    kind: 'object',
    fields: Object.entries(fields).map(([name, shape]) => ({ name, shape, optional: false })),
  }
}

function fieldsOf(shape: Shape): readonly Field[] {
  if (shape.kind === 'value') return fieldsOf(INSIDE[shape.name])
  return shape.kind === 'object' ? shape.fields : []
}

function elementsOf(shape: Shape): readonly Shape[] {
  if (shape.kind === 'array') return [shape.element]
  return shape.kind === 'record' ? [shape.value] : []
}

function isKeyShape(shape: Shape): boolean {
  return ['string', 'enum', 'int'].includes(shape.kind) || (shape.kind === 'value' && shape.name === 'Id')
}

/** Those at the top first, then those one deeper, and so on. */
function listKeys(shape: ObjectShape): Key[] {
  const found: Key[] = []
  let level: readonly { path: Path; shape: Shape }[] = [{ path: [], shape }]
  while (level.length > 0) {
    const next = level.flatMap(({ path, shape: inside }) =>
      fieldsOf(inside)
        .filter(({ optional }) => !optional)
        .map((field) => ({ path: [...path, field.name], shape: field.shape })),
    )
    found.push(...next.filter((one) => isKeyShape(one.shape)))
    level = next
  }
  return found
}

function suggest(shape: ObjectShape): string {
  const names = listKeys(shape)
    .slice(0, 5)
    .map(({ path }) => path.join('.'))
  return names.length === 0 ? 'No field of it can be a key.' : `Fields that can be: ${names.join(', ')}.`
}

function findPointer(shape: Shape, path: Path): string | undefined {
  const [name, ...rest] = path
  if (name === undefined) return ''
  const options = shape.kind === 'union' ? shape.options : [shape]
  for (const option of options) {
    const field = fieldsOf(option).find((one) => one.name === name)
    const inside = field && findPointer(field.shape, rest)
    if (inside !== undefined) return `/${escapeStep(name)}${inside}`
    for (const element of elementsOf(option)) {
      const inElement = findPointer(element, name === '*' ? rest : path)
      if (inElement !== undefined) return `/*${inElement}`
    }
  }
  return undefined
}

function makeUpAt(shape: Shape, data: unknown, [step, ...rest]: Path, name: string): unknown {
  if (data === null || data === undefined) return data
  const options = shape.kind === 'union' ? shape.options.filter(({ kind }) => kind !== 'null') : [shape]
  if (step === undefined) return exampleOf(options[0]!, name)
  const inside = (value: unknown, member: string) => {
    const at = options.flatMap((option) => [
      ...fieldsOf(option).flatMap((field) => (field.name === member ? [field.shape] : [])),
      ...elementsOf(option),
    ])[0]
    return at === undefined ? value : makeUpAt(at, value, rest, step === '*' ? name : step)
  }
  if (Array.isArray(data)) return step === '*' ? data.map((element) => inside(element, '*')) : data
  if (typeof data !== 'object') return data
  return Object.fromEntries(
    Object.entries(data).map(([member, value]) => [
      member,
      step === '*' || step === member ? inside(value, member) : value,
    ]),
  )
}

function toPath(text: string): Path {
  if (!text.startsWith('/')) return text.split('.')
  return text
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** A name as a step of a JSON Pointer. */
export function escapeStep(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
