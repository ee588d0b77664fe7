import { catalogue, type Lane, orderPlaced, pageViewed } from '@sluice/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareRuleSets } from './compare-rule-sets.ts'
import { parseRules } from './parse-rules.ts'
import { inputOf } from './run-rule-tests.ts'

const definitions = catalogue.map(({ definition }) => definition)

/** Rules in one line each: `name: condition => effect`. */
function rules(type: string, ...lines: readonly string[]) {
  const text = lines.map((line) => {
    const [, name, when, effect] = /^(\S+): (.*) => (\w+)$/.exec(line)!
    return `  - { name: ${name}, type: ${type}, owner: x, when: '${when}', effect: ${effect} }`
  })
  return parseRules(text.length === 0 ? 'rules: []' : `rules:\n${text.join('\n')}`, definitions, 'rules.yaml')
}

const order = (id: string, amount: number, lane: Lane = 'normal') => ({
  definition: orderPlaced,
  lane,
  input: inputOf({ ...orderPlaced.example, total: { amount, currency: 'EUR' } }, { id }),
})
const orders = (...lines: readonly string[]) => rules('order-placed', ...lines)

describe('what other rules would do', () => {
  it('is nothing where both say the same, whatever the lane', () => {
    const set = orders('big: data.total.amount > 10 => high')
    const comparison = compareRuleSets(set, orders('large: data.total.amount > 10 => high'))
    comparison.take(order('a', 11))
    comparison.take(order('b', 9, 'high'))
    expect(comparison.groups()).toEqual([])
    expect(comparison.count()).toBe(2)
  })

  it.each([
    ['dropped', [], ['none: true => drop'], 'normal', { from: 'normal', to: undefined, after: 'none' }],
    ['kept', ['none: true => drop'], [], 'high', { from: undefined, to: 'normal', before: 'none' }],
    ['kept', ['none: true => drop'], ['all: true => high'], 'normal', { to: 'high', after: 'all' }],
    ['raised', [], ['all: true => high'], 'normal', { from: 'normal', to: 'high', after: 'all' }],
    ['lowered', ['all: true => high'], [], 'high', { from: 'high', to: 'normal', before: 'all' }],
    // The type has no lane "low".
    [
      'lowered',
      ['all: true => high'],
      ['all: true => low'],
      'high',
      { from: 'high', to: 'normal', after: 'all' },
    ],
  ])('%s: %j becomes %j', (change, before, after, lane, expected) => {
    const comparison = compareRuleSets(orders(...before), orders(...after))
    comparison.take(order('a', 1, lane as Lane))
    expect(comparison.groups()).toMatchObject([
      { type: 'order-placed', change, count: 1, examples: ['a'], ...expected },
    ])
  })

  it('is counted by kind, largest first, with the first ids', () => {
    const comparison = compareRuleSets(
      orders(),
      orders('small: data.total.amount < 2 => drop', 'big: data.total.amount > 8 => high'),
    )
    for (let n = 0; n < 10; n++) comparison.take(order(`o-${n}`, n))
    comparison.take(order('o-10', 10))
    comparison.take(order('o-11', 11))
    comparison.take(order('o-12', 12))
    expect(comparison.groups()).toMatchObject([
      { change: 'raised', after: 'big', count: 4, examples: ['o-9', 'o-10', 'o-11'] },
      { change: 'dropped', after: 'small', count: 2, examples: ['o-0', 'o-1'] },
    ])
    expect(comparison.rules).toMatchObject([
      { rule: { name: 'small' }, evaluated: 13, matched: 2 },
      { rule: { name: 'big' }, evaluated: 11, matched: 4 },
    ])
  })

  it('counts what cannot be told as no match', () => {
    const comparison = compareRuleSets(
      rules('page-viewed'),
      rules('page-viewed', 'referred: data.referrer != "" => drop'),
    )
    comparison.take({ definition: pageViewed, lane: 'low', input: inputOf(pageViewed.example, {}) })
    expect(comparison.groups()).toEqual([])
    expect(comparison.rules).toMatchObject([{ evaluated: 1, failed: 1, failure: 'data.referrer is absent' }])
  })
})

it('the first rule that matches decides, and those that drop come first', () => {
  const line = fc.record({
    least: fc.integer({ min: 0, max: 4 }),
    effect: fc.constantFrom('drop', 'high', 'normal'),
  })
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), fc.integer({ min: 0, max: 4 }), (lines, amount) => {
      const after = orders(
        ...lines.map(({ least, effect }, n) => `r${n}: data.total.amount >= ${least} => ${effect}`),
      )
      const comparison = compareRuleSets(orders(), after)
      comparison.take(order('a', amount))
      const matching = lines.flatMap((each, n) => (amount >= each.least ? [{ ...each, name: `r${n}` }] : []))
      const decides = matching.find(({ effect }) => effect === 'drop') ?? matching[0]
      const changes = decides !== undefined && decides.effect !== 'normal'
      expect(comparison.groups().map((group) => group.after)).toEqual(changes ? [decides.name] : [])
    }),
  )
})
