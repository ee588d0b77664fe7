import { randomUUID } from 'node:crypto'

/**
 * Makes ids for events that came without one: UUIDs of version 7 (RFC 9562, 5.7), which sort by the millisecond
 * they were made in; inside a millisecond their order is random. Built from a random UUID, whose variant bits
 * they share: Node's own `randomUUIDv7` is missing before 24.16.
 */
export function createEventIds(now: number): () => string {
  const time = now.toString(16).padStart(12, '0')
  const head = `${time.slice(0, 8)}-${time.slice(8)}-7`
  return () => head + randomUUID().slice(15)
}
