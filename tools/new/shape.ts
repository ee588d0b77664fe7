/** What data may look like, between where it was told (fields, samples, a JSON Schema) and the zod that is written. */
export type Shape =
  | {
      readonly kind: 'string'
      readonly format?: StringFormat
      readonly min?: number
      readonly max?: number
      readonly pattern?: string
    }
  | { readonly kind: 'int' | 'number'; readonly min?: number; readonly max?: number }
  | { readonly kind: 'boolean' | 'null' }
  /** Anything that JSON can say; `why` is written beside it. */
  | { readonly kind: 'json'; readonly why?: string }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  | { readonly kind: 'array'; readonly element: Shape; readonly min?: number; readonly max?: number }
  | { readonly kind: 'object'; readonly fields: readonly Field[] }
  /** An object whose names are data. */
  | { readonly kind: 'record'; readonly value: Shape }
  | { readonly kind: 'union'; readonly options: readonly Shape[] }
  /** One of `definitions/values.ts`. */
  | { readonly kind: 'value'; readonly name: ValueName }

export type ObjectShape = Extract<Shape, { kind: 'object' }>
export type Field = { readonly name: string; readonly shape: Shape; readonly optional: boolean }
export type StringFormat = keyof typeof FORMATS
export type ValueName = keyof typeof VALUES

/** How zod spells a format, and an example of it. */
export const FORMATS = {
  datetime: { zod: 'z.iso.datetime({ offset: true })', example: '2026-01-02T03:04:05Z' },
  date: { zod: 'z.iso.date()', example: '2026-01-02' },
  email: { zod: 'z.email()', example: 'ada@example.com' },
  url: { zod: 'z.url()', example: 'https://example.com/' },
  uuid: { zod: 'z.uuid()', example: '0198f3b2-5a1c-7c3e-9b1d-2f4a6c8e0d12' },
} as const

/** The values that definitions share, and an example of each. */
export const VALUES = {
  Id: 'a-1',
  Money: { amount: 4990, currency: 'EUR' },
  Customer: { id: 'c-7', email: 'ada@example.com' },
  Item: { sku: 'tea-green', quantity: 2 },
} as const

/**
 * The zod source of a shape, with names of `values.ts` where it uses them. Objects are strict. Not laid out: the
 * formatter does that.
 */
export function toZodSource(shape: Shape): string {
  switch (shape.kind) {
    case 'string':
      return stringSource(shape)
    case 'int':
    case 'number':
      return `z.${shape.kind}()${boundsSource(shape)}`
    case 'boolean':
      return 'z.boolean()'
    case 'null':
      return 'z.null()'
    case 'json':
      return shape.why === undefined ? 'z.json()' : `z.json(/* ${shape.why} */)`
    case 'enum':
      return `z.enum([${shape.values.map(quote).join(', ')}])`
    case 'literal':
      return `z.literal(${typeof shape.value === 'string' ? quote(shape.value) : shape.value})`
    case 'array':
      return `z.array(${toZodSource(shape.element)})${boundsSource(shape)}`
    case 'object':
      return `z.strictObject({${shape.fields.map((field) => `${nameSource(field.name)}: ${fieldSource(field)},`).join('\n')}})`
    case 'record':
      return `z.record(z.string(), ${toZodSource(shape.value)})`
    case 'union':
      return unionSource(shape.options)
    case 'value':
      return shape.name
  }
}

/** The values of `values.ts` that a shape uses, in order of the alphabet. */
export function valuesIn(shape: Shape): ValueName[] {
  const found = new Set<ValueName>()
  const visit = (part: Shape): void => {
    if (part.kind === 'value') found.add(part.name)
    for (const child of childrenOf(part)) visit(child)
  }
  visit(shape)
  return [...found].sort()
}

/** The shapes directly inside a shape. */
export function childrenOf(shape: Shape): readonly Shape[] {
  if (shape.kind === 'array') return [shape.element]
  if (shape.kind === 'record') return [shape.value]
  if (shape.kind === 'union') return shape.options
  return shape.kind === 'object' ? shape.fields.map((field) => field.shape) : []
}

/**
 * Data of a shape, the same each time. Valid but where a `pattern` asks for more than this knows; whoever uses it checks.
 * @param name of the field, for identifiers that read well: `orderId` → `order-1`
 */
export function exampleOf(shape: Shape, name = 'x'): unknown {
  switch (shape.kind) {
    case 'string':
      return stringExample(shape, name)
    case 'int':
    case 'number':
      return shape.min ?? Math.min(1, shape.max ?? 1)
    case 'boolean':
      return true
    case 'null':
    case 'json':
      return null
    case 'enum':
      return shape.values[0]
    case 'literal':
      return shape.value
    case 'array':
      return Array.from({ length: Math.max(1, shape.min ?? 0) }, () => exampleOf(shape.element, name))
    case 'object':
      // Without those that may be absent, as the least that is valid; not by assignment, for odd names.
      return Object.fromEntries(
        shape.fields
          .filter(({ optional }) => !optional)
          .map((field) => [field.name, exampleOf(field.shape, field.name)]),
      )
    case 'record':
      return {}
    case 'union':
      return exampleOf(shape.options[0]!, name)
    case 'value':
      return shape.name === 'Id'
        ? `${toWords(name.replace(/_?id$/i, '')) || 'a'}-1`
        : structuredClone(VALUES[shape.name])
  }
}

/** A name as TypeScript writes it in an object. */
export function nameSource(name: string): string {
  return IDENTIFIER.test(name) ? name : quote(name)
}

/** The way to a field from an expression: `.customer.id`, `['full name']`. */
export function accessSource(names: readonly string[]): string {
  return names.map((name) => (IDENTIFIER.test(name) ? `.${name}` : `[${quote(name)}]`)).join('')
}

/** A string as TypeScript writes it. JSON's line separators are allowed in it since ES2019. */
export function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** JSON data as TypeScript writes it. `__proto__` is no name that data of ours has. */
export function dataSource(data: unknown): string {
  if (typeof data === 'string') return quote(data)
  if (typeof data !== 'object' || data === null) return Object.is(data, -0) ? '-0' : String(data)
  if (Array.isArray(data)) return `[${data.map(dataSource).join(', ')}]`
  const members = Object.entries(data).map(([name, value]) => `${nameSource(name)}: ${dataSource(value)}`)
  return `{ ${members.join(', ')} }`
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

function fieldSource({ shape, optional }: Field): string {
  return optional ? `${toZodSource(shape)}.optional()` : toZodSource(shape)
}

function stringSource({ format, min, max, pattern }: Extract<Shape, { kind: 'string' }>): string {
  const base = format === undefined ? 'z.string()' : FORMATS[format].zod
  const regex = pattern === undefined ? '' : `.regex(new RegExp(${quote(pattern)}, 'u'))`
  return `${base}${boundsSource({ min, max })}${regex}`
}

function boundsSource({
  min,
  max,
}: {
  readonly min?: number | undefined
  readonly max?: number | undefined
}): string {
  return `${min === undefined ? '' : `.min(${min})`}${max === undefined ? '' : `.max(${max})`}`
}

function unionSource(options: readonly Shape[]): string {
  const rest = options.filter(({ kind }) => kind !== 'null')
  const inner = rest.length === 1 ? toZodSource(rest[0]!) : `z.union([${rest.map(toZodSource).join(', ')}])`
  return rest.length === options.length ? inner : `${inner}.nullable()`
}

function stringExample(
  { format, min = 0, max = 128 }: Extract<Shape, { kind: 'string' }>,
  name: string,
): string {
  if (format !== undefined) return FORMATS[format].example
  return (toWords(name) || 'x').padEnd(min, 'x').slice(0, max)
}

function toWords(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}
