import { type EventDefinition, LANES, type Lane, nearestLane } from '@sluice/events'
import { Failure, type RuleInput } from './expression.ts'
import type { Rule, RuleSet } from './rule-set.ts'

/** An event as it was stored. */
export type StoredEvent = {
  readonly definition: EventDefinition
  /** The lane that it went into. */
  readonly lane: Lane
  readonly input: RuleInput
}

/**
 * What other rules would do to an event. `kept`: the rules before would drop it, these do not; it is stored because yet
 * others were in force when it came.
 */
export const CHANGES = ['dropped', 'kept', 'raised', 'lowered'] as const
export type Change = (typeof CHANGES)[number]

/** Events that would change in the same way. */
export type ChangeGroup = {
  readonly type: string
  readonly change: Change
  /** The lane before and after; nothing where it is dropped. */
  readonly from: Lane | undefined
  readonly to: Lane | undefined
  /** Who decided, and who would: a rule's name, or nothing. */
  readonly before?: string
  readonly after?: string
  count: number
  /** Ids of the first few. */
  readonly examples: string[]
}

/** What a rule of the other set did. */
export type TriedRule = {
  readonly rule: Rule
  /** Of the events that no earlier rule had decided. */
  evaluated: number
  matched: number
  failed: number
  failure: string | undefined
}

export type RuleComparison = {
  /** Judges one more event by both sets. */
  take(event: StoredEvent): void
  /** Largest first. */
  groups(): readonly ChangeGroup[]
  readonly rules: readonly TriedRule[]
  /** How many events were taken. */
  readonly count: () => number
}

const MAX_EXAMPLES = 3

/**
 * Compares what two sets of rules do to events that were stored. What the producer wished for is not stored: where a rule
 * no longer decides, the default of the type is taken for it. Where both sets say the same nothing changes, whatever lane the event
 * is in: a decision may have moved it.
 */
export function compareRuleSets(before: RuleSet, after: RuleSet): RuleComparison {
  const tries = (set: RuleSet) =>
    set.rules.map((rule): TriedRule => ({ rule, evaluated: 0, matched: 0, failed: 0, failure: undefined }))
  const olds = byType(tries(before))
  const rules = tries(after)
  const news = byType(rules)
  const groups = new Map<string, ChangeGroup>()
  let count = 0

  return {
    take,
    groups: () => [...groups.values()].sort((a, b) => b.count - a.count),
    rules,
    count: () => count,
  }

  function take({ definition, lane, input }: StoredEvent): void {
    const { type } = definition
    count++
    const old = judge(olds.get(type) ?? [], type, input)
    const now = judge(news.get(type) ?? [], type, input)
    if (old?.effect === now?.effect) return
    const id = input.id
    if (now?.effect === 'drop') {
      add({ type, change: 'dropped', from: lane, to: undefined, ...deciders(old, now) }, id)
      return
    }
    const to = now ? nearestLane(now.effect as Lane, definition.lanes) : definition.defaultPriority
    if (old?.effect === 'drop') add({ type, change: 'kept', from: undefined, to, ...deciders(old, now) }, id)
    else if (to !== lane) {
      const change = LANES.indexOf(to) < LANES.indexOf(lane) ? 'raised' : 'lowered'
      add({ type, change, from: lane, to, ...deciders(old, now) }, id)
    }
  }

  function add(what: Omit<ChangeGroup, 'count' | 'examples'>, id: string): void {
    const key = Object.values(what).join(' ')
    const group = groups.get(key) ?? { ...what, count: 0, examples: [] }
    groups.set(key, group)
    group.count++
    if (group.examples.length < MAX_EXAMPLES) group.examples.push(id)
  }
}

function deciders(old: Rule | undefined, now: Rule | undefined): { before?: string; after?: string } {
  return { ...(old && { before: old.name }), ...(now && { after: now.name }) }
}

/** The rules of each type, those that drop first: the order in which they are asked. */
function byType(tries: readonly TriedRule[]): ReadonlyMap<string, readonly TriedRule[]> {
  const types = new Set(tries.flatMap(({ rule }) => [...rule.conditions.keys()]))
  const isDrop = ({ rule }: TriedRule) => rule.effect === 'drop'
  return new Map(
    [...types].map((type) => {
      const own = tries.filter(({ rule }) => rule.conditions.has(type))
      return [type, [...own.filter(isDrop), ...own.filter((tried) => !isDrop(tried))]]
    }),
  )
}

/** The first rule that matches. */
function judge(tries: readonly TriedRule[], type: string, input: RuleInput): Rule | undefined {
  for (const tried of tries) {
    const verdict = tried.rule.conditions.get(type)!(input)
    tried.evaluated++
    if (verdict === true) {
      tried.matched++
      return tried.rule
    }
    if (verdict instanceof Failure) {
      tried.failed++
      tried.failure = verdict.reason
    }
  }
  return undefined
}
