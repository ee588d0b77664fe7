import { Environment } from '@marcbachmann/cel-js'
import { jsonSchemaOf, orderPlaced, pageViewed, paymentFailed, shipmentDelayed } from '@sluice/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { compileCondition } from './compile.ts'
import { Failure } from './expression.ts'
import { inputOf } from './run-rule-tests.ts'
import { type ValueType, valueTypeOf } from './value-type.ts'

const typeOf = (definition: Parameters<typeof jsonSchemaOf>[0]) => valueTypeOf(jsonSchemaOf(definition))

function judge(when: string, data: unknown, type: ValueType, attributes = {}) {
  const verdict = compileCondition(when, type)(inputOf(data, attributes))
  return verdict instanceof Failure ? verdict.reason : verdict
}

const order = typeOf(orderPlaced)
const judgeOrder = (when: string, changes = {}) => judge(when, { ...orderPlaced.example, ...changes }, order)

describe('what a condition may look at', () => {
  it.each([
    ['data.total.amount >= 4990', true],
    ['data.total.amount > 4990', false],
    ['data.total.currency == "EUR" && data.customer.id != "c-8"', true],
    ['data["total"]["currency"] in ["EUR", "USD"]', true],
    ['size(data.items) == 1 && data.items.size() < 2', true],
    ['data.items[0].quantity * 2 + 1 == 5', true],
    ['data.items.exists(item, item.sku.startsWith("tea-"))', true],
    ['data.items.all(item, item.quantity > 2)', false],
    ['data.items.exists_one(item, item.quantity == 2)', true],
    ['data.items.filter(item, item.quantity > 1).map(item, item.sku)[0] == "tea-green"', true],
    ['data.customer.email.endsWith("@example.com") ? data.total.amount < 5000 : false', true],
    ['data.customer.email.matches("^[a-z]+@")', true],
    ['"TEA-GREEN".lowerAscii() == data.items[0].sku', true],
    ['-data.total.amount < 0 && !(data.total.amount == 0)', true],
    ['event.tenant == "default" && event.source.contains("default")', true],
    ['has(event.subject)', false],
    ['"tea-" + "green" in data.items.map(item, item.sku)', true],
  ])('%s is %s', (when, expected) => {
    expect(judgeOrder(when)).toBe(expected)
  })

  it('names of its own that data leaves open', () => {
    const type = valueTypeOf({
      type: 'object',
      properties: { labels: { type: 'object', additionalProperties: { type: 'string' } } },
      required: ['labels'],
    })
    const judgeLabels = (when: string, labels: object) => judge(when, { labels }, type)
    expect(judgeLabels('"plan" in data.labels && data.labels.plan == "team"', { plan: 'team' })).toBe(true)
    expect(judgeLabels('data.labels.exists(name, data.labels[name] == "team")', { x: 'team' })).toBe(true)
    expect(judgeLabels('"constructor" in data.labels', {})).toBe(false)
    expect(judgeLabels('data.labels.toString == "x"', {})).toBe('data.labels.toString is absent')
  })

  it('a value of several kinds, which is looked at when it is there', () => {
    const schema = z.toJSONSchema(z.strictObject({ value: z.union([z.string(), z.number()]) }))
    const judgeValue = (when: string, value: unknown) =>
      judge(when, { value }, valueTypeOf(schema as Parameters<typeof valueTypeOf>[0]))
    expect(judgeValue('data.value == 3', 3)).toBe(true)
    expect(judgeValue('data.value == "3"', 3)).toBe(false)
    expect(judgeValue('data.value > 2', 3)).toBe(true)
    expect(judgeValue('data.value > 2', 'x')).toBe('data.value is not a number')
  })
})

describe('a field that may be absent', () => {
  const type = typeOf(pageViewed)
  const withReferrer = { ...pageViewed.example, referrer: 'https://news.example/' }

  it('is asked for with has()', () => {
    const when = 'has(data.referrer) && data.referrer.contains("news")'
    expect(judge(when, withReferrer, type)).toBe(true)
    expect(judge(when, pageViewed.example, type)).toBe(false)
  })

  it('cannot be told where it is absent, unless the other side decides', () => {
    expect(judge('data.referrer == "x"', pageViewed.example, type)).toBe('data.referrer is absent')
    expect(judge('data.referrer == "x" || data.pageOfSession == 3', pageViewed.example, type)).toBe(true)
    expect(judge('data.referrer == "x" && data.pageOfSession == 4', pageViewed.example, type)).toBe(false)
    expect(judge('!(data.referrer == "x")', pageViewed.example, type)).toBe('data.referrer is absent')
  })
})

describe('mistakes are found when the rule is read', () => {
  it.each([
    ['data.totl.amount > 1', 5, '"data" has no field "totl". Did you mean "total"?'],
    ['data.total.amuont > 1', 11, '"data.total" has no field "amuont". Did you mean "amount"?'],
    ['has(data.totl)', 9, '"data" has no field "totl". Did you mean "total"?'],
    ['total.amount > 1', 0, 'There is no "total" here. Did you mean "data.total"?'],
    ['data.items.exists(item, item.skuu == "x")', 29, '"item" has no field "skuu". Did you mean "sku"?'],
    ['data.total.amount > "1"', 20, 'This is a string; a number is needed here.'],
    ['data.total.amount == "1"', 0, 'This compares a number with a string: they are never the same.'],
    ['data.total == 1', 0, '"data.total" is an object; compare what is in it.'],
    ['data.total.amount', 0, 'A condition is true or false; this is a number.'],
    ['data.total.amount && true', 0, 'This is a number; true or false is needed here.'],
    ['data.items.any(item, true)', 0, 'There is no function "any".'],
    ['data.customer.email.startWith("x")', 0, 'There is no function "startWith". Did you mean "startsWith"?'],
    ['is_bot("x")', 0, 'There is no function "is_bot". Did you mean "isBot"?'],
    [
      'data.customer.email.matches("(")',
      28,
      'This is no pattern of RE2: error parsing regexp: missing closing ): `(`.',
    ],
    [
      'data.customer.email.matches(data.orderId)',
      28,
      'A pattern is a string in the rule itself, not a value.',
    ],
    ['{"a": 1}.size() == 1', 1, 'Exceeded maxMapEntries (0).'],
    ['data.total.amount >', 19, 'Unexpected token: EOF.'],
    ['1 in ["a"]', 0, 'This looks for a number in a list of which each is a string.'],
    ['duration("5m") == duration("5m")', 0, 'There is no function "duration".'],
    ['b"x" == b"x"', 0, 'Use a string, a number, true, false or null.'],
  ])('%s', (when, position, message) => {
    expect(() => compileCondition(when, order)).toThrow(message)
    try {
      compileCondition(when, order)
    } catch (error) {
      expect(error).toMatchObject({ position, name: 'ExpressionError' })
    }
  })

  it.each([
    'data.reason == "declned"',
    '"declned" == data.reason',
    'data.reason in ["card-expired", "declned"]',
    'data.reason != "declned"',
  ])('a string that is none of those that there are: %s', (when) => {
    expect(() => compileCondition(when, typeOf(paymentFailed))).toThrow('Did you mean "declined"?')
  })
})

describe('time and memory are bounded', () => {
  const type = valueTypeOf({
    type: 'object',
    properties: { text: { type: 'string' }, list: { type: 'array', items: { type: 'number' } } },
    required: ['text', 'list'],
  })
  const large = { text: 'a'.repeat(500_000), list: Array.from({ length: 100_000 }, (_, n) => n) }
  const TOO_LONG = 'it would take too long for this event'

  it.each([
    'data.list.exists(a, data.list.exists(b, data.list.exists(c, a + b + c < 0)))',
    'data.list.map(a, data.list.map(b, data.text)).size() > 0',
    'data.list.map(a, data.text + data.text).size() > 0',
    'data.text.matches("(a*)*b")',
    'data.text.matches("^(a+)+$")',
    'data.list.exists(a, data.text.contains("b"))',
    'data.text + data.text == "x"',
  ])('%s ends, without a verdict', (when) => {
    expect(judge(when, large, type)).toBe(TOO_LONG)
  })

  it('what one evaluation used is not missing in the next', () => {
    const condition = compileCondition('data.list.all(a, a >= 0)', type)
    for (let n = 0; n < 100; n++)
      expect(condition(inputOf({ text: '', list: large.list.slice(0, 5000) }, {}))).toBe(true)
  })

  it('a pattern that makes other engines try for ever', () => {
    expect(judge('data.text.matches("^(a|aa)+$")', { ...large, text: `${'a'.repeat(500)}b` }, type)).toBe(
      false,
    )
  })

  it('an expression has an end, too', () => {
    expect(() => compileCondition(Array(600).fill('true').join(' && '), type)).toThrow('maxAstNodes')
    expect(() => compileCondition(`${'('.repeat(100)}true${')'.repeat(100)}`, type)).toThrow('maxDepth')
  })
})

/**
 * The reference is the interpreter of cel-js, which shares the parser with us and nothing else. Numbers are written with
 * a point for it: that is what makes them doubles there.
 */
describe('evaluation agrees with the reference', () => {
  type Kind = 'bool' | 'number' | 'string'
  const schema = {
    type: 'object',
    properties: {
      flag: { type: 'boolean' },
      count: { type: 'integer' },
      name: { type: 'string' },
      maybe: { type: 'number' },
      inner: { type: 'object', properties: { value: { type: 'number' } }, required: ['value'] },
      list: { type: 'array', items: { type: 'number' } },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
    },
    required: ['flag', 'count', 'name', 'inner', 'list', 'labels'],
  } as const

  const short = fc.constantFrom('', 'a', 'b', 'ab', 'Ba', 'é')
  const small = fc.integer({ min: -3, max: 3 })
  const datum = fc.record(
    {
      flag: fc.boolean(),
      count: small,
      name: short,
      maybe: small,
      inner: fc.record({ value: small }),
      list: fc.array(small, { maxLength: 4 }),
      labels: fc.dictionary(fc.constantFrom('a', 'b'), short, { noNullPrototype: true }),
    },
    { requiredKeys: ['flag', 'count', 'name', 'inner', 'list', 'labels'] },
  )

  /** Expressions of a kind, as text; `depth` bounds how deep they go, `locals` are numbers in scope. */
  function expressionOf(kind: Kind, depth: number, locals: readonly string[]): fc.Arbitrary<string> {
    const leaf: Readonly<Record<Kind, fc.Arbitrary<string>>> = {
      bool: fc.constantFrom('true', 'false', 'data.flag', 'has(data.maybe)', '"a" in data.labels'),
      number: fc.oneof(
        small.map((n) => (n < 0 ? `(-${-n}.0)` : `${n}.0`)),
        fc.constantFrom('data.count', 'data.inner.value', 'data.maybe', 'data.list[0]', ...locals),
      ),
      string: fc.oneof(
        short.map((text) => JSON.stringify(text)),
        fc.constantFrom('data.name', 'data.labels.a'),
      ),
    }
    if (depth === 0) return leaf[kind]
    const bool = () => expressionOf('bool', depth - 1, locals)
    const number = () => expressionOf('number', depth - 1, locals)
    const text = () => expressionOf('string', depth - 1, locals)
    const variable = `x${locals.length}`
    const body = (of: Kind) => expressionOf(of, depth - 1, [...locals, variable])
    const two = (one: fc.Arbitrary<string>, ops: readonly string[]) =>
      fc.tuple(one, fc.constantFrom(...ops), one).map(([a, op, b]) => `(${a} ${op} ${b})`)
    const deep: Readonly<Record<Kind, readonly fc.Arbitrary<string>[]>> = {
      bool: [
        two(bool(), ['&&', '||', '==', '!=']),
        two(number(), ['<', '<=', '>', '>=', '==', '!=']),
        two(text(), ['==', '!=', '<']),
        bool().map((a) => `!(${a})`),
        fc.tuple(bool(), bool(), bool()).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
        fc.tuple(number(), number(), number()).map(([a, b, c]) => `(${a} in [${b}, ${c}])`),
        fc
          .tuple(text(), fc.constantFrom('contains', 'startsWith', 'endsWith'), text())
          .map(([a, f, b]) => `(${a}).${f}(${b})`),
        fc
          .tuple(fc.constantFrom('exists', 'all', 'exists_one'), body('bool'))
          .map(([f, b]) => `data.list.${f}(${variable}, ${b})`),
        number().map((a) => `(${a} in data.list)`),
      ],
      number: [
        two(number(), ['+', '-', '*']),
        number().map((a) => `-(${a})`),
        body('bool').map((b) => `double(size(data.list.filter(${variable}, ${b})))`),
        body('number').map((b) => `data.list.map(${variable}, ${b})[0]`),
      ],
      string: [
        two(text(), ['+']),
        fc.tuple(bool(), text(), text()).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
        text().map((a) => `(${a}).lowerAscii()`),
      ],
    }
    return fc.oneof(leaf[kind], ...deep[kind])
  }

  const reference = new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
  })

  /** What cel-js says, or `failed`. */
  function judgeByReference(when: string, data: unknown): unknown {
    try {
      return reference.evaluate(when, { data })
    } catch {
      return 'failed'
    }
  }

  it('for any expression and any data', () => {
    let decided = 0
    fc.assert(
      fc.property(expressionOf('bool', 3, []), datum, (when, data) => {
        // Sizes are whole numbers to the reference, which do not mix with others.
        const ours = when.replaceAll('double(size(', '(size(')
        const verdict = compileCondition(ours, valueTypeOf(schema))(inputOf(data, {}))
        const expected = judgeByReference(when, data)
        if (expected !== 'failed') decided++
        expect(verdict instanceof Failure ? 'failed' : verdict).toBe(expected)
      }),
      { numRuns: 3000 },
    )
    expect(decided).toBeGreaterThan(1500)
  })

  it('and never throws, whatever is written', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'data.listname()[]&|=<>!"0a1+,?: ') }), (when) => {
        try {
          compileCondition(when, valueTypeOf(schema))
        } catch (error) {
          expect(error).toHaveProperty('name', 'ExpressionError')
        }
      }),
      { numRuns: 2000 },
    )
  })
})

it('the rule of a long delay', () => {
  const type = typeOf(shipmentDelayed)
  expect(judge('data.delayDays >= 3', { ...shipmentDelayed.example, delayDays: 3 }, type)).toBe(true)
  expect(judge('data.delayDays >= 3', shipmentDelayed.example, type)).toBe(false)
})
