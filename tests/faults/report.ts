import type { Recovery } from './books/history.ts'
import type { JudgedRun } from './run-scenario.ts'

/** A scenario's runs, summed up. A run that could not be finished has only its error. */
export type Row = {
  readonly scenario: string
  readonly runs: readonly JudgedRun[]
  readonly errors: readonly string[]
}

const HEAD = ['scenario', 'runs', 'events', 'lost', 'repeated', 'doubled', 'out of order', 'recovery']

/**
 * A line for each scenario. `repeated`: records beyond the first of one identity, in the lanes, the outputs and the
 * dead letters, which readers drop by their ids. `doubled`: what they would take for new.
 */
export function faultTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const { scenario, runs, errors } = row
    const total = (pick: (run: JudgedRun) => number) => String(runs.reduce((sum, run) => sum + pick(run), 0))
    const failed = runs.filter(isBroken).length + errors.length
    return [
      scenario,
      `${runs.length + errors.length}${failed > 0 ? `, ${failed} FAILED` : ''}`,
      total(({ verdict }) => verdict.totals.sent),
      total(({ verdict }) => verdict.totals.lost),
      ['inputs', 'outputs', 'deadLetters']
        .map((of) => total(({ verdict }) => verdict.totals.repeats[of as 'inputs']))
        .join(' / '),
      total(({ verdict }) => verdict.totals.doubled),
      total(({ verdict }) => verdict.totals.outOfOrder),
      slowest(runs.flatMap(({ recoveries }) => recoveries)),
    ]
  })
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...lines.map((line) => line[column]!.length)),
  )
  const toLine = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd()
  return [HEAD, ...lines].map(toLine).join('\n')
}

export function isBroken({ verdict }: JudgedRun): boolean {
  return verdict.violations.length > 0
}

/** The recovery that came closest to its limit, or went beyond. */
function slowest(recoveries: readonly Recovery[]): string {
  const share = ({ tookMs, limitMs }: Recovery) => (tookMs ?? Number.POSITIVE_INFINITY) / limitMs
  const [worst] = recoveries.toSorted((a, b) => share(b) - share(a))
  if (!worst) return '–'
  const { tookMs, limitMs } = worst
  const limit = `of ${limitMs / 1000} s`
  if (tookMs === undefined) return `never ${limit}`
  return `${(tookMs / 1000).toFixed(1)} ${limit}${tookMs > limitMs ? ' LATE' : ''}`
}

function isNumber(column: number): boolean {
  return column > 1 && column < HEAD.length - 1
}

/** What to say about one run, below its line of progress. */
export function describeRun(run: JudgedRun): string[] {
  const { verdict, notes, recoveries } = run
  const { totals } = verdict
  const late = recoveries.filter(({ tookMs = 0, limitMs }) => tookMs > limitMs)
  return [
    `${totals.sent} sent: ${totals.accepted} accepted, ${totals.filtered} filtered, ${totals.failed} failed, ${totals.unknown} unknown; ${totals.stored} stored, ${totals.handled} handled, ${totals.deadLetters} dead letters, ${totals.redriven} redriven`,
    ...notes,
    ...late.map(
      ({ what, tookMs, limitMs }) => `late: ${what} worked again after ${tookMs} ms, not ${limitMs} ms`,
    ),
    ...verdict.violations.map(({ message }) => message),
  ]
}
