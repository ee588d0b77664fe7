import { type CatalogueEntry, laneTopic } from '@sluice/events'
import type { Admin, KafkaClient, PartitionOffset } from '@sluice/kafka'
import { noTopicsOf } from './no-topics.ts'
import { replayedRecord } from './replayed-record.ts'
import { type Copy, type SendEnd, sendInChunks } from './send-in-chunks.ts'
import type { Sender } from './sender.ts'

export type ReplayOptions = {
  readonly client: KafkaClient
  readonly sender: Sender
  /** The service that is to handle the events again. It must read the type. */
  readonly service: string
  /** Events stored at this time or later, and before the other one; milliseconds since the epoch. */
  readonly from: number
  readonly to: number
  /** Names this replay. Given again, it goes on where it stopped, and what was sent twice is handled once. */
  readonly run: string
  /** Events a second. */
  readonly rate?: number | undefined
  readonly dryRun: boolean
  /** Stops after the chunk in hand. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: ReplayProgress) => void) | undefined
}

/** In offsets, of which some are copies that are passed over. */
export type ReplayProgress = { readonly done: number; readonly total: number; readonly sent: number }

export type ReplayReport = SendEnd & {
  readonly type: string
  readonly service: string
  readonly run: string
  readonly from: number
  readonly to: number
  /** What each lane has for this run to read, in offsets: as good as the number of events. */
  readonly lanes: readonly { readonly topic: string; readonly offsets: number }[]
  /** Acknowledged by Kafka. */
  readonly sent: number
  /** Records that are copies themselves, of a redrive or a replay. */
  readonly copies: number
  /** Of the range, what retention had taken. */
  readonly lost: number
}

/** A run's name: it becomes part of a header and of a group's name. */
export const RUN_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** The group that holds how far a run has come. Nobody is ever a member of it. */
export function groupOfRun(type: string, service: string, run: string): string {
  return `sluice-replay.${type}.${service}.${run}`
}

/**
 * Sends the events of a time range through their lanes once more, for one service: one lane after the other, partition by
 * partition, in the order of their offsets. After each chunk that Kafka acknowledged the run's group commits how far it
 * is.
 *
 * The range is of the times at which events were stored, as their records say; where these are not in order, an event
 * at the edge may be missed. The group must not be older than Kafka keeps the offsets of empty groups (7 days by default).
 * @throws KafkaError when the topics cannot be read, or none is there
 */
export async function replay(
  { definition: { type, lanes } }: CatalogueEntry,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const { client, service, run, from, to, signal, onProgress } = options
  const group = groupOfRun(type, service, run)
  const admin = await client.admin()
  try {
    const spans = await findSpans(
      admin,
      lanes.map((lane) => laneTopic(type, lane)),
      group,
      { from, to },
    )
    if (spans.length === 0) throw noTopicsOf(type)
    const total = spans.reduce((sum, span) => sum + span.end - span.offset, 0)
    const counts = { sent: 0, copies: 0, lost: 0 }
    const report = (end: SendEnd): ReplayReport => ({
      ...end,
      ...{ type, service, run, from, to },
      lanes: [...Map.groupBy(spans, ({ topic }) => topic)].map(([topic, of]) => ({
        topic,
        offsets: of.reduce((sum, span) => sum + span.end - span.offset, 0),
      })),
      ...counts,
    })
    if (options.dryRun) return report({ ended: 'done' })
    const commit = (at: PartitionOffset) =>
      admin.commitGroupOffsets(group, [at]).then(
        () => undefined,
        (error: Error) => `How far the run is could not be committed. ${error.message}`,
      )

    let before = 0
    for (const span of spans) {
      const { topic, partition, offset, end } = span
      const told = (at: number) => onProgress?.({ done: before + at - offset, total, sent: counts.sent })
      told(offset)
      if (offset < end) {
        const ended = await sendInChunks(readCopies(span, options, counts), {
          sender: options.sender,
          rate: options.rate,
          signal,
          async settled(chunk, outcomes) {
            const lost = outcomes.findIndex(({ status }) => status !== 'stored')
            const acknowledged = lost === -1 ? chunk.length : lost
            if (acknowledged === 0) return undefined
            counts.sent += acknowledged
            const next = chunk[acknowledged - 1]!.offset + 1
            told(next)
            return commit({ topic, partition, offset: next })
          },
        })
        if (ended.ended !== 'done') return report(ended)
        const failure = await commit({ topic, partition, offset: end })
        if (failure !== undefined) return report({ ended: 'failed', failure })
      }
      before += end - offset
    }
    onProgress?.({ done: total, total, sent: counts.sent })
    return report({ ended: 'done' })
  } finally {
    await admin.close()
  }
}

/** What of a partition is still to be replayed. */
type Part = PartitionOffset & { readonly end: number; readonly partitions: number }

async function findSpans(
  admin: Admin,
  topics: readonly string[],
  group: string,
  range: { readonly from: number; readonly to: number },
): Promise<Part[]> {
  const spans: Part[] = []
  for (const { topic, partitions } of await admin.describeTopics(topics)) {
    const starts = await admin.offsetsForTime(topic, range.from)
    const ends = await admin.offsetsForTime(topic, range.to)
    const committed = await admin.groupOffsets(group, topic)
    const at = (list: readonly { partition: number; offset: number }[], partition: number) =>
      list.find((one) => one.partition === partition)?.offset ?? -1
    for (let partition = 0; partition < partitions; partition++) {
      const end = Math.max(0, at(ends, partition))
      const offset = Math.min(end, Math.max(at(starts, partition), at(committed, partition), 0))
      spans.push({ topic, partition, offset, end, partitions })
    }
  }
  return spans
}

async function* readCopies(
  { topic, partition, offset, end, partitions }: Part,
  { client, service, run, from, to, signal }: ReplayOptions,
  counts: { copies: number; lost: number },
): AsyncGenerator<Copy> {
  const reader = client.reader({ name: 'replay' })
  try {
    const stop = { to: [{ topic, partition, offset: end }], ...(signal && { signal }) }
    for await (const { records, lost } of reader.read([{ topic, partition, offset }], stop)) {
      counts.lost += lost
      for (const one of records) {
        if (one.timestamp < from || one.timestamp >= to) continue
        const record = replayedRecord(one, { service, run, partitions })
        if (record) yield { record, offset: one.offset }
        else counts.copies += 1
      }
    }
  } finally {
    await reader.close()
  }
}
