import fc from 'fast-check'
import { expect, test } from 'vitest'
import { identityOf, readIdentity } from './identity.ts'

const read = (text: string) => readIdentity({ value: Buffer.from(text), headers: {} })
const plain = { tenant: 't', source: '/s', id: 'i' }

test('an identity differs as soon as tenant, source or id do', () => {
  const all = [plain, { ...plain, tenant: 'u' }, { ...plain, source: '/u' }, { ...plain, id: 'u' }].map(
    identityOf,
  )
  expect(new Set(all).size).toBe(4)
})

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('/shop', ',"tenant":"', '"', '\\\\', '{"id":"other"}', 'é', '[', '{'),
)
const nested = fc.oneof(fc.jsonValue(), text, fc.constant({ a: 1, tenant: 'x', id: 'y' }))

function expectRight(value: string): void {
  const whole = JSON.parse(value)
  const complete = ['tenant', 'source', 'id'].every((name) => typeof whole[name] === 'string')
  const found = read(value)
  expect(found && identityOf(found)).toEqual(complete ? identityOf(whole) : undefined)
}

test('is that of the whole value, whatever it holds and in whatever order', () => {
  const members = fc.uniqueArray(
    fc.oneof(
      fc.tuple(fc.constantFrom('id', 'source', 'tenant', 'subject', 'correlationid'), text),
      fc.tuple(fc.constantFrom('data', 'extension', 'other'), nested),
    ),
    { selector: ([name]) => name, maxLength: 8 },
  )
  fc.assert(
    fc.property(members, (list) => expectRight(JSON.stringify(Object.fromEntries(list)))),
    { numRuns: 1000 },
  )
})

test('is right also where it begins as our writers begin', () => {
  const rest = fc.uniqueArray(
    fc.oneof(
      fc.tuple(fc.constantFrom('type', 'subject', 'tenant', 'traceparent'), text),
      fc.tuple(fc.constantFrom('data', 'extension'), nested),
    ),
    { selector: ([name]) => name, maxLength: 6 },
  )
  fc.assert(
    fc.property(text, text, rest, fc.nat(3000), (id, source, list, padding) => {
      const more = Object.fromEntries(list)
      expectRight(JSON.stringify({ specversion: '1.0', id, source, time: 'x'.repeat(padding), ...more }))
    }),
    { numRuns: 1000 },
  )
})

test.each(['', '{', 'null', '[]', '"x"', '7', '{"id":1,"source":"s","tenant":"t"}', '{"id":"i","data":{}}'])(
  'there is none in %s',
  (value) => {
    expect(read(value)).toBeUndefined()
  },
)

test('there is none in a tombstone', () => {
  expect(readIdentity({ value: null, headers: {} })).toBeUndefined()
})
