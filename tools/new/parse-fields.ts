import { RefusedError } from './errors.ts'
import { type Field, FORMATS, type ObjectShape, type Shape, VALUES } from './shape.ts'

/** What a field may be called in the flag `--fields`. */
const TYPES: Readonly<Record<string, Shape>> = {
  string: { kind: 'string' },
  int: { kind: 'int' },
  number: { kind: 'number' },
  boolean: { kind: 'boolean' },
  json: { kind: 'json' },
  null: { kind: 'null' },
  ...Object.fromEntries(Object.keys(FORMATS).map((format) => [format, { kind: 'string', format } as Shape])),
  ...Object.fromEntries(
    Object.keys(VALUES).map((name) => [name.toLowerCase(), { kind: 'value', name } as Shape]),
  ),
}

/** For the help and for errors. */
export const FIELD_TYPES = Object.keys(TYPES).join(', ')

/**
 * Reads `orderId:string,amount:money,note:string?,tags:string[],reason:late|lost`. A `?` after the type makes a field
 * optional, `[]` a list; words with `|` between them are an enum, `|null` may be null. A string whose name is `id` or ends
 * in `Id` is an identifier.
 * @throws RefusedError naming the field.
 */
export function parseFields(text: string): ObjectShape {
  const fields = text.split(',').map((part) => parseField(part.trim()))
  const twice = fields.find(({ name }, at) => fields.findIndex((other) => other.name === name) < at)
  if (twice) throw new RefusedError(`The field "${twice.name}" is named twice.`)
  return { kind: 'object', fields }
}

function parseField(text: string): Field {
  const at = text.indexOf(':')
  const name = text.slice(0, at).trim()
  const type = text.slice(at + 1).trim()
  if (at < 1 || name === '' || type === '') {
    throw new RefusedError(`"${text}" is no field. Write name:type, like orderId:string or note:string?.`)
  }
  const optional = type.endsWith('?')
  return { name, optional, shape: parseType(optional ? type.slice(0, -1) : type, name) }
}

function parseType(text: string, field: string): Shape {
  if (text.endsWith('[]')) return { kind: 'array', element: parseType(text.slice(0, -2), field) }
  const words = text.split('|').map((word) => word.trim())
  if (words.length === 1) return parseWord(text, field)
  const nullable = words.includes('null')
  const rest = words.filter((word) => word !== 'null')
  if (rest.some((word) => word === '')) throw new RefusedError(`The field "${field}" has an empty choice.`)
  const inner: Shape =
    rest.length === 1 ? parseWord(rest[0]!, field) : { kind: 'enum', values: [...new Set(rest)] }
  return nullable ? { kind: 'union', options: [inner, { kind: 'null' }] } : inner
}

function parseWord(word: string, field: string): Shape {
  if (!Object.hasOwn(TYPES, word)) {
    throw new RefusedError(
      `The field "${field}" is a "${word}", which there is not. There are ${FIELD_TYPES}; a|b|c for choices; [] for a list; ? for optional.`,
    )
  }
  const isId = word === 'string' && /^id$|Id$/.test(field)
  return isId ? { kind: 'value', name: 'Id' } : TYPES[word]!
}
