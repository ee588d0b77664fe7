import { defineEvent } from '@sluice/events'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { describeDifference } from './describe-difference.ts'
import { schemaOf } from './json-schema.ts'

const definition = (data: z.ZodType, example: unknown) =>
  schemaOf(
    defineEvent({
      ...{ type: 'thing-done', version: 1, origin: 'producer', owner: 'tests', lanes: ['low'] },
      ...{ defaultPriority: 'low', data, key: () => 'k', example },
    } as never),
  )
const before = definition(
  z.strictObject({
    id: z.string().max(10),
    'a/b': z.int(),
    mail: z.email().optional(),
    items: z.array(z.strictObject({ sku: z.string() })),
    kind: z.enum(['a', 'b']),
  }),
  { id: 'i', 'a/b': 1, items: [], kind: 'a' },
)

test('every field and every keyword that changed is named, and nothing else', () => {
  const after = definition(
    z.strictObject({
      id: z.string().max(20),
      'a/b': z.int().optional(),
      items: z.array(z.strictObject({ sku: z.string(), count: z.int() })),
      kind: z.enum(['a', 'b', 'c']),
      note: z.string().optional(),
    }),
    { id: 'i', items: [], kind: 'a' },
  )
  expect(describeDifference(before, after)).toEqual([
    '/id: maxLength was 10, is 20',
    '/a~1b is optional now',
    '/mail is gone',
    '/items/*/count is new and required',
    '/kind: enum was ["a","b"], is ["a","b","c"]',
    '/note is new, optional',
  ])
})

test('the same schema differs in nothing, in whatever order it is written', () => {
  const { type, ...rest } = before as { type: unknown }
  expect(describeDifference(before, { ...rest, type })).toEqual([])
})

test('another kind of value is a change of its keywords', () => {
  expect(describeDifference({ type: 'array', items: { type: 'string' } }, { type: 'string' })).toEqual([
    '/: type was "array", is "string"',
    '/: items was {"type":"string"}, is not there',
  ])
})

test('a registered schema has no format, and says by a pattern what it can', () => {
  expect(JSON.stringify(before)).not.toContain('"format"')
  expect(before).toMatchObject({ title: 'thing-done', properties: { mail: { pattern: expect.any(String) } } })
})
