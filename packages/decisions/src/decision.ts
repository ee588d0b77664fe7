import { LANES, MAX_NAME_LENGTH, NAME_PATTERN } from '@sluice/events'
import { z } from 'zod'

/** `suppress` drops what is in scope, `allow` excepts from that; `raise` and `lower` move it to another lane. */
export const ACTIONS = ['suppress', 'raise', 'lower', 'allow'] as const
export type Action = (typeof ACTIONS)[number]

/** A decision holds for 31 days at most, so that what nobody remembers ends by itself. */
export const MAX_DECISION_MS = 31 * 24 * 60 * 60 * 1000

/** Of the evidence, as JSON in UTF-8. */
export const MAX_EVIDENCE_BYTES = 4096

/** Who decided, when it was a person: `operator:ada`. */
export const OPERATOR_PREFIX = 'operator:'

/** The name of a person, as it may stand behind the prefix. */
export const OPERATOR_PATTERN = /^[\p{L}\p{N}](?:[\p{L}\p{N}._@+-]{0,62}[\p{L}\p{N}])?$/u

/** Sources, tenants and keys are the producers' to choose; what is longer than this is not looked for. */
const MAX_MEMBER_LENGTH = 1024

const text = (max: number) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    // Half a character has no UTF-8: the key of its record would be another text.
    .refine((value) => value.isWellFormed(), 'must be well-formed Unicode')

const member = text(MAX_MEMBER_LENGTH).optional()

const instant = z.iso.datetime({
  offset: true,
  error: 'must be a time with an offset, like 2026-11-24T17:00:00Z',
})

/** Strict: a member that is not known would narrow the scope, and without it the decision would reach too far. */
const scopeSchema = z
  .strictObject({
    type: member,
    source: member,
    tenant: member,
    /** The event's Kafka key: what its definition's `key(data)` says. */
    key: member,
    /** SHA-256 of the event's `data`, as the JSON text that is stored; lower-case hex. */
    content: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hex')
      .optional(),
  })
  .refine(({ type, source, tenant, key }) => (type ?? source ?? tenant ?? key) !== undefined, {
    message: 'must have at least one of type, source, tenant and key',
  })
  .refine(({ type, key, content }) => content === undefined || (type !== undefined && key !== undefined), {
    path: ['content'],
    message: 'needs type and key beside it',
  })

/** Members that are not known are passed over: a newer job may say more than an older gateway understands. */
export const decisionSchema = z
  .object({
    id: text(256),
    action: z.enum(ACTIONS, { error: `must be one of ${ACTIONS.join(', ')}` }),
    scope: scopeSchema,
    /** Of raise and lower: the lane that is the least, or the most urgent; high and low without. */
    priority: z.enum(LANES, { error: `must be one of ${LANES.join(', ')}` }).optional(),
    reason: text(512),
    evidence: z
      .unknown()
      .refine(
        (value) => value === undefined || Buffer.byteLength(JSON.stringify(value)) <= MAX_EVIDENCE_BYTES,
        `must have at most ${MAX_EVIDENCE_BYTES} bytes as JSON`,
      )
      .optional(),
    by: z
      .string()
      .refine(isDecider, `must be the name of a job in kebab-case, or "${OPERATOR_PREFIX}" and a name`),
    from: instant,
    until: instant,
  })
  .superRefine(({ from, until }, context) => {
    const lasts = Date.parse(until) - Date.parse(from)
    const problem = (message: string) => context.addIssue({ code: 'custom', path: ['until'], message })
    if (!(lasts > 0)) problem('must be after "from"')
    else if (lasts > MAX_DECISION_MS) problem('must be at most 31 days after "from"')
  })

/** What one decision says, as its record has it. */
export type Decision = z.output<typeof decisionSchema>
export type Scope = Decision['scope']

/** What is wrong with a value that should be a decision, and where: the names on the way. */
export type DecisionIssue = { readonly path: readonly PropertyKey[]; readonly message: string }

/** Takes members that are null for absent ones: SQL has no other way to leave one out. */
export function parseDecision(
  value: unknown,
): { readonly decision: Decision } | { readonly issues: readonly DecisionIssue[] } {
  const result = decisionSchema.safeParse(withoutNulls(value))
  if (result.success) return { decision: result.data }
  return { issues: result.error.issues.map(({ path, message }) => ({ path, message })) }
}

function isDecider(by: string): boolean {
  if (by.startsWith(OPERATOR_PREFIX)) return OPERATOR_PATTERN.test(by.slice(OPERATOR_PREFIX.length))
  return by.length <= MAX_NAME_LENGTH && NAME_PATTERN.test(by)
}

function withoutNulls(value: unknown): unknown {
  if (!isObject(value)) return value
  const { scope, ...members } = withoutNullMembers(value)
  return { ...members, scope: isObject(scope) ? withoutNullMembers(scope) : scope }
}

function withoutNullMembers(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
