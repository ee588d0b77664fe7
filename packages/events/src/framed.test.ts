import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecodeError, decodeEvent, type Event, encodeEvent } from './envelope.ts'
import { encodeFramed, FRAMED_JSON, isFramed, schemaIdOf } from './framed.ts'
import { CONTENT_TYPE } from './headers.ts'
import { readIdentity } from './identity.ts'

const event: Event = {
  specversion: '1.0',
  id: 'e-1',
  source: '/shop',
  type: 'order-placed',
  time: '2026-11-24T08:00:00.000Z',
  datacontenttype: 'application/json',
  dataschema: 'urn:sluice:order-placed:1',
  priority: 'normal',
  receivedat: '1795507200000',
  tenant: 'default',
  data: { orderId: 'ö-1' },
}

describe('a framed record', () => {
  it('holds the event that went in, whatever its data, its texts and its schema', () => {
    const text = fc.string({ unit: 'grapheme' })
    const id = fc.integer({ min: 1, max: 2 ** 31 - 1 })
    fc.assert(
      fc.property(fc.jsonValue(), text, text, id, (data, subject, tenant, schemaId) => {
        const original = JSON.parse(JSON.stringify({ ...event, subject, tenant, data }))
        const record = encodeFramed(original, schemaId)
        expect(schemaIdOf(record.value)).toBe(schemaId)
        expect(decodeEvent(record)).toEqual(original)
        expect(readIdentity(record)).toEqual({ tenant, source: event.source, id: event.id })
      }),
    )
  })

  it('is a zero byte, the schema, the data, and the attributes as headers', () => {
    const { value, headers } = encodeFramed({ ...event, extra: 7 } as Event, 258)
    expect(value).toEqual(Buffer.concat([Buffer.from([0, 0, 0, 1, 2]), Buffer.from('{"orderId":"ö-1"}')]))
    expect(headers).toMatchObject({
      [CONTENT_TYPE]: FRAMED_JSON,
      ce_id: 'e-1',
      ce_type: 'order-placed',
      ce_extra: '7',
    })
    expect(Object.keys(headers)).not.toContain('ce_datacontenttype')
  })

  it('is told by its first byte from every plain one', () => {
    fc.assert(fc.property(fc.jsonValue(), (data) => !isFramed(Buffer.from(encodeEvent({ ...event, data })))))
    expect(isFramed(Buffer.alloc(0))).toBe(false)
  })

  it.each([
    ['ends inside its frame', Buffer.from([0, 0, 0]), /not framed JSON/],
    ['holds something else than JSON', Buffer.from([0, 0, 0, 0, 7, 2, 6]), /not framed JSON/],
  ])('that %s is refused', (_what, value, message) => {
    const record = { ...encodeFramed(event, 7), value }
    expect(() => decodeEvent(record)).toThrow(DecodeError)
    expect(() => decodeEvent(record)).toThrow(message)
  })

  it('without an attribute is refused, and its header named', () => {
    const { value, headers } = encodeFramed(event, 7)
    const { ce_tenant: _, ...others } = headers as Record<string, string>
    expect(() => decodeEvent({ value, headers: others })).toThrow('The header "ce_tenant" is missing.')
    expect(readIdentity({ value, headers: others })).toBeUndefined()
  })
})

describe('schemaIdOf', () => {
  it.each([null, Buffer.alloc(0), Buffer.from([0, 0, 0, 1]), Buffer.from('{"specversion":"1.0"}')])(
    'is undefined where there is no whole frame: %s',
    (value) => {
      expect(schemaIdOf(value)).toBeUndefined()
    },
  )
})
