import { type Decision, parseDecision } from './decision.ts'

/** A record of the decisions' topic, as Kafka has it. */
export type DecisionRecord = { readonly key: Uint8Array | null; readonly value: Uint8Array | null }

/**
 * Why a record is no decision: `no-key`; `too-large`; `not-json`; `invalid`, it breaks the schema; `other-id`, its key is
 * not its id, so that nothing could ever lift it.
 */
export const BAD_DECISION_REASONS = ['no-key', 'too-large', 'not-json', 'invalid', 'other-id'] as const
export type BadDecisionReason = (typeof BAD_DECISION_REASONS)[number]

export type DecodedDecision =
  | { readonly decision: Decision }
  /** The id of a decision that is lifted: its record is a tombstone. */
  | { readonly lifted: string }
  /** The detail holds nothing of the record: ids and keys may be personal. */
  | { readonly problem: BadDecisionReason; readonly detail: string }

/** Evidence is half of it; every other member has its own limit. */
export const MAX_RECORD_BYTES = 16 * 1024

/** Never throws: whatever is in the topic, it is a decision, a lift, or bad for a reason. */
export function decodeDecision({ key, value }: DecisionRecord): DecodedDecision {
  if (key === null || key.length === 0) return bad('no-key', 'The record has no key; it should be the id.')
  const id = Buffer.from(key.buffer, key.byteOffset, key.length).toString()
  if (value === null) return { lifted: id }
  if (value.length > MAX_RECORD_BYTES) {
    return bad('too-large', `The value has ${value.length} bytes; ${MAX_RECORD_BYTES} are the most.`)
  }
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.length).toString())
  } catch {
    return bad('not-json', 'The value is not JSON.')
  }
  const parsed = parseDecision(document)
  if ('issues' in parsed) {
    const issues = parsed.issues.map(({ path, message }) => `${path.join('.') || 'The value'} ${message}`)
    return bad('invalid', `${issues.join('; ')}.`)
  }
  if (parsed.decision.id !== id) {
    return bad('other-id', 'The key of the record is not the id in its value.')
  }
  return parsed
}

/** The record of a decision. */
export function encodeDecision(decision: Decision): { readonly key: string; readonly value: string } {
  const { id, action, scope, priority, reason, evidence, by, from, until } = decision
  return {
    key: id,
    value: JSON.stringify({ id, action, scope, priority, reason, evidence, by, from, until }),
  }
}

/** Headers of a tombstone, which has nowhere else to say it: who lifted the decision, and why. */
export const LIFTED_BY = 'lifted-by'
export const LIFTED_REASON = 'lifted-reason'

/** The record that lifts a decision. */
export function encodeLift(id: string, lifted: { readonly by: string; readonly reason: string }) {
  return { key: id, value: null, headers: { [LIFTED_BY]: lifted.by, [LIFTED_REASON]: lifted.reason } }
}

function bad(problem: BadDecisionReason, detail: string): DecodedDecision {
  return { problem, detail }
}
