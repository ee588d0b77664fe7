import { defineEvent, type JsonSchema, jsonSchemaOf } from '@sluice/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { toSchema } from '../new/check-shape.ts'
import type { Shape } from '../new/shape.ts'
import { findRefusals } from './find-refusals.ts'

const text = z.string()
const schemaOf = (data: z.ZodType): JsonSchema => jsonSchemaOf({ type: 'test-made', version: 1, data })
const object = (field: z.ZodType) => schemaOf(z.strictObject({ field }))
/** What a reader of the second schema refuses of data of the first. */
const refusals = (writer: JsonSchema, reader: JsonSchema, unknown: 'refused' | 'kept' = 'refused') =>
  findRefusals(reader, writer, unknown).map(({ pointer, kind }) => `${kind} ${pointer}`)

describe('a reader refuses', () => {
  it.each<[string, z.ZodType, z.ZodType, string]>([
    ['a shorter string', text.max(128), text.max(64), 'bound /field'],
    ['a bound where there was none', text, text.max(64), 'bound /field'],
    ['no empty string', text, text.min(1), 'bound /field'],
    ['a smaller number', z.number().max(10), z.number().max(9), 'bound /field'],
    ['a number that may not be its bound', z.number().min(1), z.number().gt(1), 'bound /field'],
    ['fewer elements', z.array(text).max(5), z.array(text).max(4), 'bound /field'],
    ['an integer for a number', z.number(), z.int(), 'type /field'],
    ['another type', text, z.boolean(), 'type /field'],
    ['null no more', text.nullable(), text, 'type /field'],
    ['anything no more', z.unknown(), text, 'type /field'],
    ['a value of an enumeration', z.enum(['a', 'b']), z.enum(['a']), 'value /field'],
    ['an enumeration for a string', text, z.enum(['a']), 'type /field'],
    ['a value that is too long', z.enum(['a', 'bb']), text.max(1), 'value /field'],
    ['another literal', z.literal(1), z.literal(2), 'value /field'],
    ['another pattern', text.regex(/^a/), text.regex(/^b/), 'pattern /field'],
    ['a format', text, z.email(), 'pattern /field'],
    ['other steps', z.number().multipleOf(2), z.number().multipleOf(3), 'pattern /field'],
    ['an alternative', z.union([text, z.int()]), z.union([text, z.boolean()]), 'type /field'],
    ['the values of a map', z.record(text, z.number()), z.record(text, z.int()), 'type /field/*'],
    ['the names of a map', z.record(text, text), z.record(z.string().max(3), text), 'bound /field/*'],
    ['what is in an array', z.array(text), z.array(text.max(1)), 'bound /field/*'],
    ['a tuple that differs', z.tuple([text, text]), z.tuple([text, z.int()]), 'not-compared /field'],
    [
      'an intersection that differs',
      z.intersection(text, text.max(3)),
      z.intersection(text, text.max(2)),
      'not-compared /field',
    ],
  ])('%s', (_what, before, after, expected) => {
    expect(refusals(object(before), object(after))).toContain(expected)
    expect(refusals(object(before), object(before))).toEqual([])
    expect(refusals(object(after), object(after))).toEqual([])
  })

  it('a field that it does not know, and keeps it where it is told to', () => {
    const before = schemaOf(z.strictObject({ a: text, 'b/c': text.optional() }))
    const after = schemaOf(z.strictObject({ a: text }))
    expect(refusals(before, after)).toEqual(['unknown-field /b~1c'])
    expect(refusals(before, after, 'kept')).toEqual([])
  })

  it('data without a field that it requires, new or old', () => {
    const before = schemaOf(z.strictObject({ a: text.optional() }))
    expect(refusals(before, schemaOf(z.strictObject({ a: text })))).toEqual(['required /a'])
    expect(refusals(before, schemaOf(z.strictObject({ a: text.optional(), b: text })))).toEqual([
      'required /b',
    ])
  })

  it('what is deep inside, and says where', () => {
    const list = (size: number) => object(z.array(z.strictObject({ inner: z.record(text, text.max(size)) })))
    expect(refusals(list(4), list(3))).toEqual(['bound /field/*/inner/*'])
  })

  it('an option of a discriminated union, by what is inside', () => {
    const card = (size: number) => z.strictObject({ by: z.literal('card'), number: text.max(size) })
    const cash = z.strictObject({ by: z.literal('cash') })
    const paid = (options: [z.ZodObject, ...z.ZodObject[]]) => object(z.discriminatedUnion('by', options))
    expect(refusals(paid([card(9), cash]), paid([card(9), cash]))).toEqual([])
    expect(refusals(paid([cash]), paid([cash, card(9)]))).toEqual([])
    expect(refusals(paid([card(9), cash]), paid([card(8), cash]))).not.toEqual([])
    expect(refusals(paid([card(9), cash]), paid([cash]))).not.toEqual([])
  })
})

describe('a reader takes', () => {
  it.each<[string, z.ZodType, z.ZodType]>([
    ['more', text.max(64), text.max(128)],
    ['an integer as a number', z.int(), z.number()],
    ['a bound that is reached by neither', z.number().gt(1), z.number().min(1)],
    ['a further value', z.enum(['a']), z.enum(['a', 'b'])],
    ['an enumeration as a string', z.enum(['a', 'bb']), text.max(2)],
    ['null, too', text, text.nullable()],
    ['a further alternative', text, z.union([z.int(), text])],
    ['anything', z.strictObject({ a: text }), z.json()],
    ['a pattern no more', text.regex(/^a/), text],
    ['any name', z.record(z.enum(['a', 'b']), text), z.record(text, text)],
  ])('%s', (_what, before, after) => {
    expect(refusals(object(before), object(after))).toEqual([])
    expect(refusals(object(after), object(before))).not.toEqual([])
  })

  it('another wording of the same data', () => {
    expect(refusals(object(z.literal('a')), object(z.enum(['a'])))).toEqual([])
    expect(refusals(object(z.enum(['a', 'b'])), object(z.union([z.literal('b'), z.literal('a')])))).toEqual(
      [],
    )
    expect(refusals(object(text.describe('old')), object(text.describe('new').meta({ title: 'x' })))).toEqual(
      [],
    )
  })

  it('a schema that contains itself, and refuses where it differs inside', () => {
    const tree = (name: z.ZodType) => {
      const node = z.strictObject({
        name,
        get children() {
          return z.array(z.union([z.null(), node]))
        },
      })
      return object(node)
    }
    expect(refusals(tree(text.max(3)), tree(text.max(3)))).toEqual([])
    expect(refusals(tree(text.max(3)), tree(text.max(4)))).toEqual([])
    expect(refusals(tree(text.max(4)), tree(text.max(3)))).toContain('bound /field/name')
  })
})

describe('whatever two schemas are', () => {
  it('data of the one fits the other where nothing is refused', () => {
    let compatible = 0
    fc.assert(
      fc.property(pairOfShapes, fc.gen(), ([before, after], draw) => {
        const [writer, reader] = [toSchema(before), toSchema(after)]
        if (findRefusals(schemaOf(reader), schemaOf(writer), 'refused').length > 0) return
        if (JSON.stringify(before) !== JSON.stringify(after)) compatible++
        for (const data of draw(fiveOf, before)) expect(reader.safeParse(data).error).toBeUndefined()
      }),
      { numRuns: 500 },
    )
    expect(compatible).toBeGreaterThan(50)
  })

  it('a consumer takes data of the other where nothing is refused but unknown fields', () => {
    let compatible = 0
    fc.assert(
      fc.property(pairOfShapes, fc.gen(), ([before, after], draw) => {
        const [writer, reader] = [toSchema(before), toSchema(after)]
        if (findRefusals(schemaOf(reader), schemaOf(writer), 'kept').length > 0) return
        if (JSON.stringify(before) !== JSON.stringify(after)) compatible++
        const definition = defineEvent({
          type: 'test-made',
          version: 1,
          origin: 'producer',
          owner: 'tests',
          data: reader,
          key: () => 'k',
          lanes: ['normal'],
          defaultPriority: 'normal',
          example: draw(dataOf, after),
        })
        for (const data of draw(fiveOf, before)) expect(definition.validateStored(data)).toBeUndefined()
      }),
      { numRuns: 500 },
    )
    expect(compatible).toBeGreaterThan(50)
  })

  it('each fits itself', () => {
    fc.assert(
      fc.property(shape(3), (one) => {
        const schema = schemaOf(toSchema(one))
        expect(findRefusals(schema, schema, 'refused')).toEqual([])
      }),
    )
  })
})

const small = fc.nat(3)
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })

/** With bounds near each other, so that two of them are often comparable. */
function shape(depth: number): fc.Arbitrary<Shape> {
  const bounds = fc.tuple(optional(small), optional(fc.integer({ min: 3, max: 6 }))).map(([min, max]) => ({
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  }))
  const leaf = fc.oneof(
    bounds.map((given): Shape => ({ kind: 'string', ...given })),
    fc
      .record({ kind: fc.constantFrom('int' as const, 'number' as const), of: bounds })
      .map(({ kind, of }): Shape => ({ kind, ...of })),
    fc.constantFrom<Shape>({ kind: 'boolean' }, { kind: 'null' }, { kind: 'json' }),
    fc.subarray(['a', 'b', 'abcd'], { minLength: 1 }).map((values): Shape => ({ kind: 'enum', values })),
    fc
      .constantFrom<string | number | boolean>('a', 1, true)
      .map((value): Shape => ({ kind: 'literal', value })),
  )
  if (depth === 0) return leaf
  const inner = shape(depth - 1)
  const fields = fc
    .subarray(['p', 'q', 'r'])
    .chain((names) =>
      fc.tuple(
        ...names.map((name) => fc.record({ name: fc.constant(name), shape: inner, optional: fc.boolean() })),
      ),
    )
  return fc.oneof(
    leaf,
    fc
      .record({ element: inner, of: bounds })
      .map(({ element, of }): Shape => ({ kind: 'array', element, ...of })),
    fields.map((some): Shape => ({ kind: 'object', fields: some })),
    inner.map((value): Shape => ({ kind: 'record', value })),
    fc.array(inner, { minLength: 2, maxLength: 3 }).map((options): Shape => ({ kind: 'union', options })),
  )
}

/** One, and another one or what a few changes make of it. */
const pairOfShapes: fc.Arbitrary<[Shape, Shape]> = shape(2).chain((one) =>
  fc.tuple(fc.constant(one), fc.oneof({ weight: 4, arbitrary: changed(one) }, shape(2))),
)

function changed(one: Shape): fc.Arbitrary<Shape> {
  const same = fc.constant(one)
  const wider = fc.integer({ min: -1, max: 2 })
  switch (one.kind) {
    case 'string':
    case 'int':
    case 'number':
      return fc.oneof(
        same,
        fc.tuple(wider, wider).map(([low, high]) => ({
          ...one,
          ...(one.min !== undefined && { min: Math.max(0, one.min - low) }),
          ...(one.max !== undefined && { max: one.max + high }),
        })),
        same.map((shape): Shape => ({ kind: 'union', options: [shape, { kind: 'boolean' }] })),
      )
    case 'array':
      return changed(one.element).map((element) => ({ ...one, element }))
    case 'record':
      return changed(one.value).map((value) => ({ ...one, value }))
    case 'union':
      return fc.tuple(...one.options.map(changed)).map((options) => ({ ...one, options }))
    case 'object': {
      const fields = fc.tuple(
        ...one.fields.map((field) =>
          fc.tuple(changed(field.shape), fc.boolean()).map(([inside, flips]) => ({
            ...field,
            shape: inside,
            optional: flips || field.optional,
          })),
        ),
      )
      const added = fc.option(shape(1), { nil: undefined })
      return fc.tuple(fields, added).map(([kept, more]) => ({
        ...one,
        fields: more ? [...kept, { name: 'new', shape: more, optional: true }] : kept,
      }))
    }
    default:
      return fc.oneof(same, shape(0))
  }
}

const fiveOf = (one: Shape) => fc.array(dataOf(one), { minLength: 5, maxLength: 5 })

/** JSON without a member `__proto__`: what zod parses lacks it, so no definition takes it as its example. */
const json = fc.jsonValue({ maxDepth: 1 }).filter((value) => !JSON.stringify(value).includes('"__proto__":'))

/** Valid data of a shape, often on its bounds. */
function dataOf(one: Shape): fc.Arbitrary<unknown> {
  switch (one.kind) {
    case 'string': {
      const { min = 0, max = Math.max(min, 9) } = one
      return fc.string({ minLength: min, maxLength: Math.max(min, max), unit: 'binary-ascii' })
    }
    case 'int':
    case 'number': {
      const { min = -9, max = 9 } = one
      return one.kind === 'int'
        ? fc.integer({ min, max: Math.max(min, max) })
        : fc.double({ min, max: Math.max(min, max), noNaN: true })
    }
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'json':
      return json
    case 'enum':
      return fc.constantFrom(...one.values)
    case 'literal':
      return fc.constant(one.value)
    case 'array': {
      const { min = 0, max = Math.max(min, 4) } = one
      return fc.array(dataOf(one.element), { minLength: min, maxLength: Math.max(min, max) })
    }
    case 'object': {
      const required = one.fields.filter(({ optional }) => !optional).map(({ name }) => name)
      const fields = Object.fromEntries(one.fields.map((field) => [field.name, dataOf(field.shape)]))
      return fc.record(fields, { requiredKeys: required, noNullPrototype: true })
    }
    case 'record':
      return fc.dictionary(fc.constantFrom('x', 'new', 'p'), dataOf(one.value), { noNullPrototype: true })
    case 'union':
      return fc.oneof(...one.options.map(dataOf))
    case 'value':
      throw new Error('No such shape is made here.')
  }
}
