import type { DeadLetter, RedriveReport, ReplayReport, Survey, SurveyedLetter } from '@sluice/operations'
import { printable } from './printable.ts'
import { count, indented, shorten, table, time, UNKNOWN } from './table.ts'

/** Every queue with its groups. */
export function layoutSurveys(surveys: readonly Survey[]): string {
  const missing = surveys.filter(({ exists }) => !exists).map(({ queue }) => queue.topic)
  const rows = surveys.flatMap(({ queue, groups }) =>
    groups.map(({ reason, errorType, letters, waiting, firstAt, lastAt }) => [
      queue.type,
      queue.service,
      reason,
      errorType || UNKNOWN,
      String(letters),
      String(waiting),
      time(firstAt),
      time(lastAt),
    ]),
  )
  const head = ['type', 'service', 'reason', 'error', 'letters', 'waiting', 'first', 'last']
  return [
    rows.length === 0 ? 'No dead letters.' : table(head, rows, [4, 5]),
    ...missing.map((topic) => `${topic} does not exist: npm run topics creates it.`),
  ].join('\n')
}

/** The letters of one queue. */
export function layoutLetters(survey: Survey): string {
  const { queue, exists, letters, waiting, newest } = survey
  if (!exists) return `${queue.topic} does not exist: npm run topics creates it.`
  if (letters === 0) return `No dead letters of ${queue.type} in ${queue.service} fit.`
  const rows = newest.map((letter) => [
    String(letter.offset),
    time(letter.at),
    letter.reason,
    letter.errorType || UNKNOWN,
    shorten(letter.key ?? UNKNOWN, 24),
    shorten(letter.id ?? UNKNOWN, 36),
    stateOf(letter),
    shorten(letter.errorMessage, 60),
  ])
  const head = ['offset', 'given up', 'reason', 'error', 'key', 'id', 'state', 'message']
  const shown = newest.length < letters ? `, the newest ${newest.length} shown` : ''
  return `${table(head, rows, [0])}\n\n${letters} ${letters === 1 ? 'letter' : 'letters'}${shown}; ${waiting} waiting.`
}

/** One letter, with its payload. */
export function layoutLetter(
  letter: DeadLetter,
  { value, stack }: { readonly value: string | null; readonly stack: string },
): string {
  const { origin } = letter
  const payload = value === null ? null : indented(value)
  const facts: [string, string][] = [
    ['given up', time(letter.at)],
    ['reason', letter.reason],
    ['error', `${letter.errorType || UNKNOWN}: ${letter.errorMessage}`],
    ['attempts', String(letter.attempts ?? UNKNOWN)],
    ['first failed', letter.firstFailedAt === undefined ? UNKNOWN : time(letter.firstFailedAt)],
    ['redriven', `${letter.replayCount} times before it came here`],
    ['key', letter.key ?? UNKNOWN],
    ['id', letter.id ?? UNKNOWN],
    [
      'from',
      origin ? `${origin.topic} ${origin.partition} @ ${origin.offset}, ${time(origin.timestamp)}` : UNKNOWN,
    ],
  ]
  return [
    ...facts.map(([name, value]) => `${name.padEnd(12)}  ${printable(value)}`),
    ...(stack === '' ? [] : ['', ...stack.split('\n').map(printable)]),
    '',
    payload === null ? 'No value.' : payload.split('\n').map(printable).join('\n'),
  ].join('\n')
}

/** What a redrive did, or would do. */
export function layoutRedrive(report: RedriveReport, dryRun: boolean): string {
  const { selected, redrivenBefore, guarded, strangers, planned, sent, topic } = report
  const lines = [`${count(selected, 'letter')} of ${topic} ${selected === 1 ? 'fits' : 'fit'}.`]
  const note = (number: number, text: string) => number > 0 && lines.push(`  ${number} ${text}`)
  note(redrivenBefore, 'redriven before (--again sends them once more)')
  note(guarded, 'redriven too often: left by the loop guard (--max-replays)')
  note(strangers, 'come from no lane of the type: left')
  const left = selected - redrivenBefore - guarded - strangers - planned
  note(left, 'left by --max')
  if (planned > 0) {
    lines.push(
      '',
      table(
        ['reason', 'error', 'letters'],
        report.reasons.map(({ reason, errorType, letters }) => [
          reason,
          errorType || UNKNOWN,
          String(letters),
        ]),
        [2],
      ),
    )
    lines.push(
      '',
      table(
        ['to', 'partition', 'letters'],
        report.routes.map((route) => [route.topic, String(route.partition), String(route.letters)]),
        [1, 2],
      ),
    )
  }
  lines.push(
    '',
    dryRun
      ? `${count(planned, 'letter')} would be sent. Nothing was.`
      : `${sent} of ${count(planned, 'letter')} sent.`,
  )
  return lines.join('\n')
}

/** What a replay did, or would do. */
export function layoutReplay(report: ReplayReport, dryRun: boolean): string {
  const { lanes, sent, copies, lost, from, to, type, service, run } = report
  const lines = [`${type} from ${time(from)} to ${time(to)} into ${service}, run ${run}`]
  lines.push(
    '',
    table(
      ['lane', 'offsets'],
      lanes.map(({ topic, offsets }) => [topic, String(offsets)]),
      [1],
    ),
  )
  lines.push(
    '',
    dryRun
      ? 'Nothing was sent.'
      : `${count(sent, 'event')} sent, ${count(copies, 'copy', 'copies')} passed over.`,
  )
  if (lost > 0) lines.push(`${lost} were not there any more: retention had taken them.`)
  return lines.join('\n')
}

function stateOf({ redriven, replayCount }: SurveyedLetter): string {
  const again = replayCount > 0 ? `, came back ${replayCount}×` : ''
  return `${redriven ? 'redriven' : 'waiting'}${again}`
}
