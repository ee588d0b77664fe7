/** Names of the Kafka record headers. Few on purpose: each header costs CPU on every hop. */
export const CONTENT_TYPE = 'content-type'

/** The content type of a record whose value is a whole CloudEvent as JSON (structured mode). */
export const CLOUDEVENTS_JSON = 'application/cloudevents+json'

/** What the names of all headers about a repeated delivery begin with; a record of the gateway has none of them. */
export const REDELIVERY_PREFIX = 'sluice-'

/** How many retry copies lead to this record, in digits. Absent: 0, it is no copy. */
export const HOP = 'sluice-hop'

/** Which redrive or replay wrote this record: a short text, like `redrive-1`. Absent: none did. */
export const GENERATION = 'sluice-generation'

/** The one service that this record is for; others finish it without handling it. Absent: all. */
export const SERVICE = 'sluice-service'

/**
 * What a retry copy is a copy of: `topic/partition/offset/timestamp/attempts/first-failed-at`. The first four are the
 * original record's; attempts so far; both times in milliseconds since the epoch.
 */
export const ORIGIN = 'sluice-origin'

/** The headers of a record as a client hands them over. A name that repeats has a list. */
export type RecordHeaders = Readonly<
  Record<string, Buffer | string | null | readonly (Buffer | string | null)[] | undefined>
>

/** A header as text; of one that repeats, the last value. */
export function textOf(header: RecordHeaders[string]): string | undefined {
  const value = Array.isArray(header) ? header.at(-1) : header
  return value === undefined || value === null ? undefined : String(value)
}
