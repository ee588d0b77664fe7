import type { IncomingRecord } from '@sluice/kafka'
import { type ScanOptions, scanMarkedTopic } from './marked-topic.ts'

/** How many records share some values. Times in milliseconds since the epoch. */
export type Group<Values> = Values & {
  readonly count: number
  /** Of which were not redriven yet. */
  readonly waiting: number
  readonly firstAt: number
  readonly lastAt: number
}

/** A topic as it stood when it was read to its end. Only what is selected is counted. */
export type TopicSurvey<Item, Values> = {
  /** False: there is no such topic in this Kafka. */
  readonly exists: boolean
  readonly count: number
  readonly waiting: number
  /** Most records first. */
  readonly groups: readonly Group<Values>[]
  /** The newest of them, in the order of their offsets, and whether a mark behind says that it was redriven. */
  readonly newest: readonly (Item & { readonly redriven: boolean })[]
}

export type TopicSurveyOptions<Item, Values> = ScanOptions & {
  /** Undefined for a record that is not meant. */
  readonly read: (record: IncomingRecord) => Item | undefined
  readonly groupOf: (item: Item) => Values
  /** How many records to return one by one. */
  readonly newest?: number | undefined
}

/**
 * Reads a topic with marks from its start to its end, and counts.
 * @throws KafkaError; the signal's reason when it is aborted
 */
export async function surveyTopic<
  Item extends { readonly offset: number; readonly at: number },
  Values extends Readonly<Record<string, string | null>>,
>(topic: string, options: TopicSurveyOptions<Item, Values>): Promise<TopicSurvey<Item, Values>> {
  const { read, groupOf, newest: limit = 0 } = options
  const newest: Item[] = []
  const groups = new Map<string, OpenGroup<Values>>()
  const found: { group: OpenGroup<Values>; offset: number }[] = []
  const { exists, redriven } = await scanMarkedTopic(topic, options, (record) => {
    const item = read(record)
    if (item === undefined) return
    const values = groupOf(item)
    const name = JSON.stringify(values)
    const group = groups.get(name) ?? {
      ...{
        values,
        count: 0,
        waiting: 0,
        firstAt: Number.POSITIVE_INFINITY,
        lastAt: Number.NEGATIVE_INFINITY,
      },
    }
    groups.set(name, group)
    group.count += 1
    group.firstAt = Math.min(group.firstAt, item.at)
    group.lastAt = Math.max(group.lastAt, item.at)
    found.push({ group, offset: item.offset })
    if (limit === 0) return
    if (newest.length === limit) newest.shift()
    newest.push(item)
  })
  // Marks stand behind what they are about: only now it is known what waits.
  for (const { group, offset } of found) if (!redriven.has(offset)) group.waiting += 1
  const counted = [...groups.values()].toSorted((a, b) => b.count - a.count || a.firstAt - b.firstAt)
  return {
    exists,
    count: found.length,
    waiting: counted.reduce((sum, { waiting }) => sum + waiting, 0),
    groups: counted.map(({ values, ...counts }) => ({ ...values, ...counts })),
    newest: newest.map((item) => ({ ...item, redriven: redriven.has(item.offset) })),
  }
}

type OpenGroup<Values> = {
  readonly values: Values
  count: number
  waiting: number
  firstAt: number
  lastAt: number
}
