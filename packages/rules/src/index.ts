export { type Condition, compileCondition } from './compile.ts'
export { ExpressionError, Failure, type RuleInput } from './expression.ts'
export { parseRules } from './parse-rules.ts'
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
