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

const bytesOf = (text: string) => Buffer.from(text, 'utf8')
const without = (attribute: string) => JSON.stringify({ ...event, [attribute]: undefined })

describe('encodeEvent and decodeEvent', () => {
  it('give back what went in, whatever the data', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'grapheme' }), (data, id) => {
        const original = JSON.parse(JSON.stringify({ ...event, id, data }))
        expect(decodeEvent(bytesOf(encodeEvent(original)))).toEqual(original)
      }),
    )
  })

  it('read a value that lies inside a larger buffer, as a client hands it over', () => {
    const text = bytesOf(encodeEvent(event))
    const fetched = Buffer.concat([bytesOf('{"before":1}'), text, bytesOf('after')])
    expect(decodeEvent(fetched.subarray(12, 12 + text.length))).toEqual(event)
  })

  it('keep attributes that this version does not know', () => {
    expect(decodeEvent(bytesOf(JSON.stringify({ ...event, extra: 'kept' })))).toHaveProperty('extra', 'kept')
  })

  it('accept data that is null: it is there', () => {
    expect(decodeEvent(bytesOf(JSON.stringify({ ...event, data: null }))).data).toBeNull()
  })
})

describe('decodeEvent refuses', () => {
  it.each([
    ['a tombstone', null, /no value/],
    ['an empty value', Buffer.alloc(0), /no value/],
    ['text that is not JSON', bytesOf('hello'), /not JSON/],
    ['JSON that is cut off', bytesOf(encodeEvent(event).slice(0, -1)), /not JSON/],
    ['null', bytesOf('null'), /not a JSON object/],
    ['a list', bytesOf(`[${encodeEvent(event)}]`), /not a JSON object/],
    ['a number', bytesOf('7'), /not a JSON object/],
    ['an event without data', bytesOf(without('data')), /no data/],
    ['an attribute that is not a string', bytesOf(JSON.stringify({ ...event, id: 7 })), /"id"/],
  ])('%s', (_what, value, message) => {
    expect(() => decodeEvent(value)).toThrow(DecodeError)
    expect(() => decodeEvent(value)).toThrow(message)
  })

  it.each(['id', 'source', 'type', 'time', 'priority', 'receivedat', 'tenant'])(
    'an event without %s, and names it',
    (attribute) => {
      expect(() => decodeEvent(bytesOf(without(attribute)))).toThrow(`"${attribute}"`)
    },
  )

  it('with a stable code', () => {
    expect(() => decodeEvent(null)).toThrow(expect.objectContaining({ code: 'undecodable' }))
  })
})
