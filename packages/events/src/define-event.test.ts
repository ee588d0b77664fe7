import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineEvent, type EventSpec } from './define-event.ts'
import type { Event } from './envelope.ts'

const parcelSent = {
  type: 'parcel-sent',
  version: 1,
  origin: 'producer',
  owner: 'logistics',
  data: z.strictObject({ parcelId: z.string(), grams: z.int().min(1) }),
  key: (data: { parcelId: string }) => data.parcelId,
  lanes: ['high', 'normal'],
  defaultPriority: 'normal',
  example: { parcelId: 'p-1', grams: 250 },
} as const

/** Definitions that lie on purpose are beyond the types; the checks are there for exactly these. */
const define = (changes: object) => defineEvent({ ...parcelSent, ...changes } as EventSpec<z.ZodType>)
const ofData = (data: z.ZodType, example: unknown) => define({ data, example, key: () => 'k' })

describe('defineEvent refuses', () => {
  it.each([
    ['a name in camel case', { type: 'parcelSent' }, /kebab-case/],
    ['an empty name', { type: '' }, /kebab-case/],
    ['a name with a dot, which would read as a part of a topic', { type: 'parcel.sent' }, /kebab-case/],
    ['a name that begins with a digit', { type: '3-parcels-sent' }, /kebab-case/],
    ['a name with a line break after it', { type: 'parcel-sent\n' }, /kebab-case/],
    ['a name that is too long for a topic', { type: 'x'.repeat(101) }, /at most 100/],
    ['version 0', { version: 0 }, /version/],
    ['half a version', { version: 1.5 }, /version/],
    ['no lanes', { lanes: [] }, /lanes must be some of high, normal, low/],
    ['an unknown lane', { lanes: ['normal', 'express'] }, /lanes must be some of/],
    ['a lane twice', { lanes: ['normal', 'normal'] }, /named twice/],
    ['a default priority that it has no lane for', { defaultPriority: 'low' }, /defaultPriority/],
    [
      'a share for a lane that it has not',
      { laneShares: { low: { weight: 1, maxWaitMs: 10 } } },
      /laneShares/,
    ],
    [
      'a weight of nothing',
      { laneShares: { high: { weight: 0, maxWaitMs: 10 } } },
      /weight of the lane high/,
    ],
    [
      'a wait without end',
      { laneShares: { high: { weight: 1, maxWaitMs: NaN } } },
      /maxWaitMs of the lane high/,
    ],
    ['delays without a use', { retryDelays: ['5s'] }, /need retry: 'unordered'/],
    ['no delays', { retry: 'unordered', retryDelays: [] }, /at least one/],
    ['a delay that is none', { retry: 'unordered', retryDelays: ['soon'] }, /like 500ms/],
    [
      'delays that do not grow',
      { retry: 'unordered', retryDelays: ['1m', '60s'] },
      /longer than the one before/,
    ],
    ['retention of no day', { retentionDays: 0 }, /retentionDays/],
    ['retention of half a day', { retentionDays: 0.5 }, /retentionDays/],
    ['a pii that is no pointer', { pii: ['customer.email'] }, /no JSON Pointer/],
    ['a pii of everything', { pii: [''] }, /no JSON Pointer/],
    ['an example that is not valid', { example: { parcelId: 'p-1', grams: 0 } }, /example is not valid/],
    [
      'an example with an unknown field',
      { example: { ...parcelSent.example, x: 1 } },
      /example is not valid/,
    ],
  ])('%s', (_what, changes, message) => {
    expect(() => define(changes)).toThrow(TypeError)
    expect(() => define(changes)).toThrow(message)
  })

  it('a schema that transforms', () => {
    const data = z.strictObject({ name: z.string().transform((name) => name.length) })
    expect(() => ofData(data, { name: 'x' })).toThrow(/do not transform/)
  })

  it('a schema that coerces', () => {
    const data = z.strictObject({ count: z.coerce.number() })
    expect(() => ofData(data, { count: '3' })).toThrow(/do not transform, coerce/)
  })

  it('a schema that adds a default', () => {
    const data = z.strictObject({ colour: z.string().default('green') })
    expect(() => ofData(data, {})).toThrow(/coerce or default/)
  })

  it('and names the definition, so that the developer finds it', () => {
    expect(() => define({ version: -1 })).toThrow(/Event definition "parcel-sent"/)
  })
})

const Tree = z.strictObject({
  get children(): z.ZodType {
    return z.array(Tree)
  },
})

describe('a definition', () => {
  const definition = defineEvent(parcelSent)

  it('is retried in place unless it says otherwise, and then after some delays', () => {
    expect(definition).toMatchObject({ retry: 'ordered', retryDelays: [] })
    expect(define({ retry: 'unordered' })).toMatchObject({ retryDelays: ['5s', '1m', '10m'] })
    expect(define({ retry: 'unordered', retryDelays: ['1s'] })).toMatchObject({ retryDelays: ['1s'] })
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(definition)).toBe(true)
  })

  it('makes outputs that carry their cause', () => {
    const cause = { id: 'e-1' } as Event
    const output = definition.from(cause, parcelSent.example, { subject: 'p-1' })
    expect(output).toEqual({ definition, cause, data: parcelSent.example, subject: 'p-1' })
    expect(definition.from(cause, parcelSent.example)).not.toHaveProperty('subject')
  })
})

describe('validate', () => {
  const definition = defineEvent(parcelSent)

  it('has nothing to say about valid data', () => {
    expect(definition.validate({ parcelId: 'p-1', grams: 1 })).toBeUndefined()
  })

  it('names every wrong field at once', () => {
    expect(definition.validate({ grams: 0 })?.map((error) => error.pointer)).toEqual(['/parcelId', '/grams'])
  })

  it('names each unknown field by itself', () => {
    expect(definition.validate({ parcelId: 'p-1', grams: 1, colour: 'red', size: 2 })).toEqual([
      { pointer: '/colour', detail: 'This field is not known.' },
      { pointer: '/size', detail: 'This field is not known.' },
    ])
  })

  it.each([undefined, null, 'text', 7, [], [parcelSent.example]])('points at the whole for %j', (data) => {
    expect(definition.validate(data)?.map((error) => error.pointer)).toEqual([''])
  })

  it.each([
    [
      'a rule across fields',
      z.strictObject({ from: z.int(), to: z.int() }).refine(({ from, to }) => from <= to),
    ],
    ['a getter that refers to itself', Tree],
  ])('judges by the schema where it has %s, too', (_what, schema) => {
    const [good, bad] =
      schema === Tree
        ? [{ children: [] }, { children: [{}] }]
        : [
            { from: 1, to: 2 },
            { from: 2, to: 1 },
          ]
    const definition = ofData(schema, good)
    expect(definition.validate(good)).toBeUndefined()
    expect(definition.validate(bad)).toHaveLength(1)
    expect(definition.validateStored(bad)).toHaveLength(1)
  })

  it('points into lists by index', () => {
    const list = ofData(z.strictObject({ lines: z.array(z.strictObject({ sku: z.string() })) }), {
      lines: [],
    })
    expect(list.validate({ lines: [{ sku: 'a' }, { sku: 1 }] })?.[0]?.pointer).toBe('/lines/1/sku')
  })

  it('escapes pointers as RFC 6901 says, the tilde first', () => {
    const errors = definition.validate({ parcelId: 'p-1', grams: 1, 'a/b~c': 1, '~1': 2 })
    expect(errors?.map((error) => error.pointer)).toEqual(['/a~1b~0c', '/~01'])
  })
})

describe('validateStored', () => {
  const nested = ofData(
    z.strictObject({ parcel: z.strictObject({ lines: z.array(z.strictObject({ sku: z.string() })) }) }),
    { parcel: { lines: [] } },
  )

  it('keeps unknown fields at any depth', () => {
    const data = { added: 1, parcel: { added: 2, lines: [{ sku: 'a', added: 3 }] } }
    expect(nested.validate(data)).toHaveLength(3)
    expect(nested.validateStored(data)).toBeUndefined()
  })

  it('still reports what is wrong, and only that', () => {
    const data = { added: 1, parcel: { lines: [{ sku: 7 }] } }
    expect(nested.validateStored(data)?.map((error) => error.pointer)).toEqual(['/parcel/lines/0/sku'])
  })

  const Card = z.strictObject({ kind: z.literal('card'), last4: z.string() })
  const Cash = z.strictObject({ kind: z.literal('cash') })

  it.each([
    ['a union', z.union([Card, Cash])],
    ['a discriminated union', z.discriminatedUnion('kind', [Card, Cash])],
  ])('keeps unknown fields inside %s, and reports wrong ones', (_what, payment) => {
    const definition = ofData(z.strictObject({ payment }), { payment: { kind: 'cash' } })
    expect(definition.validate({ payment: { kind: 'cash', coins: 3 } })).toBeDefined()
    expect(definition.validateStored({ payment: { kind: 'cash', coins: 3 } })).toBeUndefined()
    expect(definition.validateStored({ payment: { kind: 'card', coins: 3 } })).toBeDefined()
    expect(definition.validateStored({ payment: { kind: 'card', last4: 4242, coins: 3 } })).toBeDefined()
  })

  it('keeps unknown fields in a union inside a union', () => {
    const inner = z.union([Card, Cash])
    const definition = ofData(z.strictObject({ payment: z.union([z.string(), inner]) }), { payment: 'none' })
    expect(definition.validateStored({ payment: { kind: 'cash', coins: 3 } })).toBeUndefined()
    expect(definition.validateStored({ payment: { kind: 'cheque' } })).toBeDefined()
  })

  it('keeps a field that is unknown to each of the alternatives it would fit', () => {
    const contact = z.union([z.strictObject({ email: z.string() }), z.strictObject({ phone: z.string() })])
    const definition = ofData(z.strictObject({ contact }), { contact: { phone: '1' } })
    expect(definition.validate({ contact: { email: 'a', phone: '1' } })).toBeDefined()
    expect(definition.validateStored({ contact: { email: 'a', phone: '1' } })).toBeUndefined()
  })

  it('does not let a rule across fields pass because there is an unknown field too', () => {
    const range = z.strictObject({ from: z.int(), to: z.int() }).refine(({ from, to }) => from <= to)
    const definition = ofData(range, { from: 1, to: 2 })
    expect(definition.validateStored({ from: 2, to: 1, added: true })).toHaveLength(1)
  })
})
