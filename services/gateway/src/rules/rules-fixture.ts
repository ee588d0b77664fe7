import { readFileSync } from 'node:fs'
import { type CatalogueEntry, catalogue } from '@sluice/events'
import { parseRules, type RuleSet } from '@sluice/rules'
import type { Metrics } from '@sluice/telemetry'
import { planTypes, type TypePlans } from '../type-plans.ts'

const definitions = catalogue.map(({ definition }) => definition)

export function rulesOf(text: string): RuleSet {
  return parseRules(text, definitions, 'rules.yaml')
}

/** What the gateway comes with. */
export const OWN_RULES = rulesOf(readFileSync(new URL('../../rules.yaml', import.meta.url), 'utf8'))

export const NO_RULES = rulesOf('rules: []')

/** Types planned by rules that do not change; by those that the gateway comes with without. */
export function planWith(options: {
  readonly metrics: Metrics
  readonly entries?: readonly CatalogueEntry[] | undefined
  readonly rules?: RuleSet | undefined
}): () => TypePlans {
  const { types } = planTypes(options.entries ?? catalogue, options.rules ?? OWN_RULES, options.metrics)
  return () => types
}
