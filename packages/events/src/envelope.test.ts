import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecodeError, dataSchemaOf, decodeEvent, type Event, encodeEvent } from './envelope.ts'

const event: Event = {
  specversion: '1.0',
  id: 'e-1',
  source: '/shop',
  type: 'order-placed',
  time: '2026-11-24T08:00:00.000Z',
  datacontenttype: 'application/json',
  dataschema: dataSchemaOf('order-placed', 1),
  priority: 'normal',
  receivedat: '1795507200000',
  tenant: 'default',
  data: { orderId: 'o-1' },
}

const recordOf = (value: Buffer | string | null) => ({
  value: typeof value === 'string' ? Buffer.from(value) : value,
  headers: {},
})
const without = (attribute: string) => JSON.stringify({ ...event, [attribute]: undefined })

describe('encodeEvent and decodeEvent', () => {
  it('give back what went in, whatever the data', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'grapheme' }), (data, id) => {
        const original = JSON.parse(JSON.stringify({ ...event, id, data }))
        expect(decodeEvent(recordOf(encodeEvent(original)))).toEqual(original)
      }),
    )
  })

  it('read a value that lies inside a larger buffer, as a client hands it over', () => {
    const text = Buffer.from(encodeEvent(event))
    const fetched = Buffer.concat([Buffer.from('{"before":1}'), text, Buffer.from('after')])
    expect(decodeEvent(recordOf(fetched.subarray(12, 12 + text.length)))).toEqual(event)
  })

  it('keep attributes that this version does not know', () => {
    expect(decodeEvent(recordOf(JSON.stringify({ ...event, extra: 'kept' })))).toHaveProperty('extra', 'kept')
  })

  it('accept data that is null: it is there', () => {
    expect(decodeEvent(recordOf(JSON.stringify({ ...event, data: null }))).data).toBeNull()
  })
})

describe('decodeEvent refuses', () => {
  it.each([
    ['a tombstone', null, /no value/],
    ['an empty value', Buffer.alloc(0), /no value/],
    ['text that is not JSON', 'hello', /not JSON/],
    ['JSON that is cut off', encodeEvent(event).slice(0, -1), /not JSON/],
    ['null', 'null', /not a JSON object/],
    ['a list', `[${encodeEvent(event)}]`, /not a JSON object/],
    ['a number', '7', /not a JSON object/],
    ['an event without data', without('data'), /no data/],
    ['an attribute that is not a string', JSON.stringify({ ...event, id: 7 }), /"id"/],
  ])('%s', (_what, value, message) => {
    expect(() => decodeEvent(recordOf(value))).toThrow(DecodeError)
    expect(() => decodeEvent(recordOf(value))).toThrow(message)
  })

  it.each(['id', 'source', 'type', 'time', 'priority', 'receivedat', 'tenant'])(
    'an event without %s, and names it',
    (attribute) => {
      expect(() => decodeEvent(recordOf(without(attribute)))).toThrow(`"${attribute}"`)
    },
  )

  it('with a stable code', () => {
    expect(() => decodeEvent(recordOf(null))).toThrow(expect.objectContaining({ code: 'undecodable' }))
  })
})
