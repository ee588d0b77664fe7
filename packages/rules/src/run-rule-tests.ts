import { DEFAULT_TENANT } from '@sluice/events'
import { Failure, type RuleInput } from './expression.ts'
import type { Rule, RuleAttributes, RuleSet, RuleTest } from './rule-set.ts'

/** A test of a rule that did not say what was expected. */
export type FailedRuleTest = {
  readonly rule: Rule
  readonly test: RuleTest
  /** Why the condition could not be told, if so. */
  readonly failure: string | undefined
}

/** Runs the tests that stand beside the rules. Each is for its rule alone: whether an earlier one matches, too, is nothing to it. */
export function runRuleTests({ rules }: RuleSet): {
  readonly passed: number
  readonly failed: readonly FailedRuleTest[]
} {
  const failed: FailedRuleTest[] = []
  let passed = 0
  for (const rule of rules) {
    for (const test of rule.tests) {
      const verdict = rule.conditions.get(test.type)!(inputOf(test.data, test.attributes))
      if (verdict === test.matches || (verdict instanceof Failure && !test.matches)) passed++
      else failed.push({ rule, test, failure: verdict instanceof Failure ? verdict.reason : undefined })
    }
  }
  return { passed, failed }
}

/** What a condition looks at, of an event of which only some attributes are known. */
export function inputOf(data: unknown, attributes: RuleAttributes): RuleInput {
  const { id = '', source = '/producers/default', subject, tenant = DEFAULT_TENANT, wish } = attributes
  return { data, id, source, subject, tenant, wish }
}
