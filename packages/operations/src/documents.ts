import { decodeEvent, type EventDefinition, encodeEvent, isFramed, redact, textOf } from '@sluice/events'
import type { IncomingRecord } from '@sluice/kafka'
import type { DeadLetter } from './dead-letter.ts'
import type { DeadLetterQueue } from './dead-letter-queue.ts'
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
 * it must not take it for anything but text. Personal data is redacted in it, unless `raw` asks for it as it is stored;
 * of a type that has some, a payload that cannot be read is not shown at all.
 */
export function deadLetterDocument(
  { definition }: DeadLetterQueue,
  letter: DeadLetter,
  record: IncomingRecord,
  { raw }: { readonly raw: boolean },
) {
  const { value } = record
  return {
    ...headDocument(letter),
    stack:
      textOf(record.headers['dlq-stack']) ?? textOf(record.headers['kafka_dlt-exception-stacktrace']) ?? '',
    headers: Object.fromEntries(
      Object.entries(record.headers)
        .filter(([name]) => name !== 'dlq-stack')
        .map(([name, value]) => [name, textOf(value) ?? null]),
    ),
    value: value && (raw ? value.toString() : payloadText(storedText(record, value), definition)),
  }
}

/** As it is stored; of a framed one the event as it would be unframed, because people look for its attributes there. */
function storedText(record: IncomingRecord, value: Buffer): string {
  if (!isFramed(value)) return value.toString()
  try {
    return encodeEvent(decodeEvent(record))
  } catch {
    return value.toString()
  }
}

/** A payload as people may see it. @param definition undefined: nothing is redacted. */
export function payloadText(text: string, definition: EventDefinition | undefined): string {
  if (definition === undefined || definition.pii.length === 0) return text
  try {
    const event: unknown = JSON.parse(text)
    if (typeof event === 'object' && event !== null && 'data' in event) {
      return JSON.stringify({ ...event, data: redact(definition, event.data) })
    }
  } catch {
    // No JSON: as below.
  }
  return UNREADABLE
}

/** In place of a payload in which nobody can tell what is personal. */
const UNREADABLE = '[not an event, and perhaps personal: shown only raw]'

function headDocument({ at, firstFailedAt, origin, ...letter }: DeadLetter) {
  return {
    ...letter,
    at: toTime(at),
    firstFailedAt: firstFailedAt === undefined ? undefined : toTime(firstFailedAt),
    origin: origin && { ...origin, timestamp: toTime(origin.timestamp) },
  }
}

export function toTime(at: number): string {
  return new Date(at).toISOString()
}
