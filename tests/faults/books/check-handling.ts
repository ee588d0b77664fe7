import {
  type Account,
  type Accounts,
  generationOf,
  generationsOf,
  identityOf,
  isGivenUp,
  isMark,
  kindOf,
  originOf,
  placeOf,
  standingOf,
} from './accounts.ts'
import type { CommitSample, History, Place, StoredRecord } from './history.ts'
import { type Violation, violation } from './violation.ts'

/**
 * I4: every stored event came to exactly one end in every service that reads it, and nothing is in flight. A dead letter
 * that was redriven is no end: each redrive has one of its own, and the last counts.
 */
export function checkHandling(history: History, accounts: Accounts): Violation[] {
  const nowhere: string[] = []
  const half: string[] = []
  const both: string[] = []
  const wrongEnd: string[] = []
  const repeated: string[] = []
  const unasked: string[] = []
  for (const account of accounts.bySent) {
    const { event, name, stored } = account
    if (stored.length === 0) continue
    const missing = [...account.outputs].filter(([, records]) => records.length === 0)
    for (const { service, type } of history.services) {
      if (type !== event.type) continue
      const letters = account.deadLetters.get(service) ?? []
      for (const generation of withoutReason(account, service)) unasked.push(`${name} before ${generation}`)
      if (!isGivenUp(account, service)) {
        if (event.fate === 'dead-letter') wrongEnd.push(name)
        else if (missing.length > 0 && missing.length === event.outputs.length) nowhere.push(name)
        else if (missing.length > 0) half.push(name)
      } else {
        if (event.fate !== 'dead-letter') wrongEnd.push(`${name} (${letters.at(-1)!.headers['dlq-reason']})`)
        if (missing.length === 0 && event.outputs.length > 0) both.push(name)
      }
      repeated.push(
        ...repeatedIn(history, letters.map(generationOf)).map((generation) => `${name} ${generation}`),
      )
    }
    if (history.repeatsAllowed) continue
    for (const [id, records] of account.outputs) if (records.length > 1) repeated.push(`${name} as ${id}`)
  }
  const unplanted: string[] = []
  for (const [place, letters] of accounts.plantedLetters) {
    if (letters.length === 0) unplanted.push(place)
    else repeated.push(...repeatedIn(history, letters.map(originOf)))
  }
  return [
    ...violation('I4', 'stored, and neither handled nor a dead letter', [...nowhere, ...unplanted]),
    ...violation('I4', 'handled, and an output is missing', half),
    ...violation('I4', 'handled and a dead letter as well', both),
    ...violation('I4', 'came to another end than it had to', wrongEnd),
    ...violation('I4', 'written again where nothing explains a repeat', repeated),
    ...violation('I4', 'redriven, and never given up before', unasked),
    ...violation('I4', 'marked as redriven, and in no lane', markedInVain(accounts)),
    ...checkOutcomes(history, accounts),
  ]
}

/** The letters of one delivery must be one, unless a service may have died between the letter and its commit. */
function repeatedIn({ repeatsAllowed }: History, names: readonly string[]): string[] {
  if (repeatsAllowed) return []
  const seen = new Set<string>()
  return names.filter((name) => seen.size === seen.add(name).size)
}

/** The redrives of an event that had no dead letter to send back. */
function withoutReason(account: Account, service: string): string[] {
  const given = new Set((account.deadLetters.get(service) ?? []).map(generationOf))
  const generations = generationsOf(account, service)
  return generations.slice(1).filter((_, index) => !given.has(generations[index]!))
}

/** Letters that a mark names, and that were not sent back. */
function markedInVain({ marks, byPlace, byIdentity }: Accounts): string[] {
  return marks.flatMap(({ topic, partition, headers }) =>
    offsetsIn(headers['dlq-redriven']!).flatMap((offset) => {
      const place = placeOf({ topic, partition, offset })
      const letter = byPlace.get(place)
      const account = letter?.event && byIdentity.get(identityOf(letter.event))
      if (!letter || !account) return [place]
      const generation = `redrive-${Number(letter.headers['dlq-replay-count'] ?? 0) + 1}`
      return account.stored.some((record) => generationOf(record) === generation) ? [] : [account.name]
    }),
  )
}

/** `0-2,7` names 0, 1, 2 and 7. */
function offsetsIn(ranges: string): number[] {
  return ranges.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number) as [number, number?]
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
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
      if (!filtered.some(({ reason }) => reason === `rule:${event.rule}`)) uncounted.push(name)
    }
    if (account.stored.length === 0) continue
    for (const { service, type } of history.services) {
      if (type !== event.type) continue
      const own = outcomes.filter(
        ({ by, outcome }) => by === service && outcome !== 'duplicate' && outcome !== 'skipped',
      )
      const given = new Set((account.deadLetters.get(service) ?? []).map(generationOf))
      for (const delivered of generationsOf(account, service)) {
        const ends = new Set(
          own.filter(({ generation = '' }) => generation === delivered).map(({ outcome }) => outcome),
        )
        const where = `${name} in ${service}${delivered && ` as ${delivered}`}`
        if (ends.size === 0) without.push(where)
        else if (ends.size > 1) torn.push(where)
        else if (!ends.has(given.has(delivered) ? 'dead-letter' : 'handled')) unlike.push(where)
      }
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
    if (kindOf(record.topic).kind !== 'dead-letter' || isMark(record)) continue
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
    // A repeat of an event that was given up before is given up too, or dropped without a letter of its own; a redrive
    // of it is no repeat.
    const ofDelivery = (other: StoredRecord) => generationOf(other) === generationOf(record)
    if (account.deadLetters.get(sample.group)?.some((one) => ofDelivery(one) && isStored(one))) return true
    return [...account.outputs.values()].every((records) => records.some(isStored))
  }
}

function endOf({ ends }: CommitSample, { topic, partition }: Place): number {
  return ends[`${topic}/${partition}`] ?? 0
}
