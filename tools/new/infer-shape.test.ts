import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { checkShape, toSchema } from './check-shape.ts'
import { RefusedError } from './errors.ts'
import { inferShape } from './infer-shape.ts'
import { dataSource, toZodSource } from './shape.ts'

const sourceOf = (...samples: unknown[]) => toZodSource(inferShape(samples))

describe('inferShape', () => {
  it.each<[string, unknown[], string]>([
    ['text', ['a', 'b c'], 'z.string()'],
    [
      'moments',
      ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.123+02:00'],
      'z.iso.datetime({ offset: true })',
    ],
    ['days', ['2026-01-02', '2024-02-29'], 'z.iso.date()'],
    ['a day that there is not', ['2026-02-30'], 'z.string()'],
    ['moments and text', ['2026-01-02T03:04:05Z', 'soon'], 'z.string()'],
    ['e-mail addresses', ['ada@example.com'], 'z.email()'],
    ['URLs', ['https://example.com/a?b', 'git://example.com/x.git'], 'z.url()'],
    ['what zod alone would call a URL', ['note:this'], 'z.string()'],
    ['UUIDs', ['0198f3b2-5a1c-7c3e-9b1d-2f4a6c8e0d12'], 'z.uuid()'],
    ['whole numbers', [1, -2, 2 ** 53 - 1], 'z.int()'],
    ['a number too large to be exact', [2 ** 53], 'z.number()'],
    ['numbers', [1, 2.5], 'z.number()'],
    ['truth', [true, false], 'z.boolean()'],
    ['text or nothing', ['a', null], 'z.string().nullable()'],
    [
      'a number or a moment',
      [1, '2026-01-02T03:04:05Z'],
      'z.union([z.iso.datetime({ offset: true }), z.int()])',
    ],
    ['nothing ever', [null, null], 'z.json(/* only null was seen */)'],
    ['an array that is always empty', [[], []], 'z.array(z.json(/* no element was seen */))'],
    ['arrays', [['a'], [], ['b']], 'z.array(z.string())'],
    ['a map by number', [{ 1: 'a', 22: 'b' }, { 3: 'c' }], 'z.record(z.string(), z.string())'],
    ['no object at all', [{}], 'z.strictObject({})'],
  ])('sees %s', (_what, samples, source) => {
    expect(sourceOf(...samples)).toBe(source)
  })

  it('sees fields that may be absent, in objects inside of arrays', () => {
    expect(sourceOf({ items: [{ sku: 'a', note: 'x' }, { sku: 'b' }] })).toBe(
      'z.strictObject({items: z.array(z.strictObject({sku: z.string(),\nnote: z.string().optional(),})),})',
    )
  })

  it('quotes names that are no identifiers', () => {
    expect(sourceOf({ '+1': 1, $ref: 2, 'full name': 3, 'it\'s "so"': 4, 'a\nb': 5, grüße: 6 })).toBe(
      `z.strictObject({'+1': z.int(),\n$ref: z.int(),\n'full name': z.int(),\n'it\\'s "so"': z.int(),\n'a\\nb': z.int(),\n'grüße': z.int(),})`,
    )
  })

  it('takes words for an enum when each was seen often, and texts never', () => {
    const often = (...words: string[]) => words.flatMap((word) => [word, word, word, word])
    expect(sourceOf(...often('open', 'closed'))).toBe("z.enum(['closed', 'open'])")
    expect(sourceOf('open', 'closed', 'open')).toBe('z.string()')
    expect(sourceOf(...often('open'))).toBe('z.string()')
    expect(sourceOf(...often('Ada Lovelace', 'Grace Hopper'))).toBe('z.string()')
    expect(sourceOf(...often(...'abcdefghi'))).toBe('z.string()')
  })

  it('makes a schema that takes every sample, or it is refused with a reason', () => {
    const word = fc.constantFrom(
      'open',
      'closed',
      'a@b.de',
      '2026-01-02',
      '2026-01-02T03:04:05Z',
      'https://a.b',
      'id',
    )
    const name = fc.oneof(
      { weight: 100, arbitrary: word },
      { weight: 100, arbitrary: fc.string({ maxLength: 3, unit: 'grapheme' }) },
      { weight: 25, arbitrary: fc.constantFrom('+1', '$ref', '1', '22') },
      { weight: 1, arbitrary: fc.constantFrom('toString', 'constructor', '\ud800') },
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.oneof(
          word,
          fc.string({ unit: 'binary' }),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.integer(),
          fc.boolean(),
          fc.constant(null),
        ),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(name, tie('value'), { maxKeys: 4 }),
      ),
    }))
    const sample = fc.dictionary(name, value, { minKeys: 1, maxKeys: 5 })
    let taken = 0
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 6 }), (samples) => {
        const plain: unknown[] = JSON.parse(JSON.stringify(samples))
        const shape = inferShape(plain)
        try {
          checkShape(shape)
        } catch (error) {
          expect(error).toBeInstanceOf(RefusedError)
          return
        }
        taken += 1
        const schema = toSchema(shape)
        const fast = z.compile(schema)
        for (const one of plain) {
          expect(schema.safeParse(one).error?.issues).toBeUndefined()
          expect(fast.validate(one)).toBe(true)
          expect(new Function(`return ${dataSource(one)}`)()).toEqual(one)
        }
        const more = { ...(plain[0] as object), 'a field that no sample has': 1 }
        expect(schema.safeParse(more).success).toBe(false)
      }),
      { numRuns: 100 },
    )
    expect(taken).toBeGreaterThan(50)
  })
})
