import { REJECTED_TOPIC } from '@sluice/events'
import { type IncomingRecord, type KafkaClient, KafkaError, type PublishRecord } from '@sluice/kafka'
import { countBy } from './count-by.ts'
import { scanMarkedTopic, sendAndMark } from './marked-topic.ts'
import { type RejectedEvent, readRejectedEvent } from './rejected-event.ts'
import { isSelectedRejection, type RejectedSelection } from './rejected-survey.ts'
import type { SendEnd } from './send-in-chunks.ts'
import { REDELIVERY_LANE, type Sender } from './sender.ts'

/** What the gateway says of an event today: where it goes, or why it does not. */
export type Rejudgement =
  | { readonly record: PublishRecord }
  | { readonly code: string; readonly detail: string }
  | { readonly filteredBy: string }

export type RejectedRedriveOptions = {
  readonly client: KafkaClient
  readonly sender: Sender
  /** Judges an event as if it had just been posted by the credential that posted it. */
  readonly judge: (event: RejectedEvent, posted: Buffer) => Rejudgement
  readonly selection: RejectedSelection
  /** Also events that their credential might not post. */
  readonly notAllowed: boolean
  /** The most events to send. */
  readonly max?: number | undefined
  /** Events a second. */
  readonly rate?: number | undefined
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean
  /** Stops after the chunk in hand; what was sent by then is marked. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: RejectedRedriveProgress) => void) | undefined
}

/** `reading`: offsets of the quarantine; `sending`: events. */
export type RejectedRedriveProgress = {
  readonly phase: 'reading' | 'sending'
  readonly done: number
  readonly total: number
}

/** What became of the rejected events that were selected. */
export type RejectedRedriveReport = SendEnd & {
  readonly topic: string
  /** Events that fit the selection. They are the sum of the next five, of `planned`, and of those that `max` left. */
  readonly selected: number
  /** Let in before, and left alone. */
  readonly redrivenBefore: number
  /** Left because their credential might not post them. */
  readonly notAllowed: number
  /** Left because their id is another event's: no definition mends that. */
  readonly idsReused: number
  /** Rejected today as well. They stay where they are. */
  readonly stillRejected: number
  /** Valid by now, but a rule drops them. They stay where they are. */
  readonly filtered: number
  /** What this run is to send, and has sent: acknowledged by Kafka. */
  readonly planned: number
  readonly sent: number
  /** Of `stillRejected`, by why: the commonest ones. */
  readonly reasons: readonly {
    readonly type: string
    readonly code: string
    readonly detail: string
    readonly events: number
  }[]
  /** Of `planned`, by where they go. */
  readonly routes: readonly { readonly topic: string; readonly partition: number; readonly events: number }[]
}

/** Details may name what was posted: there is no end to them. */
const MAX_REASONS = 50

/**
 * Judges rejected events once more and lets those in that pass: into their lane, with the identity, the tenant and the
 * time of receipt that they had. Nothing is written of the others.
 *
 * In two passes, as {@link redrive}: what was let in is marked in the quarantine, so a second redrive sends none of it,
 * and one that was stopped or crashed is gone on with. What a crash leaves unmarked is sent twice, and the services drop
 * the second, as they do when the producer has sent a mended event under the same id.
 * @throws KafkaError when the quarantine cannot be read, or is not there; what was sent is marked all the same
 */
export async function redriveRejected(options: RejectedRedriveOptions): Promise<RejectedRedriveReport> {
  const { client, signal, onProgress } = options
  const found: { readonly offset: number; readonly fate: Fate }[] = []
  /** One object for all that end alike: there may be a million of them. */
  const fates = new Map<string, Fate>()
  const { exists, redriven } = await scanMarkedTopic(
    REJECTED_TOPIC,
    { client, signal, onProgress: (done, total) => onProgress?.({ phase: 'reading', done, total }) },
    (record) => {
      const event = readRejectedEvent(record)
      if (!event || !isSelectedRejection(event, options.selection)) return
      const decided = decide(event, record, options)
      const name = JSON.stringify(decided)
      const fate = fates.get(name) ?? decided
      fates.set(name, fate)
      found.push({ offset: event.offset, fate })
    },
  )
  if (!exists) {
    throw new KafkaError(
      'kafka-refused',
      `There is no ${REJECTED_TOPIC} in this Kafka: npm run topics creates it.`,
    )
  }
  const open = found.filter(({ offset }) => !redriven.has(offset))
  const ending = (end: Fate['end']) => open.filter(({ fate }) => fate.end === end)
  const planned = ending('let-in').slice(0, options.max)
  const stillRejected = ending('rejected')
  let sent = 0
  const report = (end: SendEnd): RejectedRedriveReport => ({
    ...end,
    topic: REJECTED_TOPIC,
    selected: found.length,
    redrivenBefore: found.length - open.length,
    notAllowed: ending('not-allowed').length,
    idsReused: ending('id-reused').length,
    stillRejected: stillRejected.length,
    filtered: ending('filtered').length,
    planned: planned.length,
    sent,
    reasons: countBy(stillRejected, 'events', ({ fate: { type, code = '', detail = '' } }) => ({
      ...{ type, code, detail },
    })).slice(0, MAX_REASONS),
    routes: countBy(planned, 'events', ({ fate: { topic = '', partition = 0 } }) => ({ topic, partition })),
  })
  if (options.dryRun || planned.length === 0) return report({ ended: 'done' })

  onProgress?.({ phase: 'sending', done: 0, total: planned.length })
  const end = await sendAndMark(REJECTED_TOPIC, {
    ...{ client, signal, sender: options.sender, rate: options.rate },
    wanted: new Set(planned.map(({ offset }) => offset)),
    copyOf(record) {
      const judgement = options.judge(readRejectedEvent(record)!, record.value!)
      return 'record' in judgement ? { ...judgement.record, lane: REDELIVERY_LANE } : undefined
    },
    onSent(count) {
      sent = count
      onProgress?.({ phase: 'sending', done: sent, total: planned.length })
    },
  })
  return report(end)
}

/** What is to become of an event. */
type Fate = {
  readonly type: string
  readonly end: 'let-in' | 'rejected' | 'filtered' | 'not-allowed' | 'id-reused'
  /** Where it is let in. */
  readonly topic?: string
  readonly partition?: number
  /** Why it is rejected. */
  readonly code?: string
  readonly detail?: string
}

/** Nothing is kept of the payload: there may be a gigabyte of them. */
function decide(
  event: RejectedEvent,
  { value }: IncomingRecord,
  { judge, notAllowed }: RejectedRedriveOptions,
): Fate {
  const type = event.type ?? ''
  if (event.code === 'id-reused') return { type, end: 'id-reused' }
  if (event.code === 'not-allowed' && !notAllowed) return { type, end: 'not-allowed' }
  const judgement = judge(event, value ?? Buffer.alloc(0))
  if ('filteredBy' in judgement) return { type, end: 'filtered' }
  if ('code' in judgement) {
    const { code, detail } = judgement
    return { type, end: 'rejected', code, detail }
  }
  const { topic, partition } = judgement.record
  return { type, end: 'let-in', topic, partition }
}
