import { randomUUID } from 'node:crypto'
import {
  ACTIONS,
  type Decision,
  type DecisionIssue,
  decisionOf,
  encodeDecision,
  encodeLift,
  type HeldDecision,
  isLive,
  OPERATOR_PATTERN,
  OPERATOR_PREFIX,
  parseDecision,
} from '@sluice/decisions'
import { DECISIONS_TOPIC, LANES } from '@sluice/events'
import { parseDuration } from '@sluice/operations'
import { z } from 'zod'
import type { ErrorDetail } from '../problems.ts'
import { suggest } from '../suggest.ts'
import { invalid, type Route, type RouteParts, readOptions, refuse } from './route.ts'
import { createWriteControl } from './write-control.ts'

/** How many decisions a list may show. */
const MAX_LISTED = 10_000

const listOptions = z.strictObject({
  limit: z.coerce.number().int().min(0).max(MAX_LISTED).default(100),
  action: z.enum(ACTIONS).optional(),
  by: z.string().optional(),
  type: z.string().optional(),
  source: z.string().optional(),
  tenant: z.string().optional(),
  key: z.string().optional(),
})

/** Who does it, and why: nothing is decided or lifted by nobody or for nothing. */
const answerable = {
  who: z
    .string()
    .regex(
      OPERATOR_PATTERN,
      'must be a name of up to 64 letters, digits and . _ @ + - that begins and ends with a letter or a digit',
    ),
  why: z.string().trim().min(1, 'must say why').max(512, 'must have at most 512 characters'),
}

const addOptions = z
  .strictObject({
    ...answerable,
    id: z.string().optional(),
    action: z.enum(ACTIONS),
    scope: z.record(z.string(), z.string()),
    priority: z.enum(LANES).optional(),
    evidence: z.unknown().optional(),
    from: z.string().optional(),
    until: z.string().optional(),
    for: z
      .string()
      .refine((text) => parseDuration(text) !== undefined, 'must be a length of time, like 15m or 2h')
      .optional(),
  })
  .refine((options) => (options.until === undefined) !== (options.for === undefined), {
    message: 'Say how long: either "for" or "until".',
  })
  .refine(({ action, priority }) => priority === undefined || action === 'raise' || action === 'lower', {
    path: ['priority'],
    message: 'has a meaning for raise and lower only',
  })

const liftOptions = z.strictObject(answerable)

/** Decisions of jobs and people: looked at, made, lifted. */
export function decisionRoutes(parts: RouteParts): Route[] {
  const { decisions, sender, entries } = parts

  const write = createWriteControl(sender, DECISIONS_TOPIC)

  return [
    {
      method: 'GET',
      path: '/v1/decisions',
      answer({ query }) {
        const read = readOptions(listOptions, query)
        if ('answer' in read) return read.answer
        const { limit, ...wanted } = read.options
        const fitting = decisions.list().filter((held) => fits(held, wanted))
        const now = parts.now()
        fitting.sort((one, other) => other.from - one.from || (one.id < other.id ? -1 : 1))
        return {
          body: {
            count: fitting.length,
            live: fitting.filter((held) => isLive(held, now)).length,
            decisions: fitting.slice(0, limit).map((held) => documentOf(held, now)),
          },
        }
      },
    },
    {
      method: 'GET',
      path: '/v1/decisions/:id',
      answer({ params }) {
        const held = decisions.get(params['id']!)
        return held ? { body: documentOf(held, parts.now()) } : refuse('no-decision')
      },
    },
    {
      method: 'POST',
      path: '/v1/decisions',
      answer({ body }) {
        const read = readOptions(addOptions, body)
        if ('answer' in read) return read.answer
        const { who, why, for: lasting, evidence, ...options } = read.options
        const now = parts.now()
        const from = options.from ?? new Date(now).toISOString()
        const parsed = parseDecision({
          ...options,
          id: options.id ?? `operator/${randomUUID()}`,
          reason: why,
          evidence,
          by: OPERATOR_PREFIX + who,
          from,
          until: options.until ?? endOf(from, parseDuration(lasting!)!),
        })
        if ('issues' in parsed) {
          return refuse(
            'invalid-options',
            undefined,
            parsed.issues.map((issue) => toDetail(issue, lasting)),
          )
        }
        const { decision } = parsed
        const { type } = decision.scope
        if (type !== undefined && !entries.some(({ definition }) => definition.type === type)) {
          const near = suggest(
            type,
            entries.map(({ definition }) => definition.type),
          )
          const hint = near ? ` Did you mean "${near}"?` : ''
          return invalid('/scope/type', `There is no event type "${type}".${hint}`)
        }
        if (Date.parse(decision.until) <= now)
          return invalid(lasting === undefined ? '/until' : '/for', 'It would be over already.')
        return write(encodeDecision(decision), {
          status: 201,
          location: `/v1/decisions/${encodeURIComponent(decision.id)}`,
          body: decision,
          audit: { action: 'decide', who, why, ...auditOf(decision) },
        })
      },
    },
    {
      method: 'DELETE',
      path: '/v1/decisions/:id',
      answer({ params, body }) {
        const read = readOptions(liftOptions, body)
        if ('answer' in read) return read.answer
        const { who, why } = read.options
        const id = params['id']!
        const held = decisions.get(id)
        if (!held) return refuse('no-decision')
        const lifted = { by: OPERATOR_PREFIX + who, reason: why }
        return write(encodeLift(id, lifted), {
          body: { id, lifted },
          audit: { action: 'lift', who, why, ...auditOf(held) },
        })
      },
    },
  ]
}

function fits(
  { action, by, scope }: HeldDecision,
  wanted: Omit<z.output<typeof listOptions>, 'limit'>,
): boolean {
  const values = { action, by, ...scope }
  return Object.entries(wanted).every(
    ([name, value]) => value === undefined || values[name as keyof typeof values] === value,
  )
}

/** What it says, and how it is with it now. Hits are those of this replica. */
function documentOf(held: HeldDecision, now: number) {
  const seconds = (until: number) => Math.ceil((until - now) / 1000)
  return {
    ...decisionOf(held),
    live: isLive(held, now),
    hits: held.hits,
    ...(held.from > now && { secondsUntilLive: seconds(held.from) }),
    secondsLeft: seconds(held.until),
  }
}

/** Which one, and what of it may stand in the log: keys may be personal. */
function auditOf({ id, action, scope, by }: Pick<Decision, 'id' | 'action' | 'scope' | 'by'>) {
  return { decision: id, decided: action, scope: Object.keys(scope), by }
}

/** What is wrong with a decision, in the words of who asks for it. */
function toDetail({ path, message }: DecisionIssue, lasting: string | undefined): ErrorDetail {
  const [first, ...others] = path.map(String)
  const named: Readonly<Record<string, string>> = {
    reason: 'why',
    by: 'who',
    ...(lasting !== undefined && { until: 'for' }),
  }
  const pointer = first === undefined ? [] : [named[first] ?? first, ...others]
  return { pointer: pointer.map((part) => `/${part}`).join(''), detail: message }
}

/** An end that is no time is left to the decision's own check. */
function endOf(from: string, lasting: number): string {
  const end = Date.parse(from) + lasting
  return Math.abs(end) <= 8.64e15 ? new Date(end).toISOString() : ''
}
