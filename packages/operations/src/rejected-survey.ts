import { REJECTED_TOPIC } from '@sluice/events'
import type { IncomingRecord, KafkaClient } from '@sluice/kafka'
import { readRecordAt, type ScanOptions } from './marked-topic.ts'
import { type RejectedEvent, readRejectedEvent } from './rejected-event.ts'
import { createFilters, EVERYTHING, type SelectionBy } from './selection.ts'
import { surveyTopic, type TopicSurvey } from './survey-topic.ts'

/** Which rejected events are meant. The time is when the gateway received them. */
export type RejectedSelection = SelectionBy<'codes' | 'types' | 'ids' | 'credentials' | 'tenants'>

export const rejectedFilters = createFilters({
  code: 'codes',
  type: 'types',
  id: 'ids',
  credential: 'credentials',
  tenant: 'tenants',
})

export function isSelectedRejection(event: RejectedEvent, selection: RejectedSelection): boolean {
  const { code, type, id, credential, tenant } = event
  return rejectedFilters.fits(selection, event, {
    ...{ codes: code, types: type, ids: id, credentials: credential, tenants: tenant },
  })
}

export type RejectedSurvey = TopicSurvey<
  RejectedEvent,
  { readonly type: string | null; readonly code: string }
>

export type RejectedSurveyOptions = ScanOptions & {
  readonly selection?: RejectedSelection | undefined
  /** How many events to return one by one. */
  readonly newest?: number
}

/**
 * Reads the quarantine from its start to its end, and counts by type and code.
 * @throws KafkaError; the signal's reason when it is aborted
 */
export function surveyRejected({
  selection = EVERYTHING,
  ...options
}: RejectedSurveyOptions): Promise<RejectedSurvey> {
  return surveyTopic(REJECTED_TOPIC, {
    ...options,
    read(record) {
      const event = readRejectedEvent(record)
      return event && isSelectedRejection(event, selection) ? event : undefined
    },
    groupOf: ({ type, code }) => ({ type, code }),
  })
}

/**
 * The rejected event at an offset, with its record; undefined where there is none.
 * @throws KafkaError; the signal's reason when it is aborted
 */
export async function readRejectedAt(
  offset: number,
  client: KafkaClient,
  signal?: AbortSignal,
): Promise<{ readonly event: RejectedEvent; readonly record: IncomingRecord } | undefined> {
  const record = await readRecordAt(REJECTED_TOPIC, offset, client, signal)
  const event = record && readRejectedEvent(record)
  return event && { event, record }
}
