import type { Event, StoredRecord } from './envelope.ts'
import { isFramed, readAttribute } from './framed.ts'
import type { RecordHeaders } from './headers.ts'

/** What makes two records the same event: who sent it, from where, and the id that it got there. */
export type Identity = Pick<Event, 'tenant' | 'source' | 'id'>

/** An identity as one text. The parts hold no line breaks: the gateway takes no control characters. */
export function identityOf({ tenant, source, id }: Identity): string {
  return `${tenant}\n${source}\n${id}`
}

/**
 * The identity of a record's event, without reading the rest where that is as our writers write it. Undefined when
 * there is none. Of a framed record it is in the headers; of any other in the value.
 *
 * They begin with `specversion`, `id` and `source`, and write `tenant` before the first object. A quote inside a text
 * is escaped, so what is found outside of any object is the member itself; a part that holds an escape or anything but
 * ASCII, and every other order of members, is left to the parser.
 */
export function readIdentity(record: StoredRecord): Identity | undefined {
  const { value } = record
  if (value === null) return undefined
  if (isFramed(value)) return attributes(record.headers)
  return find(value) ?? parse(value)
}

const ID = '{"specversion":"1.0","id":"'
const SOURCE = '","source":"'
const TENANT = ',"tenant":"'
/** Longer ones are left to the parser. */
const HEAD_BYTES = 2048

function find(value: Buffer): Identity | undefined {
  const head = value.toString('latin1', 0, Math.min(value.length, HEAD_BYTES))
  if (!head.startsWith(ID)) return undefined
  const idEnd = head.indexOf('"', ID.length)
  if (!head.startsWith(SOURCE, idEnd)) return undefined
  const source = idEnd + SOURCE.length
  const sourceEnd = head.indexOf('"', source)
  const tenantAt = head.indexOf(TENANT, sourceEnd)
  if (sourceEnd === -1 || tenantAt === -1) return undefined
  const tenant = tenantAt + TENANT.length
  const tenantEnd = head.indexOf('"', tenant)
  const object = head.indexOf('{', 1)
  const list = head.indexOf('[', 1)
  if (tenantEnd === -1 || (object !== -1 && object < tenantEnd) || (list !== -1 && list < tenantEnd)) {
    return undefined
  }
  // From the bytes again: parts of the head would keep all of it in memory.
  const identity = {
    tenant: value.toString('latin1', tenant, tenantEnd),
    source: value.toString('latin1', source, sourceEnd),
    id: value.toString('latin1', ID.length, idEnd),
  }
  return PLAIN.test(identity.tenant) && PLAIN.test(identity.source) && PLAIN.test(identity.id)
    ? identity
    : undefined
}

const PLAIN = /^[ !#-[\]-~]*$/

function attributes(headers: RecordHeaders): Identity | undefined {
  const tenant = readAttribute(headers, 'tenant')
  const source = readAttribute(headers, 'source')
  const id = readAttribute(headers, 'id')
  return isText(tenant) && isText(source) && isText(id) ? { tenant, source, id } : undefined
}

function parse(value: Buffer): Identity | undefined {
  try {
    const event = JSON.parse(value.toString())
    return isText(event?.tenant) && isText(event.source) && isText(event.id) ? event : undefined
  } catch {
    return undefined
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
