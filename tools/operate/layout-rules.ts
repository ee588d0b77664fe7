import type { TriedRules } from '@sluice/operations'
import { CHANGES, type ChangeGroup, type FailedRuleTest, type RuleSet, type TriedRule } from '@sluice/rules'
import { count, shorten, table } from './table.ts'

/** What `npm run rules -- test` says, when the file itself could be read. */
export function layoutRuleTests(
  file: string,
  set: RuleSet,
  { passed, failed }: { readonly passed: number; readonly failed: readonly FailedRuleTest[] },
): string {
  const lines = failed.map(({ rule, test, failure }) => {
    const expected = test.matches ? 'should match, and does not' : 'should not match, and does'
    const why = failure === undefined ? '' : `: ${failure}`
    return `${file}:${test.line}: the rule "${rule.name}" ${expected}${why}.`
  })
  const untested = set.rules.filter(({ tests }) => tests.length === 0).map(({ name }) => name)
  if (untested.length > 0) lines.push(`Without a test: ${untested.join(', ')}.`)
  const ran =
    failed.length === 0
      ? `${count(passed, 'test')} passed`
      : `${count(failed.length, 'test')} failed, ${passed} passed`
  return [...lines, `${count(set.rules.length, 'rule')}, ${ran}. Version ${set.version}.`].join('\n')
}

/** What `npm run rules -- dry-run` says. @param seconds how long it took */
export function layoutTriedRules(tried: TriedRules, since: number, seconds: number): string {
  const { types, groups, rules, unreadable } = tried
  const when = new Date(since).toISOString().slice(0, 19).replace('T', ' ')
  const head = `${count(tried.count, 'event')} of ${types.join(', ') || 'no type'}, stored since ${when} UTC, judged in ${seconds.toFixed(1)} s.`
  const skipped =
    unreadable === 0
      ? []
      : [`${count(unreadable, 'record')} passed over: no event that today's definition takes.`]
  return [
    head,
    ...skipped,
    '',
    tried.count === 0
      ? 'Nothing to judge: go further back with --since 7d, as far as Kafka keeps events.'
      : layoutChanges(tried),
    ...(groups.length > 0 ? ['', layoutGroups(groups)] : []),
    ...(tried.count > 0 && rules.length > 0 ? ['', layoutRules(rules)] : []),
  ].join('\n')
}

/** The same as a JSON document. */
export function triedRulesDocument({ rules, ...tried }: TriedRules, since: number): object {
  return {
    since: new Date(since).toISOString(),
    ...tried,
    rules: rules.map((tried) => {
      const { rule, evaluated, matched, failed, failure } = tried
      const { name, effect } = rule
      return { name, effect, evaluated, matched, failed, failure, remark: remarkOn(tried) }
    }),
  }
}

function layoutChanges({ count: all, groups }: TriedRules): string {
  const counts = CHANGES.map((change) => {
    const number = groups
      .filter((group) => group.change === change)
      .reduce((sum, group) => sum + group.count, 0)
    return [change, number] as const
  })
  const unchanged = all - counts.reduce((sum, [, number]) => sum + number, 0)
  const rows = [...counts, ['unchanged', unchanged] as const].map(([what, number]) => [
    what,
    number.toLocaleString('en'),
    `${((100 * number) / all).toFixed(1)} %`,
  ])
  return table(['', 'events', 'share'], rows, [1, 2])
}

function layoutGroups(groups: readonly ChangeGroup[]): string {
  const decider = (name: string | undefined) => name ?? 'no rule'
  const rows = groups.map(({ type, change, from, to, before, after, count, examples }) => [
    type,
    `${from ?? 'dropped'} → ${to ?? 'dropped'}`,
    `${decider(before)} → ${decider(after)}`,
    change,
    count.toLocaleString('en'),
    examples.map((id) => shorten(id, 36)).join(', '),
  ])
  return table(['type', 'lane', 'decided by', 'change', 'events', 'for example'], rows, [4])
}

function layoutRules(rules: readonly TriedRule[]): string {
  const rows = rules.map((tried) => [
    tried.rule.name,
    tried.rule.effect,
    tried.evaluated.toLocaleString('en'),
    tried.matched.toLocaleString('en'),
    remarkOn(tried) ?? '',
  ])
  return table(['rule', 'effect', 'asked', 'matched', ''], rows, [2, 3])
}

function remarkOn({ evaluated, matched, failed, failure }: TriedRule): string | undefined {
  if (evaluated === 0) return 'never asked: no event, or an earlier rule decides'
  if (failed === evaluated) return `can never be told: ${failure}`
  if (matched === 0) return 'never matches'
  if (matched === evaluated) return 'always matches'
  return failed === 0 ? undefined : `could not be told ${failed.toLocaleString('en')} times: ${failure}`
}
