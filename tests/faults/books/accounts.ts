import { catalogue, deadLetterTopic, laneTopic, outputId } from '@sluice/events'
import {
  type Answer,
  type History,
  type Identity,
  OUTCOME_TOPIC,
  type OutcomeRecord,
  type Place,
  type SentEvent,
  type StoredRecord,
} from './history.ts'

/** One event that was sent, and all that is known of it. */
export type Account = {
  readonly event: SentEvent
  readonly name: string
  readonly answers: Answer[]
  /** Its records in the lane topics of its type, those of redrives included. */
  readonly stored: StoredRecord[]
  /** By expected output: its records. */
  readonly outputs: ReadonlyMap<string, StoredRecord[]>
  /** Its dead letters, by service. */
  readonly deadLetters: Map<string, StoredRecord[]>
  readonly outcomes: OutcomeRecord[]
  /** Whether a retry topic held it: its order is then no longer promised. */
  hopped: boolean
}

/** A history, settled by identity. */
export type Accounts = {
  readonly bySent: readonly Account[]
  readonly byIdentity: ReadonlyMap<string, Account>
  /** By the id that an output must have. */
  readonly causeOfOutput: ReadonlyMap<string, Account>
  /** Records in dead-letter topics that say what was redriven. */
  readonly marks: readonly StoredRecord[]
  /** Records that belong to no account. */
  readonly strangers: readonly StoredRecord[]
  /** Dead letters of records that were planted, by the place of the record. */
  readonly plantedLetters: ReadonlyMap<string, readonly StoredRecord[]>
  /** Every place that was stored. */
  readonly byPlace: ReadonlyMap<string, StoredRecord>
  readonly strangeOutcomes: readonly OutcomeRecord[]
}

export type TopicKind =
  | { readonly kind: 'lane'; readonly type: string; readonly lane: string }
  | { readonly kind: 'dead-letter'; readonly type: string; readonly service: string }
  | { readonly kind: 'outcome' }
  | { readonly kind: 'retry' }

/** What a topic is for. One that the catalogue does not plan is a retry topic. */
export function kindOf(topic: string): TopicKind {
  return KINDS.get(topic) ?? RETRY
}

const RETRY: TopicKind = { kind: 'retry' }

const KINDS: ReadonlyMap<string, TopicKind> = new Map<string, TopicKind>([
  [OUTCOME_TOPIC, { kind: 'outcome' }],
  ...catalogue.flatMap(({ definition: { type, lanes }, services }) => [
    ...lanes.map((lane): [string, TopicKind] => [laneTopic(type, lane), { kind: 'lane', type, lane }]),
    ...services.map((service): [string, TopicKind] => [
      deadLetterTopic(type, service),
      { kind: 'dead-letter', type, service },
    ]),
  ]),
])

export function identityOf({ tenant, source, id }: Identity): string {
  return `${tenant}\n${source}\n${id}`
}

export function placeOf({ topic, partition, offset }: Place): string {
  return `${topic}/${partition}@${offset}`
}

/** Where a dead letter says that it was read. */
export function originOf({ headers }: StoredRecord): string {
  return placeOf({
    topic: headers['dlq-original-topic'] ?? '',
    partition: Number(headers['dlq-original-partition']),
    offset: Number(headers['dlq-original-offset']),
  })
}

/** Which redrive a record, or the record that a dead letter is of, was written by; empty: none. */
export function generationOf({ headers }: StoredRecord): string {
  return headers['sluice-generation'] ?? ''
}

/** Whether a record of a dead-letter topic is a mark about letters before it. */
export function isMark({ event, headers }: StoredRecord): boolean {
  return event === undefined && headers['dlq-redriven'] !== undefined
}

/**
 * The generations in which a service got an event, in the order of the redrives. Each has to end, and all but the last
 * as a dead letter: otherwise there was nothing to redrive.
 */
export function generationsOf({ stored }: Account, service: string): string[] {
  return inOrder(stored.filter(({ headers }) => (headers['sluice-service'] ?? service) === service))
}

/** The newest redrive of an event; empty: it had none. */
export function lastGenerationOf({ stored }: Account): string {
  return inOrder(stored).at(-1) ?? ''
}

function inOrder(records: readonly StoredRecord[]): string[] {
  return [...new Set(records.map(generationOf))].toSorted((a, b) => redriveNumber(a) - redriveNumber(b))
}

function redriveNumber(generation: string): number {
  return Number(/\d+$/.exec(generation)?.[0] ?? 0)
}

/** Whether the last that became of it in a service is a dead letter. */
export function isGivenUp(account: Account, service: string): boolean {
  const last = generationsOf(account, service).at(-1) ?? ''
  return (account.deadLetters.get(service) ?? []).some((letter) => generationOf(letter) === last)
}

export function openAccounts(history: History): Accounts {
  const byIdentity = new Map<string, Account>()
  const causeOfOutput = new Map<string, Account>()
  const bySent = history.sent.map((event) => {
    const ids = event.outputs.map(({ type, index }) => outputId(event as never, type, index))
    const account: Account = {
      event,
      name: `${event.source} ${event.id}`,
      answers: [],
      stored: [],
      outputs: new Map(ids.map((id) => [id, []])),
      deadLetters: new Map(),
      outcomes: [],
      hopped: false,
    }
    byIdentity.set(identityOf(event), account)
    for (const id of ids) causeOfOutput.set(id, account)
    return account
  })
  for (const answer of history.answers) bySent[answer.event]!.answers.push(answer)

  const planted = new Set(history.planted.map(placeOf))
  const plantedLetters = new Map<string, StoredRecord[]>([...planted].map((place) => [place, []]))
  const byPlace = new Map(history.records.map((record) => [placeOf(record), record]))
  const marks: StoredRecord[] = []
  const strangers: StoredRecord[] = []
  const strangeOutcomes: OutcomeRecord[] = []
  for (const record of history.records) if (!enter(record)) strangers.push(record)
  return { bySent, byIdentity, causeOfOutput, marks, strangers, plantedLetters, byPlace, strangeOutcomes }

  /** Whether the record belongs to an account. */
  function enter(record: StoredRecord): boolean {
    const { event, outcome } = record
    const kind = kindOf(record.topic)
    if (kind.kind === 'outcome') {
      const account = outcome && byIdentity.get(identityOf(outcome))
      if (account) account.outcomes.push(outcome)
      else if (outcome) strangeOutcomes.push(outcome)
      return true
    }
    if (kind.kind === 'dead-letter') {
      if (isMark(record)) return marks.push(record) > 0
      const ofPlanted = plantedLetters.get(originOf(record))
      if (ofPlanted) return ofPlanted.push(record) > 0
      const account = event && byIdentity.get(identityOf(event))
      if (!account || !byPlace.has(originOf(record))) return false
      const letters = account.deadLetters.get(kind.service)
      if (letters) letters.push(record)
      else account.deadLetters.set(kind.service, [record])
      return true
    }
    if (planted.has(placeOf(record))) return true
    const account = event && byIdentity.get(identityOf(event))
    if (kind.kind === 'retry') {
      if (account) account.hopped = true
      return account !== undefined
    }
    if (account && kind.type === account.event.type) return account.stored.push(record) > 0
    const cause = event && causeOfOutput.get(event.id)
    if (!cause || cause.event.id !== event.causationid || cause.event.tenant !== event.tenant) return false
    return cause.outputs.get(event.id)!.push(record) > 0
  }
}

/** What the producer may rely on after all its attempts. */
export function standingOf({ answers }: Account): 'stored' | 'filtered' | 'failed' | 'unknown' {
  if (answers.some(({ status }) => status === 'accepted' || status === 'duplicate')) return 'stored'
  if (answers.some(({ status }) => status === 'unknown')) return 'unknown'
  if (answers.some(({ status }) => status === 'filtered')) return 'filtered'
  return 'failed'
}
