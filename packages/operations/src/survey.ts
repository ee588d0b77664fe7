import type { IncomingRecord, KafkaClient } from '@sluice/kafka'
import { type DeadLetter, readDeadLetter } from './dead-letter.ts'
import type { DeadLetterQueue } from './dead-letter-queue.ts'
import { readRecordAt, type ScanOptions } from './marked-topic.ts'
import { EVERYTHING, isSelected, type Selection } from './selection.ts'
import { surveyTopic } from './survey-topic.ts'

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

export type SurveyOptions = ScanOptions & {
  readonly selection?: Selection | undefined
  /** How many letters to return one by one. */
  readonly newest?: number
}

/**
 * Reads a dead-letter topic from its start to its end, and counts.
 * @throws KafkaError; the signal's reason when it is aborted
 */
export async function surveyDeadLetters(queue: DeadLetterQueue, options: SurveyOptions): Promise<Survey> {
  const { selection = EVERYTHING, ...others } = options
  const { count, groups, ...survey } = await surveyTopic(queue.topic, {
    ...others,
    read(record) {
      const letter = readDeadLetter(record)
      return isSelected(letter, selection) ? letter : undefined
    },
    groupOf: ({ reason, errorType }) => ({ reason, errorType }),
  })
  return {
    queue,
    ...survey,
    letters: count,
    groups: groups.map(({ count: letters, ...group }) => ({ ...group, letters })),
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
  const record = await readRecordAt(topic, offset, client, signal)
  return record && { letter: readDeadLetter(record), record }
}
