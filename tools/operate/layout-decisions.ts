import { count, shorten, table } from './table.ts'

/** A decision as a gateway shows it. */
export type ShownDecision = {
  readonly id: string
  readonly action: string
  readonly scope: Readonly<Record<string, string>>
  readonly priority?: string
  readonly reason: string
  readonly by: string
  readonly until: string
}

export type ListedDecisions = {
  readonly count: number
  readonly live: number
  readonly decisions: readonly (ShownDecision & {
    readonly live: boolean
    readonly hits: number
    readonly secondsUntilLive?: number
    readonly secondsLeft: number
  })[]
}

/** Those that start last first. */
export function layoutDecisions({ count: all, live, decisions }: ListedDecisions): string {
  if (all === 0) return 'No decisions.'
  const rows = decisions.map((decision) => [
    shorten(decision.id, 48),
    decision.priority === undefined ? decision.action : `${decision.action} to ${decision.priority}`,
    shorten(scopeText(decision.scope), 60),
    decision.secondsUntilLive === undefined ? 'live' : `in ${lengthText(decision.secondsUntilLive)}`,
    lengthText(decision.secondsLeft),
    String(decision.hits),
    shorten(decision.by, 24),
    shorten(decision.reason, 60),
  ])
  const head = ['id', 'action', 'scope', 'state', 'left', 'hits', 'by', 'reason']
  const shown = decisions.length < all ? `, ${decisions.length} shown` : ''
  return `${table(head, rows, [4, 5])}\n\n${count(all, 'decision')}, ${live} live${shown}.`
}

/** `key=c-7 tenant=default` */
export function scopeText(scope: Readonly<Record<string, string>>): string {
  return Object.entries(scope)
    .map(([member, value]) => `${member}=${value}`)
    .join(' ')
}

/** The two largest units: `14m 30s`. */
function lengthText(seconds: number): string {
  const units: readonly [number, string][] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
    [1, 's'],
  ]
  const at = Math.max(
    0,
    units.findIndex(([size]) => seconds >= size),
  )
  let left = seconds
  const parts = units.slice(at, at + 2).map(([size, unit]) => {
    const whole = Math.floor(left / size)
    left -= whole * size
    return whole === 0 ? '' : `${whole}${unit}`
  })
  return parts.filter((part) => part !== '').join(' ') || '0s'
}
