import { ClientError } from './errors.ts'
import type { PublishOptions } from './kind.ts'

/**
 * The event as a member of a posted array. Written once: what is sent again is the same to the last byte, and what
 * happens to `data` afterwards changes nothing.
 * @throws ClientError `not-json`
 */
export function encodeEvent(
  type: string,
  id: string,
  time: string,
  data: unknown,
  { source, subject, priority }: PublishOptions,
): string {
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch (cause) {
    throw new ClientError('not-json', `The data of "${type}" cannot be written as JSON.`, { cause })
  }
  if (text === undefined) throw new ClientError('not-json', `"${type}" has no data that JSON knows.`)
  const head = JSON.stringify({ type, id, source, time, subject, priority })
  return `${head.slice(0, -1)},"data":${text}}`
}

/** How many bytes a text has in UTF-8, without writing them. */
export function byteLength(text: string): number {
  let bytes = text.length
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x80) continue
    // Each half of a surrogate pair has two of its four bytes; JSON.stringify leaves no half alone.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return bytes
}
