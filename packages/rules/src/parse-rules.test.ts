import { catalogue, orderPlaced } from '@sluice/events'
import { describe, expect, it } from 'vitest'
import { Failure } from './expression.ts'
import { parseRules } from './parse-rules.ts'
import type { RulesError } from './rule-set.ts'
import { inputOf, runRuleTests } from './run-rule-tests.ts'

const definitions = catalogue.map(({ definition }) => definition)
const parse = (text: string) => parseRules(text, definitions, 'rules.yaml')

function problemsOf(text: string) {
  try {
    parse(text)
  } catch (error) {
    return (error as RulesError).problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
  }
  return []
}

/** A rule with some lines changed, or more of them. */
function rule(changes: Readonly<Record<string, string>> = {}): string {
  const lines = {
    name: 'big',
    type: 'order-placed',
    owner: 'checkout',
    when: 'data.total.amount > 100',
    effect: 'high',
  }
  const text = Object.entries({ ...lines, ...changes }).map(([key, value]) => `${key}: ${value}`)
  return `rules:\n  - ${text.join('\n    ')}\n`
}

describe('a file of rules', () => {
  it('has each rule with its condition by type', () => {
    const { rules, version } = parse(rule({ why: 'They pay well.' }))
    expect(version).toMatch(/^[0-9a-f]{12}$/)
    expect(rules).toMatchObject([
      {
        name: 'big',
        owner: 'checkout',
        why: 'They pay well.',
        effect: 'high',
        when: 'data.total.amount > 100',
        line: 2,
      },
    ])
    expect(rules[0]!.conditions.get('order-placed')!(inputOf(orderPlaced.example, {}))).toBe(true)
  })

  it('is for several types, or all that producers post', () => {
    const when = 'event.source == "/x"'
    const types = (type: string) => [...parse(rule({ type, when })).rules[0]!.conditions.keys()]
    expect(types('[order-placed, payment-failed]')).toEqual(['order-placed', 'payment-failed'])
    expect(types('"*"')).toEqual(
      definitions.filter(({ origin }) => origin === 'producer').map(({ type }) => type),
    )
  })

  it('may be empty', () => {
    expect(parse('rules: []').rules).toEqual([])
    expect(problemsOf('')).toEqual(['1:1 "rules" must be a list.'])
  })

  it('has another version when anything in it changes', () => {
    expect(parse(rule()).version).not.toBe(parse(`${rule()}# `).version)
    expect(parse(rule()).version).toBe(parse(rule()).version)
  })
})

describe('what is wrong is told with its place', () => {
  it.each([
    [
      'a field',
      rule({ when: 'data.totl.amount > 1' }),
      '5:16 "data" has no field "totl". Did you mean "total"?',
    ],
    [
      'in quotes',
      rule({ when: '"data.totl > 1"' }),
      '5:17 "data" has no field "totl". Did you mean "total"?',
    ],
    [
      'a type',
      rule({ type: 'order-plced' }),
      '3:11 There is no event type "order-plced". Did you mean "order-placed"?',
    ],
    [
      'a type in a list',
      rule({ type: '[order-placed, page-viewd]', when: 'event.id == ""' }),
      '3:26 There is no event type "page-viewd". Did you mean "page-viewed"?',
    ],
    ['an effect', rule({ effect: 'urgent' }), '6:13 "effect" must be drop, high, normal or low.'],
    ['a key', rule({ wen: 'true' }), '7:10 "wen" is not known here. Did you mean "when"?'],
    [
      'a name',
      rule({ name: 'Big Order' }),
      '2:11 "name" must be lower-case words with - between them, like long-delay.',
    ],
    [
      'YAML',
      'rules: [',
      '1:9 This is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ].',
    ],
    ['an alias', 'rules: &a [*a]', '1:12 Aliases are not taken; write it out.'],
    ['a key twice', `${rule()}    effect: low\n`, '7:5 This is not YAML: Map keys must be unique.'],
    [
      'a test',
      `${rule()}    tests:\n      - matches: yes\n`,
      '8:18 "matches" says whether the rule matches: true or false.',
    ],
    [
      'the event of a test',
      `${rule()}    tests:\n      - data: { orderId: 7 }\n        matches: true\n`,
      '8:9 The event of this test is not valid: /orderId: Invalid input: expected string, received number',
    ],
    [
      'the type of a test',
      `${rule()}    tests:\n      - type: page-viewed\n        matches: true\n`,
      '8:15 The rule is not for "page-viewed".',
    ],
  ])('%s', (_what, text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })

  it('an expression over several lines', () => {
    const text = rule().replace(
      'when: data.total.amount > 100',
      'when: |\n      data.total.amount > 100 &&\n        data.totl.currency == "EUR"',
    )
    expect(problemsOf(text)).toEqual(['7:14 "data" has no field "totl". Did you mean "total"?'])
  })

  it('for each type that the rule does not fit, but only once when it is no expression', () => {
    const type = '[order-placed, payment-failed]'
    expect(problemsOf(rule({ type, when: 'data.total.amount > 1' }))).toEqual([
      '5:16 "data" has no field "total". For payment-failed.',
    ])
    expect(problemsOf(rule({ type, when: 'data.total >' }))).toHaveLength(1)
  })

  it('all at once', () => {
    const two = rule({ when: 'data.a == 1' }) + rule({ when: 'data.b == 1' }).replace('rules:\n', '')
    expect(problemsOf(two)).toEqual([
      '5:16 "data" has no field "a".',
      '7:11 Two rules are called "big".',
      '10:16 "data" has no field "b".',
    ])
  })

  it('with the line drawn', () => {
    expect(() => parse(rule({ effect: 'urgent' }))).toThrow(
      'rules.yaml:6:13: "effect" must be drop, high, normal or low.\n        effect: urgent\n                ^',
    )
  })
})

describe('the tests beside a rule', () => {
  const tests = (...lines: string[]) =>
    runRuleTests(parse(`${rule()}    tests:\n${lines.map((line) => `      - ${line}\n`).join('')}`))

  it('lay what they name over the example of the type', () => {
    expect(
      tests(
        '{ matches: true }',
        '{ data: { total: { amount: 100 } }, matches: false }',
        '{ data: { items: [{ sku: x, quantity: 1 }] }, matches: true }',
      ),
    ).toEqual({ passed: 3, failed: [] })
  })

  it('tell the rule, and where the test is', () => {
    const { passed, failed } = tests('{ matches: true }', '{ matches: false }')
    expect(passed).toBe(1)
    expect(failed).toMatchObject([
      { rule: { name: 'big' }, test: { line: 9, matches: false }, failure: undefined },
    ])
  })

  it('say why a condition cannot be told, which is no match', () => {
    const text = (matches: boolean) =>
      `${rule({ type: 'page-viewed', when: 'data.referrer == "x"' })}    tests:\n      - matches: ${matches}\n`
    expect(runRuleTests(parse(text(false)))).toEqual({ passed: 1, failed: [] })
    expect(runRuleTests(parse(text(true))).failed).toMatchObject([{ failure: 'data.referrer is absent' }])
  })

  it('may set attributes', () => {
    const text = `${rule({ when: 'event.wish == "low" && event.tenant == "acme"' })}    tests:\n      - event: { wish: low, tenant: acme }\n        matches: true\n`
    expect(runRuleTests(parse(text)).passed).toBe(1)
  })
})

it('a condition without a verdict says so', () => {
  const { rules } = parse(rule({ type: 'page-viewed', when: 'data.referrer == "x"' }))
  const condition = rules[0]!.conditions.get('page-viewed')!
  expect(condition(inputOf({}, {}))).toBeInstanceOf(Failure)
})
