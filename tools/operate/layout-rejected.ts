import { REJECTED_TOPIC } from '@sluice/events'
import type { RejectedEvent, RejectedRedriveReport, RejectedSurvey } from '@sluice/operations'
import { printable } from './printable.ts'
import { count, indented, shorten, table, time, UNKNOWN } from './table.ts'

const MISSING = `${REJECTED_TOPIC} does not exist: npm run topics creates it.`

/** The quarantine by type and code. */
export function layoutRejectedGroups({ exists, groups }: RejectedSurvey): string {
  if (!exists) return MISSING
  if (groups.length === 0) return 'No rejected events.'
  const rows = groups.map(({ type, code, count: events, waiting, firstAt, lastAt }) => [
    shorten(type ?? UNKNOWN, 48),
    code,
    String(events),
    String(waiting),
    time(firstAt),
    time(lastAt),
  ])
  return table(['rejected type', 'code', 'events', 'waiting', 'first', 'last'], rows, [2, 3])
}

/** The quarantine event by event. */
export function layoutRejectedEvents({ exists, count: events, waiting, newest }: RejectedSurvey): string {
  if (!exists) return MISSING
  if (events === 0) return 'No rejected events fit.'
  const rows = newest.map(({ offset, at, type, code, credential, id, redriven, errors: [first] }) => [
    String(offset),
    time(at),
    shorten(type ?? UNKNOWN, 32),
    code,
    shorten(credential, 24),
    shorten(id, 36),
    redriven ? 'let in' : 'waiting',
    shorten(first ? `${first.pointer} ${first.detail}`.trimStart() : '', 60),
  ])
  const head = ['offset', 'received', 'type', 'code', 'credential', 'id', 'state', 'error']
  const shown = newest.length < events ? `, the newest ${newest.length} shown` : ''
  return `${table(head, rows, [0])}\n\n${count(events, 'event')}${shown}; ${waiting} waiting.`
}

/** One rejected event, with what was posted. */
export function layoutRejectedEvent(event: RejectedEvent, { value }: { readonly value: string }): string {
  const facts: [string, string][] = [
    ['received', time(event.at)],
    ['type', event.type ?? UNKNOWN],
    ['code', event.code],
    ['schema', event.dataschema ?? UNKNOWN],
    ['credential', event.credential],
    ['tenant', event.tenant],
    ['id', event.id],
    ...event.errors.map(({ pointer, detail }): [string, string] => ['error', `${pointer} ${detail}`]),
  ]
  return [
    ...facts.map(([name, text]) => `${name.padEnd(10)}  ${printable(text)}`),
    '',
    indented(value).split('\n').map(printable).join('\n'),
  ].join('\n')
}

/** What a redrive of rejected events did, or would do. */
export function layoutRejectedRedrive(report: RejectedRedriveReport, dryRun: boolean): string {
  const { selected, redrivenBefore, notAllowed, idsReused, stillRejected, filtered, planned, sent } = report
  const lines = [`${count(selected, 'event')} of ${report.topic} ${selected === 1 ? 'fits' : 'fit'}.`]
  const note = (number: number, text: string) => number > 0 && lines.push(`  ${number} ${text}`)
  note(redrivenBefore, 'let in before')
  note(notAllowed, 'that their credential might not post: left (--not-allowed takes them, too)')
  note(idsReused, "whose id is another event's: left")
  note(stillRejected, 'rejected today as well: left')
  note(filtered, 'valid by now, but dropped by a rule: left')
  const left = selected - redrivenBefore - notAllowed - idsReused - stillRejected - filtered - planned
  note(left, 'left by --max')
  if (report.reasons.length > 0) {
    const rows = report.reasons.map(({ type, code, detail, events }) => [
      shorten(type || UNKNOWN, 48),
      code,
      String(events),
      shorten(detail, 80),
    ])
    lines.push('', table(['still rejected', 'code', 'events', 'error'], rows, [2]))
  }
  if (planned > 0) {
    const rows = report.routes.map((route) => [route.topic, String(route.partition), String(route.events)])
    lines.push('', table(['to', 'partition', 'events'], rows, [1, 2]))
  }
  const end = dryRun
    ? `${count(planned, 'event')} would be let in. Nothing was sent.`
    : `${sent} of ${count(planned, 'event')} let in.`
  return [...lines, '', end].join('\n')
}
