import { catalogue } from '@sluice/events'
import { compareRuleSets, inputOf, parseRules, runRuleTests } from '@sluice/rules'
import { expect, test } from 'vitest'
import { layoutActiveRules, type ShownRules } from './layout-active-rules.ts'
import { layoutRuleTests, layoutTriedRules, triedRulesDocument } from './layout-rules.ts'

const definitions = catalogue.map(({ definition }) => definition)
const { definition: order } = catalogue[0]!
const parse = (text: string) => parseRules(text, definitions, 'rules.yaml')
const big =
  'rules:\n  - name: big\n    type: order-placed\n    owner: x\n    when: data.total.amount > 100\n    effect: high\n'
const SINCE = Date.parse('2026-11-24T11:00:00Z')

function tried(...amounts: readonly number[]) {
  const comparison = compareRuleSets(parse('rules: []'), parse(big))
  for (const [n, amount] of amounts.entries()) {
    const data = { ...(order.example as object), total: { amount, currency: 'EUR' } }
    comparison.take({ definition: order, lane: 'normal', input: inputOf(data, { id: `o-${n}` }) })
  }
  return {
    types: ['order-placed'],
    count: comparison.count(),
    unreadable: 1,
    groups: comparison.groups(),
    rules: comparison.rules,
  }
}

test('tests say which failed and where, and which rules have none', () => {
  const failing = parse(`${big}    tests:\n      - matches: true\n      - matches: false\n`)
  const text = layoutRuleTests('rules.yaml', failing, runRuleTests(failing))
  expect(text.split('\n')).toEqual([
    'rules.yaml:9: the rule "big" should not match, and does.',
    `1 rule, 1 test failed, 1 passed. Version ${failing.version}.`,
  ])
  const untested = parse(big)
  expect(layoutRuleTests('rules.yaml', untested, runRuleTests(untested)).split('\n')).toEqual([
    'Without a test: big.',
    `1 rule, 0 tests passed. Version ${untested.version}.`,
  ])
})

test('a dry run says what would change, by how much, for example, and what each rule did', () => {
  expect(layoutTriedRules(tried(1, 2, 3, 101), SINCE, 1.25)).toMatchInlineSnapshot(`
    "4 events of order-placed, stored since 2026-11-24 11:00:00 UTC, judged in 1.3 s.
    1 record passed over: no event that today's definition takes.

               events   share
    dropped         0   0.0 %
    kept            0   0.0 %
    raised          1  25.0 %
    lowered         0   0.0 %
    unchanged       3  75.0 %

    type          lane           decided by     change  events  for example
    order-placed  normal → high  no rule → big  raised       1  o-3

    rule  effect  asked  matched
    big   high        4        1"
  `)
  expect(triedRulesDocument(tried(1), SINCE)).toMatchObject({
    since: '2026-11-24T11:00:00.000Z',
    count: 1,
    groups: [],
    rules: [{ name: 'big', evaluated: 1, matched: 0, remark: 'never matches' }],
  })
})

test('a dry run without events says so', () => {
  expect(layoutTriedRules(tried(), SINCE, 0.1)).toContain('Nothing to judge: go further back')
})

test('what is in force, with what is suspicious', () => {
  const rule = {
    name: 'big',
    types: ['order-placed'],
    owner: 'x',
    effect: 'high',
    evaluated: 1000,
    matched: 0,
    failed: 0,
  }
  const shown: ShownRules = {
    ...{ version: 'abc', from: 'topic', by: 'ada', why: 'to try', since: '2026-11-24T11:00:00.000Z' },
    rules: [{ ...rule, remark: 'never matches' }],
  }
  expect(layoutActiveRules(shown)).toMatchInlineSnapshot(`
    "1 rule, version abc, published by ada: to try; in force at this gateway since 2026-11-24T11:00:00.000Z.

    rule  types         owner  effect  asked  matched
    big   order-placed  x      high    1,000        0  never matches"
  `)
})
