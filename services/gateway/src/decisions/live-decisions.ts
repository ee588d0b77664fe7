import {
  ACTIONS,
  type Action,
  createDecisionIndex,
  type DecisionIndexOptions,
  type DecisionRecord,
  type EventFacts,
  type HeldDecision,
  type HeldMove,
  isLive,
  OPERATOR_PREFIX,
} from '@sluice/decisions'
import type { Lane } from '@sluice/events'
import {
  type Counter,
  DECIDED_EVENTS,
  FILTERED_EVENTS,
  LIVE_DECISIONS,
  type Metrics,
  PRIORITISED_EVENTS,
} from '@sluice/telemetry'
import type { BadRecord } from '../control/follow-control-topic.ts'
import { move } from '../prioritise.ts'
import type { Drop, TypePlan, Way } from '../type-plans.ts'

export type LiveDecisionsOptions = DecisionIndexOptions & {
  readonly metrics: Metrics
  /** Milliseconds since the epoch: what decisions begin and end by. */
  readonly now?: () => number
}

/** What decisions ask about an event, and when it is judged: looking at the clock costs as much as looking it up. */
export type JudgedFacts = EventFacts & { readonly at: number }

/** What stream jobs and operators have decided, as far as this replica knows, applied to events. */
export type LiveDecisions = {
  /** Takes a record of the decisions' topic. */
  apply(record: DecisionRecord): BadRecord | undefined
  /** Whether there is nothing to ask for. */
  isEmpty(): boolean
  /** The time that decisions begin and end by. */
  now(): number
  /** What drops an event that passed the rules' filters. */
  findDrop(event: JudgedFacts): Drop | undefined
  /** Where an event goes that would go `way`. It is that way unless a decision leads to another lane. */
  findWay(plan: TypePlan, way: Way, event: JudgedFacts): Way
  /** Those that are live, and those that will be. */
  list(): HeldDecision[]
  get(id: string): HeldDecision | undefined
  stop(): void
}

const SWEEP_EVERY_MS = 1000

/** Jobs are few, but whoever writes to the topic names them. */
const MAX_LABELS = 50

/**
 * What a decision does to the events of a type is made when it does so for the first time, and goes with the decision:
 * most decisions are about few events, and none at all is the rule.
 */
export function createLiveDecisions(options: LiveDecisionsOptions): LiveDecisions {
  const { metrics, now = Date.now } = options
  const index = createDecisionIndex(options)
  const drops = new WeakMap<HeldDecision, Map<string, Drop>>()
  /** Plans are replaced as a whole when rules change. */
  const ways = new WeakMap<TypePlan, WeakMap<HeldDecision, Map<Lane, Way>>>()
  const labels = new Set<string>()
  const sweeping = setInterval(() => index.sweep(now()), SWEEP_EVERY_MS).unref()
  metrics.onScrape(() => {
    const counts = Object.fromEntries(ACTIONS.map((action) => [action, 0])) as Record<Action, number>
    const at = now()
    for (const held of index.list()) if (isLive(held, at)) counts[held.action]++
    for (const action of ACTIONS) metrics.gauge(LIVE_DECISIONS, { action }).set(counts[action])
  })

  function createDrop(decision: HeldDecision, type: string): Drop {
    const filtered = metrics.counter(FILTERED_EVENTS, { type, rule: '' })
    return { decidedBy: `decision:${decision.id}`, filtered: countFor(decision, filtered) }
  }

  function createWay(decision: HeldDecision, lane: Lane, plan: TypePlan): Way {
    const { type } = plan.definition
    const prioritised = metrics.counter(PRIORITISED_EVENTS, { type, decided_by: 'decision' })
    return plan.otherWay({ lane, decidedBy: `decision:${decision.id}` }, countFor(decision, prioritised))
  }

  /** Counts an event in all the places where a decision's are counted. Ids are no labels: there is no end to them. */
  function countFor(decision: HeldDecision, counter: Counter): Counter {
    const { by, action } = decision
    const decided = metrics.counter(DECIDED_EVENTS, { by: labelOf(by), action })
    return {
      add(count) {
        counter.add(count)
        decided.add(count)
        decision.hits += count
      },
    }
  }

  function labelOf(by: string): string {
    if (by.startsWith(OPERATOR_PREFIX)) return 'operator'
    if (!labels.has(by) && labels.size >= MAX_LABELS) return 'other'
    labels.add(by)
    return by
  }

  return {
    apply(record) {
      const applied = index.apply(record, now())
      return applied.status === 'refused' ? applied : undefined
    },
    isEmpty: () => index.size === 0,
    now,
    findDrop(event) {
      const decision = index.findSuppression(event, event.at)
      if (!decision) return undefined
      const byType = getOrMake(drops, decision, () => new Map<string, Drop>())
      return getOrMake(byType, event.type, () => createDrop(decision, event.type))
    },
    findWay(plan, way, event) {
      const decision: HeldMove | undefined = index.findMove(event, event.at)
      if (!decision) return way
      const lane = move(way.lane, decision, plan.definition.lanes)
      // Who changes nothing has not decided.
      if (lane === way.lane) return way
      const byDecision = getOrMake(ways, plan, () => new WeakMap<HeldDecision, Map<Lane, Way>>())
      const byLane = getOrMake(byDecision, decision, () => new Map<Lane, Way>())
      return getOrMake(byLane, lane, () => createWay(decision, lane, plan))
    },
    list() {
      index.sweep(now())
      return [...index.list()]
    },
    get(id) {
      index.sweep(now())
      return index.get(id)
    },
    stop: () => clearInterval(sweeping),
  }
}

function getOrMake<Key, Value>(
  map: { get(key: Key): Value | undefined; set(key: Key, value: Value): unknown },
  key: Key,
  make: () => Value,
): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
