import type { CatalogueEntry } from '@sluice/events'
import type { RuleSet } from '@sluice/rules'
import { type Metrics, RULES_LOADED, RULES_VERSION } from '@sluice/telemetry'
import { type Plans, planTypes, type TypePlans } from '../type-plans.ts'

/** Where the rules in force come from: the file beside the gateway, or the topic that all gateways follow. */
export type RulesOrigin = {
  readonly from: 'file' | 'topic'
  /** The file's path, or who published it. */
  readonly by: string
  readonly why?: string | undefined
}

/** The rules that are in force now. */
export type ActiveRules = {
  /** What events are judged by; the same object until the rules change. */
  types(): TypePlans
  set(): RuleSet
  describe(): ActiveRulesView
  /** Puts a set in force as a whole: the next event is judged by it. */
  take(set: RuleSet, origin: RulesOrigin): void
}

/** What operators see of the rules, for `GET /v1/rules`. */
export type ActiveRulesView = RulesOrigin & {
  readonly version: string
  /** RFC 3339. */
  readonly since: string
  readonly rules: readonly RuleView[]
}

export type RuleView = {
  readonly name: string
  readonly types: readonly string[]
  readonly owner: string
  readonly why?: string | undefined
  readonly when: string
  readonly effect: string
  /** Since the set is in force, at this gateway. */
  readonly evaluated: number
  readonly matched: number
  readonly failed: number
  readonly failure?: string | undefined
  /** What is suspicious about it. */
  readonly remark?: string | undefined
}

export function createActiveRules(options: {
  readonly entries: readonly CatalogueEntry[]
  readonly metrics: Metrics
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}): ActiveRules {
  const { entries, metrics, now = Date.now } = options
  const version = metrics.gauge(RULES_VERSION, {})
  const loaded = metrics.gauge(RULES_LOADED, {})
  let current: { set: RuleSet; origin: RulesOrigin; plans: Plans; since: number } | undefined

  return {
    types: () => inForce().plans.types,
    set: () => inForce().set,
    take(set, origin) {
      const since = now()
      current = { set, origin, plans: planTypes(entries, set, metrics), since }
      version.set(Number.parseInt(set.version, 16))
      loaded.set(since / 1000)
    },
    describe() {
      const { set, origin, plans, since } = inForce()
      return {
        version: set.version,
        ...origin,
        since: new Date(since).toISOString(),
        rules: plans.tallies.map(({ rule, evaluated, matched, failed, failure }) => ({
          name: rule.name,
          types: [...rule.conditions.keys()],
          owner: rule.owner,
          why: rule.why,
          when: rule.when,
          effect: rule.effect,
          evaluated,
          matched,
          failed,
          failure,
          remark: remarkOn(evaluated, matched, failed),
        })),
      }
    },
  }

  function inForce() {
    if (!current) throw new Error('No rules were taken yet: a bug.')
    return current
  }
}

/** So often a rule must have been asked before it says something that it never, or always, matched. */
const ENOUGH = 1000

function remarkOn(evaluated: number, matched: number, failed: number): string | undefined {
  if (failed > 0 && failed === evaluated) return 'can never be told'
  if (evaluated < ENOUGH) return undefined
  if (matched === 0) return 'never matches'
  return matched === evaluated ? 'always matches' : undefined
}
