export {
  ACTIONS,
  type Action,
  type Decision,
  type DecisionIssue,
  MAX_DECISION_MS,
  MAX_EVIDENCE_BYTES,
  OPERATOR_PATTERN,
  OPERATOR_PREFIX,
  parseDecision,
  type Scope,
} from './decision.ts'
export {
  type Applied,
  createDecisionIndex,
  type DecisionIndex,
  type DecisionIndexOptions,
  decisionOf,
  type EventFacts,
  type HeldDecision,
  type HeldMove,
  isLive,
} from './decision-index.ts'
export {
  BAD_DECISION_REASONS,
  type BadDecisionReason,
  type DecisionRecord,
  type DecodedDecision,
  decodeDecision,
  encodeDecision,
  encodeLift,
  LIFTED_BY,
  LIFTED_REASON,
} from './decision-record.ts'
