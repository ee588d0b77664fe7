import {
  type CatalogueEntry,
  dataSchemaOf,
  type EventDefinition,
  LANES,
  type Lane,
  laneTopic,
} from '@sluice/events'
import type { Condition, Rule, RuleInput, RuleSet } from '@sluice/rules'
import {
  type Counter,
  FILTERED_EVENTS,
  INGEST_EVENTS,
  type Metrics,
  PRIORITISED_EVENTS,
  RULE_EVALUATIONS,
  RULE_FAILURES,
  RULE_MATCHES,
} from '@sluice/telemetry'
import { type Priority, prioritise } from './prioritise.ts'

/** One way through the gateway: a type in a lane, and who decided. All that is the same for each such event. */
export type Way = Priority & {
  readonly topic: string
  /** The members of the stored event from `datacontenttype` to `priority`, with a leading comma. */
  readonly envelope: string
  /** The members of the result behind `id`, when the event was accepted. */
  readonly acceptedResult: string
  readonly accepted: Counter
  readonly prioritised: Counter
}

/** What a rule has done since its set is in force. */
export type RuleTally = {
  readonly rule: Rule
  evaluated: number
  matched: number
  /** How often it could not be told whether it matches, and why the last time. */
  failed: number
  failure: string | undefined
  readonly evaluations: Counter
  readonly matches: Counter
  readonly failures: Counter
}

type PlannedRule = { readonly condition: Condition; readonly tally: RuleTally }

/** What drops events of a type. */
export type Drop = {
  /** As it stands in results: `rule:<name>` or `decision:<id>`. */
  readonly decidedBy: string
  readonly filtered: Counter
}

/** What is known about a type before its first event comes. */
export type TypePlan = {
  readonly definition: EventDefinition
  readonly filters: readonly (PlannedRule & { readonly drop: Drop })[]
  readonly priorities: readonly (PlannedRule & { readonly way: Way })[]
  readonly byDefault: Way
  /** By the wish as it counts, capped by what the credential may ask for. */
  readonly byWish: Readonly<Record<Lane, Way>>
  /**
   * A way that nothing of the above leads to, made anew with each call.
   * @param prioritised counts the events that go it
   */
  readonly otherWay: (priority: Priority, prioritised: Counter) => Way
}

export type TypePlans = ReadonlyMap<string, TypePlan>

/** Every type by one set of rules. Replaced as a whole when the rules change. */
export type Plans = { readonly types: TypePlans; readonly tallies: readonly RuleTally[] }

/** Prepares every type once, so that an event costs no more than a look-up: metric cells, topics, constant text. */
export function planTypes(entries: readonly CatalogueEntry[], { rules }: RuleSet, metrics: Metrics): Plans {
  const tallies = rules.map((rule) => toTally(rule, metrics))
  const types = entries.map(({ definition }): [string, TypePlan] => [
    definition.type,
    planType(definition, tallies, metrics),
  ])
  return { types: new Map(types), tallies }
}

/** What the first filter that matches does, if any. */
export function findFilter(plan: TypePlan, input: RuleInput): Drop | undefined {
  for (const planned of plan.filters) if (matches(planned, input)) return planned.drop
  return undefined
}

/** The way of an event: what `prioritise` says, looked up. */
export function findWay(plan: TypePlan, input: RuleInput): Way {
  for (const planned of plan.priorities) if (matches(planned, input)) return planned.way
  return input.wish === undefined ? plan.byDefault : plan.byWish[input.wish]
}

/** What cannot be told is no match. */
function matches({ condition, tally }: PlannedRule, input: RuleInput): boolean {
  const verdict = condition(input)
  tally.evaluated++
  tally.evaluations.add(1)
  if (verdict === false) return false
  if (verdict === true) {
    tally.matched++
    tally.matches.add(1)
    return true
  }
  tally.failed++
  tally.failures.add(1)
  tally.failure = verdict.reason
  return false
}

function toTally(rule: Rule, metrics: Metrics): RuleTally {
  const labels = { rule: rule.name }
  return {
    rule,
    evaluated: 0,
    matched: 0,
    failed: 0,
    failure: undefined,
    evaluations: metrics.counter(RULE_EVALUATIONS, labels),
    matches: metrics.counter(RULE_MATCHES, labels),
    failures: metrics.counter(RULE_FAILURES, labels),
  }
}

function planType(definition: EventDefinition, tallies: readonly RuleTally[], metrics: Metrics): TypePlan {
  const { type } = definition
  const otherWay = (priority: Priority, prioritised: Counter) =>
    toWay(definition, priority, prioritised, metrics)
  function wayOf(wishes: { wish?: Lane; rule?: { name: string; priority: Lane } }): Way {
    const priority = prioritise(definition, { ...wishes, cap: 'high' })
    const labels = { type, decided_by: priority.decidedBy }
    return otherWay(priority, metrics.counter(PRIORITISED_EVENTS, labels))
  }
  const filters: (PlannedRule & { drop: Drop })[] = []
  const priorities: (PlannedRule & { way: Way })[] = []
  for (const tally of tallies) {
    const { name, effect, conditions } = tally.rule
    const condition = conditions.get(type)
    if (!condition) continue
    if (effect === 'drop') filters.push({ condition, tally, drop: toDrop(type, name, metrics) })
    else priorities.push({ condition, tally, way: wayOf({ rule: { name, priority: effect } }) })
  }
  return {
    definition,
    filters,
    priorities,
    byDefault: wayOf({}),
    byWish: Object.fromEntries(LANES.map((wish) => [wish, wayOf({ wish })])) as Record<Lane, Way>,
    otherWay,
  }
}

function toDrop(type: string, rule: string, metrics: Metrics): Drop {
  return { decidedBy: `rule:${rule}`, filtered: metrics.counter(FILTERED_EVENTS, { type, rule }) }
}

function toWay(
  definition: EventDefinition,
  { lane, decidedBy }: Priority,
  prioritised: Counter,
  metrics: Metrics,
): Way {
  const { type, version } = definition
  const text = JSON.stringify
  return {
    lane,
    decidedBy,
    topic: laneTopic(type, lane),
    envelope: `,"datacontenttype":"application/json","dataschema":${text(dataSchemaOf(type, version))},"priority":${text(lane)}`,
    acceptedResult: `,"type":${text(type)},"status":"accepted","priority":${text(lane)},"decidedBy":${text(decidedBy)}}`,
    accepted: metrics.counter(INGEST_EVENTS, { type, lane, outcome: 'accepted', code: '' }),
    prioritised,
  }
}
