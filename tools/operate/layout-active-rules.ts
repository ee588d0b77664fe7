import { count, table } from './table.ts'

/** What a gateway says of its rules. */
export type ShownRules = {
  readonly version: string
  readonly from: 'file' | 'topic'
  readonly by: string
  readonly why?: string
  readonly since: string
  readonly rules: readonly {
    readonly name: string
    readonly types: readonly string[]
    readonly owner: string
    readonly effect: string
    readonly evaluated: number
    readonly matched: number
    readonly failed: number
    readonly failure?: string
    readonly remark?: string
  }[]
}

/** What `npm run rules -- show` says. */
export function layoutActiveRules({ version, from, by, why, since, rules }: ShownRules): string {
  const origin = from === 'file' ? `of ${by}` : `published by ${by}: ${why}`
  const head = `${count(rules.length, 'rule')}, version ${version}, ${origin}; in force at this gateway since ${since}.`
  if (rules.length === 0) return head
  const rows = rules.map(({ name, types, owner, effect, evaluated, matched, failed, failure, remark }) => [
    name,
    types.join(' '),
    owner,
    effect,
    evaluated.toLocaleString('en'),
    matched.toLocaleString('en'),
    [remark, failed > 0 ? `could not be told ${failed.toLocaleString('en')} times: ${failure}` : '']
      .filter(Boolean)
      .join('; '),
  ])
  return `${head}\n\n${table(['rule', 'types', 'owner', 'effect', 'asked', 'matched', ''], rows, [4, 5])}`
}
