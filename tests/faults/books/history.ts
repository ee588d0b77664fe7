/**
 * Everything that a run leaves behind, as data: what the producer sent and was told, what every topic holds from
 * offset 0, and what was seen of the processes. The checker reads nothing else, so a history can be kept as JSON
 * and judged again.
 */
export type History = {
  readonly sent: readonly SentEvent[]
  /** In the order in which they were given. */
  readonly answers: readonly Answer[]
  /** Written to a lane topic past the gateway, to become dead letters. */
  readonly planted: readonly Place[]
  readonly records: readonly StoredRecord[]
  readonly commits: readonly CommitSample[]
  readonly counters: readonly ProcessCounters[]
  readonly recoveries: readonly Recovery[]
  readonly exits: readonly Exit[]
  readonly holdings: readonly Holding[]
  /** Services whose books are to be closed. */
  readonly services: readonly { readonly service: string; readonly type: string }[]
  /**
   * False when nothing happened that may repeat work (no kill, no rebalance, no lost answer): then one repeated
   * output or dead letter is a violation, and counters have to agree exactly.
   */
  readonly repeatsAllowed: boolean
}

/** An event's identity is all three. */
export type Identity = { readonly tenant: string; readonly source: string; readonly id: string }

export type SentEvent = Identity & {
  readonly type: string
  readonly key: string
  /** Its place among the events of its type and key, from 0. The producer sends them in this order. */
  readonly kseq: number
  /** What has to come of it when it is taken. */
  readonly fate: 'handled' | 'filtered' | 'rejected' | 'dead-letter'
  /** The filter that has to drop it. */
  readonly rule?: string
  /** What has to follow from it, by type and place among the outputs. */
  readonly outputs: readonly { readonly type: string; readonly index: number }[]
}

/**
 * What the producer was told about one attempt to send one event.
 * - ok: `accepted`, `filtered`, `duplicate`
 * - fail: `rejected`, `refused`
 * - nobody knows: `unknown`, which is also a timeout, a connection that broke, a 5xx
 */
export type Answer = {
  /** Index into `sent`. */
  readonly event: number
  readonly status: 'accepted' | 'filtered' | 'duplicate' | 'rejected' | 'refused' | 'unknown'
  /** The rule, the code, or what happened to the connection. */
  readonly reason?: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Milliseconds from the request until then. */
  readonly took?: number
}

export type Place = { readonly topic: string; readonly partition: number; readonly offset: number }

export type StoredRecord = Place & {
  readonly timestamp: number
  readonly key: string | null
  /** The event in the value; absent when there is none, or in the outcome topic. */
  readonly event?: StoredEvent
  readonly outcome?: OutcomeRecord
  readonly headers: Readonly<Record<string, string>>
}

export type StoredEvent = Identity & {
  readonly type: string
  readonly causationid?: string
  readonly correlationid?: string
}

/** A record of the outcome topic: one for each end that an event came to. */
export type OutcomeRecord = Identity & {
  readonly type: string
  /** `gateway`, or the service. */
  readonly by: string
  readonly outcome: 'handled' | 'filtered' | 'duplicate' | 'dead-letter' | 'skipped'
  readonly reason?: string
  /** Of a redriven event: which redrive. */
  readonly generation?: string
}

/** A committed offset, and how far the other topics reached when it was seen, read after it. */
export type CommitSample = Place & {
  readonly group: string
  /** By `topic/partition`. */
  readonly ends: Readonly<Record<string, number>>
}

/** The counters of one life of a process, from its start. */
export type ProcessCounters = {
  readonly process: string
  readonly life: number
  /** Whether they were read after its last work. Those of a process that was killed never are. */
  readonly complete: boolean
  readonly accepted: number
  /** By rule. */
  readonly filtered: Readonly<Record<string, number>>
  /** Every end that a service counts. */
  readonly ended: number
  readonly deadLetters: number
}

/** How long work stood still after a fault was over. */
export type Recovery = {
  readonly what: string
  readonly limitMs: number
  /** Absent: it never went on. */
  readonly tookMs?: number
}

/** A process that was asked to stop. */
export type Exit = { readonly process: string; readonly code: number | null; readonly tookMs: number }

/** What a process held at two times between which it should not have come to hold more. */
export type Holding = {
  readonly process: string
  readonly what: 'open files' | 'MiB of memory' | 'ms for an answer'
  readonly before: number
  readonly after: number
  /** By how much it may have grown. */
  readonly mostMore: number
}

/** The name of the topic in which each end leaves a record, where that is switched on. */
export const OUTCOME_TOPIC = 'events.outcomes'
