export {
  CHANGES,
  type Change,
  type ChangeGroup,
  compareRuleSets,
  type TriedRule,
} from './compare-rule-sets.ts'
export type { Condition } from './compile.ts'
export type { RuleInput } from './expression.ts'
export { parseRules } from './parse-rules.ts'
export { decodePublishedRules, publishedRulesSchema, RULES_KEY } from './published-rules.ts'
export { type Rule, type RuleSet, RulesError } from './rule-set.ts'
export { type FailedRuleTest, inputOf, runRuleTests } from './run-rule-tests.ts'
