export {
  CHANGES,
  type Change,
  type ChangeGroup,
  compareRuleSets,
  type RuleComparison,
  type StoredEvent,
  type TriedRule,
} from './compare-rule-sets.ts'
export { type Condition, compileCondition } from './compile.ts'
export { ExpressionError, Failure, type RuleInput } from './expression.ts'
export { parseRules } from './parse-rules.ts'
export {
  decodePublishedRules,
  type PublishedRules,
  publishedRulesSchema,
  RULES_KEY,
} from './published-rules.ts'
export {
  type Effect,
  type Rule,
  type RuleAttributes,
  type RuleProblem,
  type RuleSet,
  RulesError,
  type RuleTest,
} from './rule-set.ts'
export { type FailedRuleTest, inputOf, runRuleTests } from './run-rule-tests.ts'
export { type ValueType, valueTypeOf } from './value-type.ts'
