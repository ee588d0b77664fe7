import {
  DEFAULT_MAX_REPLAYS,
  filtersOf,
  instantText,
  type RedriveReport,
  type RejectedRedriveReport,
  rejectedFilters,
} from '@sluice/operations'
import type { DlqCommand } from './dlq-options.ts'
import type { RejectedRedriveCommand } from './rejected-options.ts'
import type { ReplayCommand } from './replay-options.ts'

type RedriveCommand = Extract<DlqCommand, { command: 'redrive' }>

/** How to go on with a redrive that did not come to its end: a command for a POSIX shell, or why there is none. */
export function redriveGoingOn(command: RedriveCommand, { sent }: Pick<RedriveReport, 'sent'>): string {
  const { queue, selection, again, maxReplays, max, rate } = command
  if (again) return 'With --again there is no going on: the same command would begin anew.'
  const left = max === undefined ? undefined : max - sent
  if (left === 0) return 'There is nothing to go on with: as many letters were sent as --max says.'
  const filters = filtersOf(selection)
  return `To go on: ${commandLine('dlq', [
    ...['redrive', queue.type, '--service', queue.service],
    ...(filters.length === 0 ? ['--all'] : filters.flatMap((filter) => ['--filter', filter])),
    ...(maxReplays === DEFAULT_MAX_REPLAYS ? [] : ['--max-replays', `${maxReplays}`]),
    ...(left === undefined ? [] : ['--max', `${left}`]),
    ...(rate === undefined ? [] : ['--rate', `${rate}`]),
  ])}`
}

/** 1 if the redrive failed, was stopped, or left something undone that was asked for. */
export function redriveExitCode(
  { ended, guarded, strangers, planned, sent }: RedriveReport,
  { dryRun }: { readonly dryRun: boolean },
): 0 | 1 {
  const isLeft = guarded > 0 || strangers > 0 || (!dryRun && sent < planned)
  return ended === 'done' && !isLeft ? 0 : 1
}

/** How to go on with a redrive of rejected events that did not come to its end, or why there is no going on. */
export function rejectedGoingOn(
  { selection, notAllowed, max, rate }: RejectedRedriveCommand,
  { sent }: Pick<RejectedRedriveReport, 'sent'>,
): string {
  const left = max === undefined ? undefined : max - sent
  if (left === 0) return 'There is nothing to go on with: as many events were let in as --max says.'
  const filters = rejectedFilters.format(selection)
  return `To go on: ${commandLine('dlq', [
    ...['rejected', 'redrive'],
    ...(filters.length === 0 ? ['--all'] : filters.flatMap((filter) => ['--filter', filter])),
    ...(notAllowed ? ['--not-allowed'] : []),
    ...(left === undefined ? [] : ['--max', `${left}`]),
    ...(rate === undefined ? [] : ['--rate', `${rate}`]),
  ])}`
}

/** 1 if the redrive failed, was stopped, or something was rejected again. */
export function rejectedExitCode(
  { ended, stillRejected, planned, sent }: RejectedRedriveReport,
  { dryRun }: { readonly dryRun: boolean },
): 0 | 1 {
  return ended === 'done' && stillRejected === 0 && (dryRun || sent === planned) ? 0 : 1
}

/** The command that goes on with a replay, for a POSIX shell. */
export function replayGoingOn({ entry, service, from, to, run, rate }: ReplayCommand): string {
  return commandLine('replay', [
    ...[entry.definition.type, '--service', service],
    ...['--from', instantText(from), '--to', instantText(to), '--run', run],
    ...(rate === undefined ? [] : ['--rate', `${rate}`]),
  ])
}

function commandLine(name: string, args: readonly string[]): string {
  return `npm run ${name} -- ${args.map(quoted).join(' ')}`
}

export function quoted(text: string): string {
  return /^[\w.,:=@/+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
