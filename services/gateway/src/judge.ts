import { CLOUDEVENTS_JSON, CONTENT_TYPE, capLane, dataSchemaOf } from '@sluice/events'
import type { PublishRecord } from '@sluice/kafka'
import type { RuleInput } from '@sluice/rules'
import type { Candidate } from './body/candidate.ts'
import { mayPost } from './credentials/authorise.ts'
import type { Credential } from './credentials/credential.ts'
import type { JudgedFacts, LiveDecisions } from './decisions/live-decisions.ts'
import { encodeFramedCandidate } from './encode-framed.ts'
import { encodeValue, type Receipt } from './encode-value.ts'
import { MAX_ERRORS } from './problems.ts'
import { type Result, reject, settleAs } from './results.ts'
import { suggest } from './suggest.ts'
import { type Drop, findFilter, findWay, type TypePlan, type TypePlans, type Way } from './type-plans.ts'

export type JudgeOptions = {
  /** As they are in force now: asked for each event anew. */
  readonly plans: () => TypePlans
  /** The partition of a key, the same for every topic of a type. */
  readonly partitionOf: (key: string) => number
  /** How large a record's value may be; of a framed one, with the attributes that Sluice does not know. */
  readonly maxEventBytes: number
  /** By type, of all that may be posted: events are stored framed. Absent: as whole CloudEvents. */
  readonly schemaIds?: ReadonlyMap<string, number> | undefined
  /** What stream jobs and operators have decided; absent: nothing. */
  readonly decisions?: Pick<LiveDecisions, 'isEmpty' | 'now' | 'findDrop' | 'findWay'> | undefined
}

/**
 * One event's column up to the publisher: validate → (identity) → filter → prioritise → route. The rules have their say
 * first, then what was decided for the time being. Pure but for the result, which it completes when the event leaves the
 * column.
 * Throws when a definition or a rule does: a bug of ours.
 */
export type Judge = {
  /**
   * The plan of the event's type, or nothing and the reason in `result`.
   * @param explain whether to say what is wrong with the data: 1 µs for each fault, a hundred times what finding one takes
   */
  validate(
    candidate: Candidate,
    result: Result,
    credential: Credential,
    explain: boolean,
  ): TypePlan | undefined
  /** The record of a valid event; or nothing, and the reason in `result`. */
  route(candidate: Candidate, plan: TypePlan, result: Result, receipt: Receipt): PublishRecord | undefined
  /** Where a valid event goes to, if it is not dropped, as things stand now. */
  place(
    candidate: Candidate,
    plan: TypePlan,
    id: string,
    credential: Credential,
  ): { readonly topic: string; readonly key: string }
}

export function createJudge(options: JudgeOptions): Judge {
  const { plans, partitionOf, maxEventBytes, schemaIds, decisions } = options
  const postable = [...plans().values()]
    .filter(({ definition }) => definition.origin === 'producer')
    .map(({ definition }) => definition.type)

  // The event that is judged, as rules and decisions see it. One for all: nobody keeps it, and judging is synchronous.
  const input: RuleInput = {
    data: undefined,
    id: '',
    source: '',
    subject: undefined,
    tenant: '',
    wish: undefined,
  }

  return { validate, route, place }

  function route(
    candidate: Candidate,
    plan: TypePlan,
    result: Result,
    receipt: Receipt,
  ): PublishRecord | undefined {
    const { credential } = receipt
    const { definition } = plan
    show(candidate, result.id, credential)
    const drop = findFilter(plan, input)
    if (drop) return dropAs(result, drop)
    const key = definition.key(candidate.data)
    const facts = factsOf(plan, key)
    const decided = facts && decisions!.findDrop(facts)
    if (decided) return dropAs(result, decided)

    const way = wayOf(plan, facts)
    const { lane, topic } = way
    result.way = way
    const framed =
      schemaIds &&
      encodeFramedCandidate(candidate, result.id, definition, way, receipt, schemaIds.get(definition.type)!)
    const value = framed ? framed.value : encodeValue(candidate, result.idText, way, receipt)
    if (isLargerThan(maxEventBytes, value, candidate.extensions)) {
      return reject(result, 'event-too-large', [
        { pointer: '', detail: `An event may have at most ${maxEventBytes} bytes when it is stored.` },
      ])
    }
    return {
      lane,
      topic,
      partition: partitionOf(key),
      key,
      value,
      headers: framed ? framed.headers : HEADERS,
    }
  }

  function place(candidate: Candidate, plan: TypePlan, id: string, credential: Credential) {
    show(candidate, id, credential)
    const key = plan.definition.key(candidate.data)
    const { topic } = wayOf(plan, factsOf(plan, key))
    return { topic, key }
  }

  function wayOf(plan: TypePlan, facts: JudgedFacts | undefined): Way {
    const way = findWay(plan, input)
    return facts ? decisions!.findWay(plan, way, facts) : way
  }

  /** What decisions ask about; undefined when nothing is decided, so that it costs nothing then. */
  function factsOf({ definition }: TypePlan, key: string): JudgedFacts | undefined {
    if (!decisions || decisions.isEmpty()) return undefined
    const { tenant, source, data } = input
    return { tenant, type: definition.type, source, key, data, at: decisions.now() }
  }

  /** Fills in what rules and decisions look at; before either is asked. */
  function show(candidate: Candidate, id: string, { source, tenant, maxPriority }: Credential): void {
    const { data, subject, priority } = candidate
    input.data = data
    input.id = id
    input.source = candidate.source ?? source
    input.subject = subject
    input.tenant = tenant
    input.wish = priority && capLane(priority, maxPriority)
  }

  function validate(
    candidate: Candidate,
    result: Result,
    credential: Credential,
    explain: boolean,
  ): TypePlan | undefined {
    if (candidate.refusal) return reject(result, candidate.refusal.code, candidate.refusal.errors)
    const type = candidate.type!
    const plan = plans().get(type)
    if (!plan) {
      const nearest = suggest(type, postable)
      const hint = nearest ? ` Did you mean "${nearest}"?` : ''
      return reject(result, 'unknown-type', [
        { pointer: '/type', detail: `There is no event type "${type}".${hint}` },
      ])
    }
    const { definition } = plan
    if (!mayPost(credential, definition)) {
      const why = definition.origin === 'derived' ? 'are derived' : 'are not among those of this credential'
      return reject(result, 'not-allowed', [
        { pointer: '/type', detail: `Events of type "${type}" ${why}; it may not post them.` },
      ])
    }
    if (candidate.dataschema !== undefined && !fitsSchema(definition, candidate.dataschema)) {
      const ours = dataSchemaOf(type, definition.version)
      return reject(result, 'invalid-event', [
        {
          pointer: '/dataschema',
          detail: `"dataschema" must be absent, or ${ours} or an earlier version of it.`,
        },
      ])
    }
    if (definition.isValid(candidate.data)) return plan
    if (!explain) return reject(result, 'schema', UNEXPLAINED)
    const errors = definition.validate(candidate.data) ?? []
    return reject(
      result,
      'schema',
      errors.slice(0, MAX_ERRORS).map(({ pointer, detail }) => ({ pointer: `/data${pointer}`, detail })),
    )
  }
}

function dropAs(result: Result, drop: Drop): undefined {
  settleAs(result, 'filtered', undefined)
  result.filteredBy = drop
}

const UNEXPLAINED = [
  {
    pointer: '/data',
    detail: 'The data does not fit its type. Too many faults of this request were told already.',
  },
]

const HEADERS = Object.freeze({ [CONTENT_TYPE]: CLOUDEVENTS_JSON })

/** Versions of a schema are compatible, so a producer may name the one it was written for. */
function fitsSchema({ type, version }: TypePlan['definition'], dataschema: string): boolean {
  for (let earlier = version; earlier >= 1; earlier--) {
    if (dataschema === dataSchemaOf(type, earlier)) return true
  }
  return false
}

/**
 * A UTF-16 unit has at most 3 bytes in UTF-8: most events need not be measured. The attributes of a framed one are not
 * in its value; those that are Sluice's own have a bounded length.
 */
function isLargerThan(bytes: number, value: string | Buffer, extensions: string): boolean {
  if (typeof value !== 'string') return value.length + Buffer.byteLength(extensions) > bytes
  return value.length * 3 > bytes && Buffer.byteLength(value) > bytes
}
