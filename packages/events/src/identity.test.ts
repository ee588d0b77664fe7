import fc from 'fast-check'
import { expect, test } from 'vitest'
import { identityOf, readIdentity } from './identity.ts'

const read = (text: string) => readIdentity(Buffer.from(text))
const plain = { tenant: 't', source: '/s', id: 'i' }

test('an identity differs as soon as tenant, source or id do', () => {
  const all = [plain, { ...plain, tenant: 'u' }, { ...plain, source: '/u' }, { ...plain, id: 'u' }].map(
    identityOf,
  )
  expect(new Set(all).size).toBe(4)
})

test('is that of the whole value, whatever it holds and in whatever order', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(',"data":', '"data":', '\\', '"', '{"id":"other"}', 'é', ',"data":{'),
  )
  const nested = fc.oneof(fc.jsonValue(), text, fc.constant({ a: 1, data: { id: 'x', tenant: 'y' } }))
  const members = fc.uniqueArray(
    fc.oneof(
      fc.tuple(fc.constantFrom('id', 'source', 'tenant', 'subject', 'correlationid'), text),
      fc.tuple(fc.constantFrom('data', 'extension', 'other'), nested),
    ),
    { selector: ([name]) => name, maxLength: 8 },
  )
  fc.assert(
    fc.property(members, (list) => {
      const value = JSON.stringify(Object.fromEntries(list))
      const whole = JSON.parse(value)
      const complete = ['tenant', 'source', 'id'].every((name) => typeof whole[name] === 'string')
      const found = read(value)
      expect(found && identityOf(found)).toEqual(complete ? identityOf(whole) : undefined)
    }),
    { numRuns: 2000 },
  )
})

test.each(['', '{', 'null', '[]', '"x"', '7', '{"id":1,"source":"s","tenant":"t"}', '{"id":"i","data":{}}'])(
  'there is none in %s',
  (value) => {
    expect(read(value)).toBeUndefined()
  },
)

test('there is none in a tombstone', () => {
  expect(readIdentity(null)).toBeUndefined()
})
