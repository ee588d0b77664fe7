import { z } from 'zod'
import type { Event } from './envelope.ts'
import { isLane, LANES, type Lane, type LaneShare } from './lanes.ts'
import { RETRY_DELAYS, retryDelayMs } from './retry-delays.ts'
import { MAX_NAME_LENGTH, NAME_PATTERN } from './topics.ts'

/** What a developer writes to define an event type. */
export type EventSpec<Schema extends z.ZodType> = {
  /** kebab-case, a noun and a past participle: `order-placed`. */
  readonly type: string
  /** Counts compatible changes; a breaking change is a new type. */
  readonly version: number
  /** Who makes it: producers over HTTP, or a service or job that derives it from other events. */
  readonly origin: 'producer' | 'derived'
  /** The team to ask. */
  readonly owner: string
  /** Strict, and without transforms, coercion or defaults: what was posted is what is stored. */
  readonly data: Schema
  /** Events of one key keep their order inside a lane and share a partition. */
  readonly key: (data: z.infer<Schema>) => string
  /** The lanes it may travel in, each a topic. */
  readonly lanes: readonly Lane[]
  readonly defaultPriority: Lane
  /** How often each lane is served while all have work, and how long one may go unserved; see {@link LANE_SHARES}. */
  readonly laneShares?: Partial<Record<Lane, LaneShare>>
  /**
   * What becomes of an event whose handling failed. `ordered`: it is tried again in place, and its key waits; the
   * default. `unordered`: it is tried again after each of `retryDelays`, and later events of its key pass it meanwhile.
   */
  readonly retry?: 'ordered' | 'unordered'
  /** Like `5s`, each a topic; 5s, 1m and 10m by default. Only with `retry: 'unordered'`. */
  readonly retryDelays?: readonly string[]
  /** How many days Kafka keeps its events; 7 by default. Dead letters are kept at least 30 days. */
  readonly retentionDays?: number
  /**
   * Where the personal data is: JSON Pointers, `*` for every element or member, like `/customer/email` or
   * `/guests/*`. Redacted wherever data is logged or shown; see {@link redact}.
   */
  readonly pii?: readonly string[]
  /** Valid data for the documentation, `/v1/types` and the demo. */
  readonly example: z.infer<Schema>
}

/** A problem of one event's data: where (JSON Pointer into the data) and what. */
export type DataError = { readonly pointer: string; readonly detail: string }

/** An output that a handler asks for; the runtime completes it with id, lineage and priority. */
export type Output<Data = unknown> = {
  readonly definition: EventDefinition
  readonly cause: Event
  readonly data: Data
  readonly subject?: string
}

/** A checked definition. Methods, not function properties, so that every definition fits `EventDefinition`. */
export type EventDefinition<Schema extends z.ZodType = z.ZodType> = Omit<EventSpec<Schema>, 'key'> & {
  readonly retry: 'ordered' | 'unordered'
  /** Empty where it is retried in place. */
  readonly retryDelays: readonly string[]
  readonly retentionDays: number
  /** Empty where there is none. */
  readonly pii: readonly string[]
  key(data: z.infer<Schema>): string
  /** Whether posted data is valid: unknown fields are not. */
  isValid(data: unknown): boolean
  /** What is wrong with posted data, every fault. Returns nothing when it is valid. */
  validate(data: unknown): readonly DataError[] | undefined
  /** Judges stored data: an unknown field is kept, so that a newer producer poisons nothing. */
  validateStored(data: unknown): readonly DataError[] | undefined
  /** An output of this type that follows from `cause`. */
  from(
    cause: Event,
    data: z.infer<Schema>,
    attributes?: { readonly subject?: string },
  ): Output<z.infer<Schema>>
}

/** The event that a definition describes: `EventOf<typeof orderPlaced>`. */
export type EventOf<Definition extends EventDefinition> = Event<z.infer<Definition['data']>>

/**
 * Defines an event type. Checks what types cannot.
 * @throws TypeError naming the definition and what to change.
 */
export function defineEvent<Schema extends z.ZodType>(spec: EventSpec<Schema>): EventDefinition<Schema> {
  check(spec)
  // Judges valid data without copying it, in a sixth of the time. What it does not take, safeParse judges: it says why.
  const fast = z.compile(spec.data)
  const definition: EventDefinition<Schema> = {
    ...spec,
    retry: spec.retry ?? 'ordered',
    retryDelays: spec.retry === 'unordered' ? (spec.retryDelays ?? RETRY_DELAYS) : [],
    retentionDays: spec.retentionDays ?? RETENTION_DAYS,
    pii: spec.pii ?? [],
    isValid: (data) => fast.validate(data),
    validate(data) {
      if (fast.validate(data)) return undefined
      const result = spec.data.safeParse(data)
      return result.success ? undefined : result.error.issues.flatMap((issue) => toErrors(issue))
    },
    validateStored(data) {
      if (fast.validate(data)) return undefined
      const result = spec.data.safeParse(data)
      if (result.success) return undefined
      const issues = result.error.issues.filter((issue) => !onlyUnknownKeys(issue))
      return issues.length === 0 ? undefined : issues.flatMap((issue) => toErrors(issue))
    },
    from(cause, data, attributes) {
      return { definition, cause, data, ...attributes }
    },
  }
  return Object.freeze(definition)
}

const RETENTION_DAYS = 7

function check(spec: EventSpec<z.ZodType>): void {
  const fail = (what: string): never => {
    throw new TypeError(`Event definition "${spec.type}": ${what}`)
  }
  if (!NAME_PATTERN.test(spec.type) || spec.type.length > MAX_NAME_LENGTH) {
    fail(`the type must be kebab-case and at most ${MAX_NAME_LENGTH} characters, like "order-placed".`)
  }
  if (!Number.isInteger(spec.version) || spec.version < 1) fail('the version must be a whole number from 1.')
  if (spec.lanes.length === 0 || !spec.lanes.every(isLane)) fail(`lanes must be some of ${LANES.join(', ')}.`)
  if (new Set(spec.lanes).size !== spec.lanes.length) fail('a lane is named twice.')
  if (!spec.lanes.includes(spec.defaultPriority)) fail('defaultPriority must be one of its lanes.')
  for (const [lane, { weight, maxWaitMs }] of Object.entries(spec.laneShares ?? {})) {
    if (!spec.lanes.includes(lane as Lane)) fail(`laneShares names "${lane}", which is none of its lanes.`)
    if (!Number.isInteger(weight) || weight < 1 || weight > 1000) {
      fail(`the weight of the lane ${lane} must be a whole number from 1 to 1000.`)
    }
    if (!(maxWaitMs >= 10 && maxWaitMs <= 3_600_000)) {
      fail(`maxWaitMs of the lane ${lane} must be from 10 to 3,600,000.`)
    }
  }
  if (spec.retryDelays && spec.retry !== 'unordered') fail("retryDelays need retry: 'unordered'.")
  const delays = (spec.retryDelays ?? RETRY_DELAYS).map(retryDelayMs)
  if (delays.length === 0) fail('retryDelays must name at least one.')
  if (delays.some(Number.isNaN)) fail('retryDelays are like 500ms, 5s, 1m or 2h, and at most 7 days.')
  if (delays.some((delay, at) => at > 0 && delay <= delays[at - 1]!)) {
    fail('each of retryDelays must be longer than the one before.')
  }
  const { retentionDays = RETENTION_DAYS } = spec
  if (!Number.isInteger(retentionDays) || retentionDays < 1 || retentionDays > 3650) {
    fail('retentionDays must be a whole number from 1 to 3650.')
  }
  for (const pointer of spec.pii ?? []) {
    if (!/^(\/([^~/]|~[01])+)+$/.test(pointer)) {
      fail(`pii has "${pointer}", which is no JSON Pointer to a field, like "/customer/email".`)
    }
  }
  const result = spec.data.safeParse(spec.example)
  if (!result.success) fail(`the example is not valid: ${z.prettifyError(result.error)}`)
  if (!isSame(result.data, spec.example)) {
    fail('the schema changes the data; definitions do not transform, coerce or default.')
  }
}

/** Whether two JSON values are equal. Node's own is not there in a page, where definitions are used, too. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))]
  return (
    Array.isArray(a) === Array.isArray(b) &&
    left.length === right.size &&
    left.every(([name, value]) => right.has(name) && isSame(value, right.get(name)))
  )
}

type Issue = z.core.$ZodIssue

/** Whether an issue would vanish if objects let unknown fields through. */
function onlyUnknownKeys(issue: Issue): boolean {
  if (issue.code === 'unrecognized_keys') return true
  return (
    issue.code === 'invalid_union' &&
    issue.errors.some((branch) => branch.length > 0 && branch.every(onlyUnknownKeys))
  )
}

function toErrors(issue: Issue): DataError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: toPointer([...issue.path, key]),
      detail: 'This field is not known.',
    }))
  }
  return [{ pointer: toPointer(issue.path), detail: issue.message }]
}

/** RFC 6901. */
function toPointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
