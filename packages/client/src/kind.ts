import type { EventDefinition, Lane } from '@sluice/events'

/**
 * What an event is to be published as: a definition of the catalogue, or whatever has a type and a key. Structural, so
 * that neither a definition nor the library of its schema is part of a bundle that does not import one.
 */
export type EventKind<Data> = Pick<EventDefinition, 'type'> & {
  /** Events of one key keep their order. */
  key(data: Data): string
}

/** What may be said of one event beside its type and data. */
export type PublishOptions = {
  /** Default: a new UUIDv7. Every attempt has the same one. */
  readonly id?: string
  /** Default: what the credential says. */
  readonly source?: string
  readonly subject?: string
  /** When it happened, RFC 3339. Default: now. */
  readonly time?: string
  /** A wish; rules may decide otherwise. */
  readonly priority?: Lane
  /** Gives the event up when it aborts: it ends as `refused` or `unknown`. */
  readonly signal?: AbortSignal
}

/**
 * What keeps its order: the events of one type and key. Without a definition the key is not known; then source and
 * subject stand for it, and without a subject an event has no order at all.
 */
export function placeOf<Data>(
  kind: EventKind<Data> | string,
  data: Data,
  { source = '', subject }: PublishOptions,
): string | undefined {
  if (typeof kind === 'string') return subject === undefined ? undefined : `${kind}\n${source}\n${subject}`
  try {
    return `${kind.type}\n${kind.key(data)}`
  } catch {
    // Data that has no key does not fit its type. The gateway says precisely what is wrong with it.
    return undefined
  }
}
