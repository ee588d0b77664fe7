import type { Event } from './envelope.ts'

/** What makes two records the same event: who sent it, from where, and the id that it got there. */
export type Identity = Pick<Event, 'tenant' | 'source' | 'id'>

/** An identity as one text. The parts hold no line breaks: the gateway takes no control characters. */
export function identityOf({ tenant, source, id }: Identity): string {
  return `${tenant}\n${source}\n${id}`
}

/**
 * The identity in a record's value, without reading its data, which is most of it. Undefined when there is none.
 *
 * What comes before the first `,"data":` is parsed alone. Inside a text the quotes would be escaped, and inside
 * another object or array the rest would not be closed: so if it parses, it is all that comes before the data. If it
 * does not, or the identity comes after the data, the whole value is parsed.
 */
export function readIdentity(value: Buffer | null): Identity | undefined {
  if (value === null) return undefined
  const end = value.indexOf(DATA)
  return (end > 0 ? parse(`${value.toString('utf8', 0, end)}}`) : undefined) ?? parse(value.toString())
}

const DATA = Buffer.from(',"data":')

function parse(text: string): Identity | undefined {
  try {
    const event = JSON.parse(text)
    return isText(event?.tenant) && isText(event.source) && isText(event.id) ? event : undefined
  } catch {
    return undefined
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
