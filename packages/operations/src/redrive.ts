import { laneTopic } from '@sluice/events'
import { type KafkaClient, KafkaError } from '@sluice/kafka'
import { countBy } from './count-by.ts'
import { readDeadLetter } from './dead-letter.ts'
import type { DeadLetterQueue } from './dead-letter-queue.ts'
import { scanMarkedTopic, sendAndMark } from './marked-topic.ts'
import { redrivenRecord } from './redriven-record.ts'
import { isSelected, type Selection } from './selection.ts'
import type { SendEnd } from './send-in-chunks.ts'
import type { Sender } from './sender.ts'

export type RedriveOptions = {
  readonly client: KafkaClient
  readonly sender: Sender
  readonly selection: Selection
  /** Also what was redriven before. The service drops what it handled then, as far as its window reaches. */
  readonly again: boolean
  /** A letter that was redriven this often stays where it is. */
  readonly maxReplays: number
  /** The most letters to send. */
  readonly max?: number | undefined
  /** Letters a second. */
  readonly rate?: number | undefined
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean
  /** Stops after the chunk in hand; what was sent by then is marked. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: RedriveProgress) => void) | undefined
}

/** A letter that failed as often as this after a redrive is likely to fail again: look at it first. */
export const DEFAULT_MAX_REPLAYS = 3

/** `reading`: offsets of the dead-letter topic; `sending`: letters. */
export type RedriveProgress = {
  readonly phase: 'reading' | 'sending'
  readonly done: number
  readonly total: number
}

/** What became of the letters that were selected. */
export type RedriveReport = SendEnd & {
  readonly type: string
  readonly service: string
  readonly topic: string
  /** Letters that fit the selection. They are the sum of the four below, and of those that `max` left. */
  readonly selected: number
  /** Of them, redriven before, and left alone. */
  readonly redrivenBefore: number
  /** Left by the loop guard. */
  readonly guarded: number
  /** Left because they come from no lane of the type. */
  readonly strangers: number
  /** What this run is to send, and has sent: acknowledged by Kafka. */
  readonly planned: number
  readonly sent: number
  /** Of `planned`, by why they are dead letters. */
  readonly reasons: readonly {
    readonly reason: string
    readonly errorType: string
    readonly letters: number
  }[]
  /** Of `planned`, by where they go. */
  readonly routes: readonly { readonly topic: string; readonly partition: number; readonly letters: number }[]
}

/**
 * Sends dead letters back to the lanes that they come from, for the service that gave them up.
 *
 * In two passes. The first reads the topic to its end: what is selected, what the marks call redriven. The second sends
 * in the order of the offsets, so that of a key nothing overtakes, and after each chunk writes a mark for what Kafka
 * acknowledged. Whoever starts it again goes on behind the marks. What a crash leaves unmarked is sent twice, with one
 * generation, and the service drops the second.
 * @throws KafkaError when the topics cannot be read, or are not there; what was sent is marked all the same
 */
export async function redrive(queue: DeadLetterQueue, options: RedriveOptions): Promise<RedriveReport> {
  const { client, selection, signal, onProgress } = options
  const partitions = await partitionsOf(queue, client)
  const found: Found[] = []
  const { exists, redriven } = await scanMarkedTopic(
    queue.topic,
    { client, signal, onProgress: (done, total) => onProgress?.({ phase: 'reading', done, total }) },
    (record) => {
      const letter = readDeadLetter(record)
      if (!isSelected(letter, selection)) return
      const { offset, reason, errorType, replayCount } = letter
      const route = redrivenRecord(record, queue, partitions)
      const guarded = replayCount >= options.maxReplays
      found.push({ offset, reason, errorType, guarded, topic: route?.topic, partition: route?.partition })
    },
  )
  if (!exists) {
    throw new KafkaError(
      'kafka-refused',
      `There is no ${queue.topic} in this Kafka: npm run topics creates it.`,
    )
  }
  const open = found.filter(({ offset }) => options.again || !redriven.has(offset))
  const routed = open.filter(({ guarded, topic }) => !guarded && topic !== undefined)
  const planned = routed.slice(0, options.max)
  let sent = 0
  const report = (end: SendEnd): RedriveReport => ({
    ...end,
    type: queue.type,
    service: queue.service,
    topic: queue.topic,
    selected: found.length,
    redrivenBefore: found.length - open.length,
    guarded: open.filter(({ guarded }) => guarded).length,
    strangers: open.filter(({ guarded, topic }) => !guarded && topic === undefined).length,
    planned: planned.length,
    sent,
    reasons: countBy(planned, 'letters', ({ reason, errorType }) => ({ reason, errorType })),
    routes: countBy(planned, 'letters', ({ topic, partition }) => ({ topic: topic!, partition: partition! })),
  })
  if (options.dryRun || planned.length === 0) return report({ ended: 'done' })

  onProgress?.({ phase: 'sending', done: 0, total: planned.length })
  const end = await sendAndMark(queue.topic, {
    ...{ client, signal, sender: options.sender, rate: options.rate },
    wanted: new Set(planned.map(({ offset }) => offset)),
    copyOf: (record) => redrivenRecord(record, queue, partitions),
    onSent(count) {
      sent = count
      onProgress?.({ phase: 'sending', done: sent, total: planned.length })
    },
  })
  return report(end)
}

type Found = {
  readonly offset: number
  readonly reason: string
  readonly errorType: string
  readonly guarded: boolean
  /** Where it would go; absent where it may go nowhere. */
  readonly topic: string | undefined
  readonly partition: number | undefined
}

async function partitionsOf(
  { definition: { type, lanes } }: DeadLetterQueue,
  client: KafkaClient,
): Promise<ReadonlyMap<string, number>> {
  const admin = await client.admin()
  try {
    const topics = await admin.describeTopics(lanes.map((lane) => laneTopic(type, lane)))
    return new Map(topics.map(({ topic, partitions }) => [topic, partitions]))
  } finally {
    await admin.close()
  }
}
