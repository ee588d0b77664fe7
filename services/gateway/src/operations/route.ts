import type { CatalogueEntry } from '@sluice/events'
import type { KafkaClient } from '@sluice/kafka'
import type { Sender } from '@sluice/operations'
import type { Logger, Metrics } from '@sluice/telemetry'
import { z } from 'zod'
import type { LiveDecisions } from '../decisions/live-decisions.ts'
import type { ErrorDetail, ProblemCode, ProblemContext } from '../problems.ts'
import type { Rejudge } from '../quarantine/rejudge.ts'
import type { ActiveRules } from '../rules/active-rules.ts'
import type { Jobs } from './jobs.ts'

/** What the routes of operators work with. */
export type RouteParts = {
  readonly entries: readonly CatalogueEntry[]
  readonly kafka: KafkaClient
  readonly sender: Sender
  readonly jobs: Jobs
  readonly rules: Pick<ActiveRules, 'describe'>
  readonly decisions: Pick<LiveDecisions, 'list' | 'get'>
  /** What judges rejected events once more; see `createRejudge`. */
  readonly rejudge: (options: { readonly notAllowed: boolean }) => Rejudge
  /** What reads whole topics, one at a time. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>
  readonly metrics: Metrics
  readonly log: Logger
  readonly now: () => number
}

/** One thing that operators do. Whether they may was decided before `answer` is called. */
export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With `:name` for a part. */
  readonly path: string
  /** How large the body of a request may be; a few lines without. */
  readonly maxBodyBytes?: number
  answer(request: RouteRequest): RouteAnswer | Promise<RouteAnswer>
}

export type RouteRequest = {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
  /** For the audit log. */
  readonly asker: Readonly<Record<string, unknown>>
}

export type RouteAnswer = {
  /** 200 without. */
  readonly status?: number
  readonly body?: unknown
  readonly location?: string
  /** Instead of a body. */
  readonly problem?: ProblemContext & { readonly code: ProblemCode }
  /** What is to be remembered of it; nothing for a mere look at what is no payload. */
  readonly audit?: Readonly<Record<string, unknown>>
}

export function refuse(code: ProblemCode, detail?: string, errors?: readonly ErrorDetail[]): RouteAnswer {
  return { problem: { code, ...(detail !== undefined && { detail }), ...(errors && { errors }) } }
}

/** The options in a body, or what is wrong with each. */
export function readOptions<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
): { readonly options: z.output<Schema> } | { readonly answer: RouteAnswer } {
  const result = schema.safeParse(body ?? {})
  if (result.success) return { options: result.data }
  const errors = result.error.issues.map(({ path, message }) => ({
    pointer: path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
    detail: message,
  }))
  return { answer: refuse('invalid-options', undefined, errors) }
}

export function invalid(pointer: string, detail: string): RouteAnswer {
  return refuse('invalid-options', undefined, [{ pointer, detail }])
}

/** How many records a list may show. */
const MAX_LISTED = 1000

export const listQuery = z.strictObject({
  limit: z.coerce.number().int().min(0).max(MAX_LISTED).default(20),
  filter: z.union([z.string().transform((one) => [one]), z.array(z.string())]).default([]),
})

export const showQuery = z.strictObject({
  raw: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
})

/** Reading a topic waits out an outage; who asked does not. */
export const SURVEY_TIMEOUT_MS = 30_000

/** The name of a filter like `id=7`, without what may be personal. */
export function filterName(filter: string): string {
  return filter.slice(0, filter.indexOf('='))
}
