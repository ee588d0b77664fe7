import { type CatalogueEntry, REJECTED_TOPIC } from '@sluice/events'
import type { IncomingRecord } from '@sluice/kafka'
import { payloadText, toTime } from './documents.ts'
import type { RejectedEvent } from './rejected-event.ts'
import type { RejectedSurvey } from './rejected-survey.ts'

/** A survey as it is printed and answered: times as RFC 3339. */
export function rejectedSurveyDocument({ exists, count, waiting, groups, newest }: RejectedSurvey) {
  return {
    ...{ topic: REJECTED_TOPIC, exists, events: count, waiting, redriven: count - waiting },
    groups: groups.map(({ count: events, firstAt, lastAt, ...group }) => ({
      ...{ ...group, events, firstAt: toTime(firstAt), lastAt: toTime(lastAt) },
    })),
    newest: newest.map(({ at, ...event }) => ({ ...event, at: toTime(at) })),
  }
}

/**
 * A rejected event with what was posted, as text. Personal data is redacted in it, unless `raw` asks for it as it is
 * stored; of a type that nobody defined nobody can tell what is personal, so it is not shown at all.
 */
export function rejectedDocument(
  entries: readonly CatalogueEntry[],
  { at, ...event }: RejectedEvent,
  { value }: IncomingRecord,
  { raw }: { readonly raw: boolean },
) {
  const definition = entries.find((entry) => entry.definition.type === event.type)?.definition
  const text = value?.toString() ?? ''
  const shown = raw ? text : definition ? payloadText(text, definition) : UNKNOWN_TYPE
  return { ...event, at: toTime(at), value: shown }
}

/** In place of a payload. */
const UNKNOWN_TYPE = '[of an unknown type, and perhaps personal: shown only raw]'
