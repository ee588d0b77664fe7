import type { IncomingRecord, KafkaClient } from '@sluice/kafka'
import { type DeadLetter, readDeadLetter } from './dead-letter.ts'
import type { DeadLetterQueue } from './dead-letter-queue.ts'
import { readRedrivenMark } from './redriven-mark.ts'
import { EVERYTHING, isSelected, type Selection } from './selection.ts'

/** Letters of one reason and kind of error. Times in milliseconds since the epoch. */
export type LetterGroup = {
  readonly reason: string
  readonly errorType: string
  readonly letters: number
  /** Of which were not redriven yet. */
  readonly waiting: number
  readonly firstAt: number
  readonly lastAt: number
}

/** A letter, and whether a mark behind it says that it was redriven. */
export type SurveyedLetter = DeadLetter & { readonly redriven: boolean }

/** A dead-letter topic as it stood when it was read to its end. Only what is selected is counted. */
export type Survey = {
  readonly queue: DeadLetterQueue
  /** False: there is no such topic in this Kafka. */
  readonly exists: boolean
  readonly letters: number
  readonly waiting: number
  /** Most letters first. */
  readonly groups: readonly LetterGroup[]
  /** The newest of them, in the order of their offsets. */
  readonly newest: readonly SurveyedLetter[]
}

export type SurveyOptions = {
  readonly client: KafkaClient
  readonly selection?: Selection | undefined
  /** How many letters to return one by one. */
  readonly newest?: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((read: number, total: number) => void) | undefined
}

/**
 * Reads a dead-letter topic from its start to its end, and counts.
 * @throws KafkaError; the signal's reason when it is aborted
 */
export async function surveyDeadLetters(queue: DeadLetterQueue, options: SurveyOptions): Promise<Survey> {
  const { selection = EVERYTHING, newest: limit = 0 } = options
  const newest: DeadLetter[] = []
  const groups = new Map<string, OpenGroup>()
  const found: { group: OpenGroup; offset: number }[] = []
  const scan = await scanDeadLetters(queue, options, (letter) => {
    if (!isSelected(letter, selection)) return
    const group = groupOf(groups, letter)
    group.letters += 1
    group.firstAt = Math.min(group.firstAt, letter.at)
    group.lastAt = Math.max(group.lastAt, letter.at)
    found.push({ group, offset: letter.offset })
    if (limit === 0) return
    if (newest.length === limit) newest.shift()
    newest.push(letter)
  })
  // Marks stand behind what they are about: only now it is known what waits.
  for (const { group, offset } of found) if (!scan.redriven.has(offset)) group.waiting += 1
  const counted = [...groups.values()]
  return {
    queue,
    exists: scan.exists,
    letters: found.length,
    waiting: counted.reduce((sum, { waiting }) => sum + waiting, 0),
    groups: counted.toSorted((a, b) => b.letters - a.letters || a.firstAt - b.firstAt),
    newest: newest.map((letter) => ({ ...letter, redriven: scan.redriven.has(letter.offset) })),
  }
}

/** A dead-letter topic that was read to its end. */
export type Scan = {
  readonly exists: boolean
  /** The offsets of letters that marks call redriven. */
  readonly redriven: ReadonlySet<number>
}

/** Hands every letter to `visit`, and collects the marks between them. */
export async function scanDeadLetters(
  { topic }: DeadLetterQueue,
  { client, signal, onProgress }: Pick<SurveyOptions, 'client' | 'signal' | 'onProgress'>,
  visit: (letter: DeadLetter, record: IncomingRecord) => void,
): Promise<Scan> {
  const redriven = new Set<number>()
  const ends = await endsOf(client, topic)
  if (!ends) return { exists: false, redriven }
  const { low, high } = ends
  const reader = client.reader({ name: 'dead-letters' })
  try {
    const to = [{ topic, partition: 0, offset: high }]
    const from = [{ topic, partition: 0, offset: low }]
    if (low < high) {
      for await (const { records, end } of reader.read(from, { to, ...(signal && { signal }) })) {
        for (const record of records) {
          const mark = readRedrivenMark(record)
          if (!mark) visit(readDeadLetter(record), record)
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
 * The letter at an offset, with its record; undefined where there is none, or a mark.
 * @throws KafkaError; the signal's reason when it is aborted
 */
export async function readLetterAt(
  { topic }: DeadLetterQueue,
  offset: number,
  client: KafkaClient,
  signal?: AbortSignal,
): Promise<{ readonly letter: DeadLetter; readonly record: IncomingRecord } | undefined> {
  const ends = await endsOf(client, topic)
  if (!ends || offset < ends.low || offset >= ends.high) return undefined
  const reader = client.reader({ name: 'dead-letters' })
  try {
    const at = { topic, partition: 0 }
    const to = [{ ...at, offset: offset + 1 }]
    for await (const { records } of reader.read([{ ...at, offset }], {
      to,
      ...(signal && { signal }),
    })) {
      const record = records.find((one) => one.offset === offset)
      if (record) return readRedrivenMark(record) ? undefined : { letter: readDeadLetter(record), record }
    }
    signal?.throwIfAborted()
    return undefined
  } finally {
    await reader.close()
  }
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

type OpenGroup = { -readonly [Member in keyof LetterGroup]: LetterGroup[Member] }

function groupOf(groups: Map<string, OpenGroup>, { reason, errorType }: DeadLetter): OpenGroup {
  const name = `${reason}\n${errorType}`
  let group = groups.get(name)
  if (!group) {
    group = {
      reason,
      errorType,
      letters: 0,
      waiting: 0,
      firstAt: Number.POSITIVE_INFINITY,
      lastAt: Number.NEGATIVE_INFINITY,
    }
    groups.set(name, group)
  }
  return group
}
