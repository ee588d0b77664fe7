import {
  type CatalogueEntry,
  capLane,
  dataSchemaOf,
  type EventDefinition,
  LANES,
  type Lane,
  laneTopic,
} from '@sluice/events'
import { type Counter, INGEST_EVENTS, type Metrics, PRIORITISED_EVENTS } from '@sluice/telemetry'
import { type Priority, prioritise } from './prioritise.ts'
import type { FilterRule, PriorityRule, Rule } from './rules.ts'

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

/** What is known about a type before its first event comes. */
export type TypePlan = {
  readonly definition: EventDefinition
  readonly filters: readonly FilterRule[]
  readonly priorities: readonly { readonly rule: PriorityRule; readonly way: Way }[]
  readonly byDefault: Way
  /** By the wish as it counts, capped by what the credential may ask for. */
  readonly byWish: Readonly<Record<Lane, Way>>
}

export type TypePlans = ReadonlyMap<string, TypePlan>

/**
 * Prepares every type once, so that an event costs no more than a look-up: metric cells, topics, constant text.
 * @throws TypeError when a rule names an unknown type, or two rules have one name.
 */
export function planTypes(
  entries: readonly CatalogueEntry[],
  rules: readonly Rule[],
  metrics: Metrics,
): TypePlans {
  const plans = new Map(
    entries.map(({ definition }) => [
      definition.type,
      planType(
        definition,
        rules.filter(({ type }) => type === definition.type),
        metrics,
      ),
    ]),
  )
  const names = new Set<string>()
  for (const { name, type } of rules) {
    if (!plans.has(type)) throw new TypeError(`The rule "${name}" is for "${type}", which is no event type.`)
    if (names.has(name)) throw new TypeError(`Two rules are called "${name}".`)
    names.add(name)
  }
  return plans
}

/** The first filter that matches, if any. */
export function findFilter(plan: TypePlan, data: unknown): FilterRule | undefined {
  for (const rule of plan.filters) if (rule.matches(data)) return rule
  return undefined
}

/** The way of an event: what `prioritise` says, looked up. */
export function findWay(plan: TypePlan, wish: Lane | undefined, cap: Lane, data: unknown): Way {
  for (const { rule, way } of plan.priorities) if (rule.matches(data)) return way
  return wish === undefined ? plan.byDefault : plan.byWish[capLane(wish, cap)]
}

function planType(definition: EventDefinition, rules: readonly Rule[], metrics: Metrics): TypePlan {
  const wayOf = (wishes: { wish?: Lane; rule?: PriorityRule }) =>
    toWay(definition, prioritise(definition, { ...wishes, cap: 'high' }), metrics)
  return {
    definition,
    filters: rules.filter((rule) => rule.kind === 'filter'),
    priorities: rules
      .filter((rule) => rule.kind === 'priority')
      .map((rule) => ({ rule, way: wayOf({ rule }) })),
    byDefault: wayOf({}),
    byWish: Object.fromEntries(LANES.map((wish) => [wish, wayOf({ wish })])) as Record<Lane, Way>,
  }
}

function toWay(definition: EventDefinition, { lane, decidedBy }: Priority, metrics: Metrics): Way {
  const { type, version } = definition
  const text = JSON.stringify
  return {
    lane,
    decidedBy,
    topic: laneTopic(type, lane),
    envelope: `,"datacontenttype":"application/json","dataschema":${text(dataSchemaOf(type, version))},"priority":${text(lane)}`,
    acceptedResult: `,"type":${text(type)},"status":"accepted","priority":${text(lane)},"decidedBy":${text(decidedBy)}}`,
    accepted: metrics.counter(INGEST_EVENTS, { type, lane, outcome: 'accepted', code: '' }),
    prioritised: metrics.counter(PRIORITISED_EVENTS, { type, decided_by: decidedBy }),
  }
}
