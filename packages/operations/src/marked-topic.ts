import type { IncomingRecord, KafkaClient, PublishRecord } from '@sluice/kafka'
import { readRedrivenMark, redrivenMark } from './redriven-mark.ts'
import { type Copy, type SendEnd, sendInChunks } from './send-in-chunks.ts'
import { REDELIVERY_LANE, type Sender } from './sender.ts'

// A topic of one partition, 0, whose records operators send on, and in which marks say what was sent.

export type ScanOptions = {
  readonly client: KafkaClient
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((read: number, total: number) => void) | undefined
}

/** A topic that was read to its end. */
export type Scan = {
  /** False: there is no such topic in this Kafka. */
  readonly exists: boolean
  /** The offsets of records that marks call redriven. */
  readonly redriven: ReadonlySet<number>
}

/**
 * Reads the topic from its start to its present end. Hands every record to `visit`, and collects the marks between them.
 * @throws KafkaError; the signal's reason when it is aborted
 */
export async function scanMarkedTopic(
  topic: string,
  { client, signal, onProgress }: ScanOptions,
  visit: (record: IncomingRecord) => void,
): Promise<Scan> {
  const redriven = new Set<number>()
  const ends = await endsOf(client, topic)
  if (!ends) return { exists: false, redriven }
  const { low, high } = ends
  const reader = client.reader({ name: 'marked-topic' })
  try {
    const to = [{ topic, partition: 0, offset: high }]
    const from = [{ topic, partition: 0, offset: low }]
    if (low < high) {
      for await (const { records, end } of reader.read(from, { to, ...(signal && { signal }) })) {
        for (const record of records) {
          const mark = readRedrivenMark(record)
          if (!mark) visit(record)
          for (const [first, last] of mark ?? []) {
            for (let offset = Math.max(low, first); offset <= last; offset++) redriven.add(offset)
          }
        }
        onProgress?.(end - low, high - low)
      }
    }
    signal?.throwIfAborted()
    return { exists: true, redriven }
  } finally {
    await reader.close()
  }
}

/**
 * The record at an offset; undefined where there is none, or a mark.
 * @throws KafkaError; the signal's reason when it is aborted
 */
export async function readRecordAt(
  topic: string,
  offset: number,
  client: KafkaClient,
  signal?: AbortSignal,
): Promise<IncomingRecord | undefined> {
  const ends = await endsOf(client, topic)
  if (!ends || offset < ends.low || offset >= ends.high) return undefined
  const reader = client.reader({ name: 'marked-topic' })
  try {
    const at = { topic, partition: 0 }
    const to = [{ ...at, offset: offset + 1 }]
    for await (const { records } of reader.read([{ ...at, offset }], {
      to,
      ...(signal && { signal }),
    })) {
      const record = records.find((one) => one.offset === offset)
      if (record) return readRedrivenMark(record) ? undefined : record
    }
    signal?.throwIfAborted()
    return undefined
  } finally {
    await reader.close()
  }
}

export type SendAndMarkOptions = {
  readonly client: KafkaClient
  readonly sender: Sender
  /** The offsets of what is to be sent, ascending. Not empty. */
  readonly wanted: ReadonlySet<number>
  /** What is to be sent for a record; undefined: nothing after all. */
  readonly copyOf: (record: IncomingRecord) => PublishRecord | undefined
  /** Records a second. */
  readonly rate?: number | undefined
  /** Stops after the chunk in hand; what was sent by then is marked. */
  readonly signal?: AbortSignal | undefined
  /** Told after each chunk how many were sent by now: acknowledged by Kafka. */
  readonly onSent: (sent: number) => void
}

/**
 * Sends records on in the order of their offsets, so that of a key nothing overtakes, and after each chunk writes a mark
 * for what Kafka acknowledged. What retention has taken meanwhile is not sent. What a crash leaves unmarked will be sent
 * again.
 * @throws KafkaError when the topic cannot be read
 */
export async function sendAndMark(
  topic: string,
  { client, sender, wanted, copyOf, rate, signal, onSent }: SendAndMarkOptions,
): Promise<SendEnd> {
  let sent = 0
  return await sendInChunks(readCopies(), {
    sender,
    rate,
    signal,
    async settled(chunk, outcomes) {
      const stored = chunk.filter((_, index) => outcomes[index]!.status === 'stored')
      sent += stored.length
      onSent(sent)
      if (stored.length === 0) return undefined
      return mark(
        topic,
        sender,
        stored.map(({ offset }) => offset),
      )
    },
  })

  async function* readCopies(): AsyncGenerator<Copy> {
    const offsets = [...wanted]
    const at = { topic, partition: 0 }
    const from = [{ ...at, offset: offsets[0]! }]
    const to = [{ ...at, offset: offsets.at(-1)! + 1 }]
    const reader = client.reader({ name: 'redrive' })
    try {
      for await (const { records } of reader.read(from, { to, ...(signal && { signal }) })) {
        for (const one of records) {
          const record = wanted.has(one.offset) ? copyOf(one) : undefined
          if (record) yield { record, offset: one.offset }
        }
      }
    } finally {
      await reader.close()
    }
  }
}

/** What went wrong, if anything did. */
async function mark(topic: string, sender: Sender, offsets: readonly number[]): Promise<string | undefined> {
  const record = { lane: REDELIVERY_LANE, topic, partition: 0, ...redrivenMark(offsets) }
  const [outcome] = await sender.send([record])
  if (outcome!.status === 'stored') return undefined
  const detail = 'detail' in outcome! ? outcome.detail : outcome!.status
  return `${offsets.length} records were redriven, but the mark that says so was not stored in ${topic}: they may be sent again. ${detail}`
}

async function endsOf(
  client: KafkaClient,
  topic: string,
): Promise<{ low: number; high: number } | undefined> {
  const admin = await client.admin()
  try {
    const [there] = await admin.describeTopics([topic])
    if (!there) return undefined
    return (await admin.topicOffsets(topic)).find(({ partition }) => partition === 0)
  } finally {
    await admin.close()
  }
}
