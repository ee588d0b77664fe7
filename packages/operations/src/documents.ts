import type { IncomingRecord } from '@sluice/kafka'
import { type DeadLetter, textOf } from './dead-letter.ts'
import type { Survey } from './survey.ts'

/** A survey as it is printed and answered: times as RFC 3339. */
export function surveyDocument({ queue, exists, letters, waiting, groups, newest }: Survey) {
  const { type, service, topic } = queue
  return {
    ...{ type, service, topic, exists, letters, waiting },
    redriven: letters - waiting,
    groups: groups.map(({ firstAt, lastAt, ...group }) => ({
      ...group,
      firstAt: toTime(firstAt),
      lastAt: toTime(lastAt),
    })),
    newest: newest.map(({ redriven, ...letter }) => ({ ...headDocument(letter), redriven })),
  }
}

/**
 * A letter with all that it holds. The payload is text, whatever it is: what is not UTF-8 shows as U+FFFD. Whoever shows
 * it must not take it for anything but text.
 */
export function deadLetterDocument(letter: DeadLetter, record: IncomingRecord) {
  return {
    ...headDocument(letter),
    stack:
      textOf(record.headers['dlq-stack']) ?? textOf(record.headers['kafka_dlt-exception-stacktrace']) ?? '',
    headers: Object.fromEntries(
      Object.entries(record.headers)
        .filter(([name]) => name !== 'dlq-stack')
        .map(([name, value]) => [name, textOf(value) ?? null]),
    ),
    value: record.value === null ? null : record.value.toString(),
  }
}

function headDocument({ at, firstFailedAt, origin, ...letter }: DeadLetter) {
  return {
    ...letter,
    at: toTime(at),
    firstFailedAt: firstFailedAt === undefined ? undefined : toTime(firstFailedAt),
    origin: origin && { ...origin, timestamp: toTime(origin.timestamp) },
  }
}

function toTime(at: number): string {
  return new Date(at).toISOString()
}
