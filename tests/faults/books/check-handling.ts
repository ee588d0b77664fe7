import { type Accounts, identityOf, kindOf, originOf, placeOf, standingOf } from './accounts.ts'
import type { CommitSample, History, Place, StoredRecord } from './history.ts'
import { type Violation, violation } from './violation.ts'

/** I4: every stored event came to exactly one end in every service that reads it, and nothing is in flight. */
export function checkHandling(history: History, accounts: Accounts): Violation[] {
  const nowhere: string[] = []
  const half: string[] = []
  const both: string[] = []
  const wrongEnd: string[] = []
  const repeated: string[] = []
  for (const account of accounts.bySent) {
    const { event, name, stored } = account
    if (stored.length === 0) continue
    const missing = [...account.outputs].filter(([, records]) => records.length === 0)
    for (const { service, type } of history.services) {
      if (type !== event.type) continue
      const letters = account.deadLetters.get(service) ?? []
      if (letters.length === 0) {
        if (event.fate === 'dead-letter') wrongEnd.push(name)
        else if (missing.length > 0 && missing.length === event.outputs.length) nowhere.push(name)
        else if (missing.length > 0) half.push(name)
      } else {
        if (event.fate !== 'dead-letter') wrongEnd.push(`${name} (${letters[0]!.headers['dlq-reason']})`)
        if (missing.length === 0 && event.outputs.length > 0) both.push(name)
        repeated.push(...repeatedLetters(history, letters).map((origin) => `${name} from ${origin}`))
      }
    }
    if (history.repeatsAllowed) continue
    for (const [id, records] of account.outputs) if (records.length > 1) repeated.push(`${name} as ${id}`)
  }
  const unplanted: string[] = []
  for (const [place, letters] of accounts.plantedLetters) {
    if (letters.length === 0) unplanted.push(place)
    else repeated.push(...repeatedLetters(history, letters))
  }
  return [
    ...violation('I4', 'stored, and neither handled nor a dead letter', [...nowhere, ...unplanted]),
    ...violation('I4', 'handled, and an output is missing', half),
    ...violation('I4', 'handled and a dead letter as well', both),
    ...violation('I4', 'came to another end than it had to', wrongEnd),
    ...violation('I4', 'written again where nothing explains a repeat', repeated),
    ...checkOutcomes(history, accounts),
  ]
}

/** The letters of one record must be one, unless a service may have died between the letter and its commit. */
function repeatedLetters({ repeatsAllowed }: History, letters: readonly StoredRecord[]): string[] {
  if (repeatsAllowed) return []
  const seen = new Set<string>()
  return letters.map(originOf).filter((origin) => seen.size === seen.add(origin).size)
}

/** The outcome topic, where there is one, has to tell the same story. */
function checkOutcomes(history: History, accounts: Accounts): Violation[] {
  if (!history.records.some(({ topic }) => kindOf(topic).kind === 'outcome')) return []
  const without: string[] = []
  const torn: string[] = []
  const unlike: string[] = []
  const uncounted: string[] = []
  for (const account of accounts.bySent) {
    const { event, name, outcomes } = account
    if (standingOf(account) === 'filtered') {
      const filtered = outcomes.filter(({ by, outcome }) => by === 'gateway' && outcome === 'filtered')
      if (!filtered.some(({ reason }) => reason === event.rule)) uncounted.push(name)
    }
    if (account.stored.length === 0) continue
    for (const { service, type } of history.services) {
      if (type !== event.type) continue
      const ends = new Set(
        outcomes
          .filter(({ by, outcome }) => by === service && outcome !== 'duplicate' && outcome !== 'skipped')
          .map(({ outcome }) => outcome),
      )
      const wanted = account.deadLetters.has(service) ? 'dead-letter' : 'handled'
      if (ends.size === 0) without.push(`${name} in ${service}`)
      else if (ends.size > 1) torn.push(`${name} in ${service}`)
      else if (!ends.has(wanted)) unlike.push(`${name} in ${service}`)
    }
  }
  return [
    ...violation('I4', 'ended without an outcome', without),
    ...violation('I4', 'two outcomes', torn),
    ...violation('I4', 'the outcome is not what the topics hold', unlike),
    ...violation('I4', 'filtered without an outcome that names the rule', uncounted),
  ]
}

/**
 * I10: what lies before a committed offset was finished by then. Its outputs or its dead letter have to lie before
 * where those topics ended when the commit was seen.
 */
export function checkCommits(history: History, accounts: Accounts): Violation[] {
  const byPartition = Map.groupBy(
    history.records.filter(({ topic }) => kindOf(topic).kind === 'lane'),
    ({ topic, partition }) => `${topic}/${partition}`,
  )
  const letterOf = new Map<string, StoredRecord>()
  for (const record of history.records) {
    if (kindOf(record.topic).kind !== 'dead-letter') continue
    const origin = originOf(record)
    if (!letterOf.has(origin)) letterOf.set(origin, record)
  }
  const early = new Set<string>()
  for (const sample of history.commits) {
    for (const record of byPartition.get(`${sample.topic}/${sample.partition}`) ?? []) {
      if (record.offset < sample.offset && !finishedBy(record, sample)) {
        early.add(
          `${record.event ? `${record.event.source} ${record.event.id}` : record.key} by ${sample.group}`,
        )
      }
    }
  }
  return violation('I10', 'committed before it was finished', [...early])

  function finishedBy(record: StoredRecord, sample: CommitSample): boolean {
    const letter = letterOf.get(placeOf(record))
    if (letter && letter.offset < endOf(sample, letter)) return true
    const account = record.event && accounts.byIdentity.get(identityOf(record.event))
    if (!account) return false
    const isStored = (other: StoredRecord) => other.offset < endOf(sample, other)
    // A repeat of an event that was given up before is given up too, or dropped without a letter of its own.
    if (account.deadLetters.get(sample.group)?.some(isStored)) return true
    return [...account.outputs.values()].every((records) => records.some(isStored))
  }
}

function endOf({ ends }: CommitSample, { topic, partition }: Place): number {
  return ends[`${topic}/${partition}`] ?? 0
}
