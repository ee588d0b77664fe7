import {
  type Account,
  type Accounts,
  generationOf,
  isGivenUp,
  kindOf,
  openAccounts,
  standingOf,
} from './accounts.ts'
import { checkCommits, checkHandling } from './check-handling.ts'
import { checkOrder } from './check-order.ts'
import { checkProcesses } from './check-processes.ts'
import { checkStorage } from './check-storage.ts'
import type { History, StoredRecord } from './history.ts'
import type { Violation } from './violation.ts'

export type Verdict = { readonly violations: readonly Violation[]; readonly totals: Totals }

export type Totals = {
  readonly sent: number
  readonly accepted: number
  readonly filtered: number
  /** Rejected, or refused to the end. */
  readonly failed: number
  /** Of which the producer does not know even in the end. */
  readonly unknown: number
  /** Distinct events in the lanes. */
  readonly stored: number
  readonly handled: number
  /** Events that ended as dead letters; those that were redriven and handled did not. */
  readonly deadLetters: number
  /** Events that were redriven. */
  readonly redriven: number
  /** Accepted, and without an end. */
  readonly lost: number
  /** Records beyond the first of one identity: a reader that looks at ids drops them. */
  readonly repeats: { readonly inputs: number; readonly outputs: number; readonly deadLetters: number }
  /** Outputs that a reader who looks at ids would take for new ones. */
  readonly doubled: number
  readonly outOfOrder: number
}

/**
 * Settles a history by identity and says which promises it breaks. Pure. Green means nothing by itself: every
 * check is shown to go red by a planted bug in close-books.test.ts.
 */
export function closeBooks(history: History): Verdict {
  const accounts = openAccounts(history)
  const violations = [
    ...checkStorage(accounts),
    ...checkHandling(history, accounts),
    ...checkOrder(history, accounts),
    ...checkProcesses(history),
    ...checkCommits(history, accounts),
  ]
  return { violations, totals: total(accounts, violations) }
}

function total(accounts: Accounts, violations: readonly Violation[]): Totals {
  const { bySent, plantedLetters, strangers } = accounts
  const standings = bySent.map(lastStanding)
  const count = (standing: string) => standings.filter((one) => one === standing).length
  const planted = [...plantedLetters.values()]
  const isDead = (account: Account) =>
    [...account.deadLetters.keys()].some((service) => isGivenUp(account, service))
  const isOver = (account: Account) => isHandled(account) || isDead(account)
  return {
    sent: bySent.length,
    accepted: count('stored'),
    filtered: count('filtered'),
    failed: count('failed'),
    unknown: count('unknown'),
    stored: bySent.filter(({ stored }) => stored.length > 0).length,
    handled: bySent.filter((account) => isHandled(account) && !isDead(account)).length,
    deadLetters: bySent.filter(isDead).length + planted.filter((letters) => letters.length > 0).length,
    redriven: bySent.filter(({ stored }) => stored.some((record) => generationOf(record) !== '')).length,
    lost: bySent.filter((account, index) => standings[index] === 'stored' && !isOver(account)).length,
    repeats: {
      inputs: sum(bySent.map(({ stored }) => beyondFirstOfEach(stored))),
      outputs: sum(bySent.flatMap(({ outputs }) => [...outputs.values()].map(beyondFirst))),
      deadLetters:
        sum(bySent.flatMap(({ deadLetters }) => [...deadLetters.values()].map(beyondFirstOfEach))) +
        sum(planted.map(beyondFirst)),
    },
    doubled: strangers.filter(
      ({ topic, event }) => kindOf(topic).kind === 'lane' && event?.causationid !== undefined,
    ).length,
    outOfOrder: violations
      .filter(({ invariant }) => invariant === 'I5')
      .reduce((all, { ids }) => all + ids.length, 0),
  }
}

/** What the producer knew in the end: most of what was unknown was answered when it was sent again. */
function lastStanding(account: Account): ReturnType<typeof standingOf> {
  const standing = standingOf(account)
  const last = account.answers.at(-1)?.status
  if (standing !== 'unknown' || last === 'unknown' || last === undefined) return standing
  return last === 'filtered' ? 'filtered' : 'failed'
}

function isHandled({ stored, outputs }: Account): boolean {
  return stored.length > 0 && [...outputs.values()].every((records) => records.length > 0)
}

function beyondFirst(records: readonly unknown[]): number {
  return Math.max(0, records.length - 1)
}

/** Of each redrive one is no repeat. */
function beyondFirstOfEach(records: readonly StoredRecord[]): number {
  return records.length - new Set(records.map(generationOf)).size
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0)
}
