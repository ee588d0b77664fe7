import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { toSchema } from './check-shape.ts'
import { RefusedError } from './errors.ts'
import { readJsonSchema } from './read-json-schema.ts'
import { exampleOf, toZodSource } from './shape.ts'

const sourceOf = (schema: unknown) => toZodSource(readJsonSchema(schema))

describe('readJsonSchema', () => {
  it.each<[string, unknown, string]>([
    ['a string with bounds', { type: 'string', minLength: 1, maxLength: 9 }, 'z.string().min(1).max(9)'],
    ['a pattern', { type: 'string', pattern: '^a/\\d$' }, `z.string().regex(new RegExp('^a/\\\\d$', 'u'))`],
    ['a moment', { type: 'string', format: 'date-time' }, 'z.iso.datetime({ offset: true })'],
    ['a whole number', { type: 'integer', minimum: 0, maximum: 5 }, 'z.int().min(0).max(5)'],
    ['choices', { enum: ['a', 'b', null] }, "z.enum(['a', 'b']).nullable()"],
    ['a constant', { const: 3 }, 'z.literal(3)'],
    ['several types', { type: ['string', 'null'], maxLength: 3 }, 'z.string().max(3).nullable()'],
    [
      'one of several',
      { oneOf: [{ type: 'integer' }, { type: 'boolean' }] },
      'z.union([z.int(), z.boolean()])',
    ],
    ['a list', { type: 'array', items: { type: 'number' }, minItems: 2 }, 'z.array(z.number()).min(2)'],
    ['a map', { type: 'object', additionalProperties: { type: 'integer' } }, 'z.record(z.string(), z.int())'],
    ['anything', {}, 'z.json()'],
    [
      'a schema without a type',
      { properties: { a: { type: 'null' } } },
      'z.strictObject({a: z.null().optional(),})',
    ],
    [
      'a reference, with what it is required for',
      {
        type: 'object',
        required: ['a'],
        properties: { a: { $ref: '#/$defs/a~1b' } },
        $defs: { 'a/b': { type: 'boolean' } },
      },
      'z.strictObject({a: z.boolean(),})',
    ],
  ])('reads %s', (_what, schema, source) => {
    expect(sourceOf(schema)).toBe(source)
  })

  it.each<[string, unknown, RegExp]>([
    [
      'a keyword that it would lose',
      { type: 'object', properties: { a: { type: 'array', uniqueItems: true } } },
      /#\/properties\/a: the keyword "uniqueItems"/,
    ],
    ['a keyword beside a reference', { $ref: '#', minimum: 3 }, /"minimum"/],
    [
      'a type that contains itself',
      { type: 'object', properties: { child: { $ref: '#' } } },
      /contains itself/,
    ],
    ['a reference to elsewhere', { $ref: 'https://example.com/a.json' }, /same file/],
    ['a reference to nothing', { $ref: '#/$defs/toString' }, /there is no #\/\$defs\/toString/],
    ['a format that it does not know', { type: 'string', format: 'ipv4' }, /"ipv4" is not known/],
    ['a pattern that is none', { type: 'string', pattern: '(' }, /no regular expression/],
    ['a type that there is not', { type: 'text' }, /no type "text"/],
    [
      'named and unnamed members together',
      { properties: { a: true }, additionalProperties: { type: 'string' } },
      /cannot be told apart/,
    ],
    [
      'a required member that is not described',
      { properties: {}, required: ['a'], type: 'object' },
      /"a" is required/,
    ],
    ['no schema', 7, /no schema/],
  ])('refuses %s, and says where', (_what, schema, message) => {
    expect(() => sourceOf(schema)).toThrow(RefusedError)
    expect(() => sourceOf(schema)).toThrow(message)
  })

  it('comes back as it went, from a zod schema by its JSON Schema', () => {
    const schema = z.strictObject({
      id: z.string().min(1).max(128),
      at: z.iso.date(),
      state: z.enum(['open', 'closed']),
      tags: z.array(z.string()).max(3),
      note: z.string().nullable().optional(),
      counts: z.record(z.string(), z.number()),
    })
    const { pattern: _, ...at } = z.toJSONSchema(schema.shape.at) as Record<string, unknown>
    const json = z.toJSONSchema(schema, {
      override: ({ jsonSchema }) => {
        delete jsonSchema.propertyNames
        if (jsonSchema.format === 'date') Object.assign(jsonSchema, at) && delete jsonSchema.pattern
      },
    })
    const again = toSchema(readJsonSchema(json))
    const example = exampleOf(readJsonSchema(json))
    expect(schema.safeParse(example).success).toBe(true)
    expect(z.toJSONSchema(again)).toEqual(z.toJSONSchema(schema))
  })
})
