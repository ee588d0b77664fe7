import { describe, expect, it } from 'vitest'
import { chooseKey, findKey, findPersonalData, makeUp, toFieldName, toPointers } from './field-paths.ts'
import { inferShape } from './infer-shape.ts'
import { parseFields } from './parse-fields.ts'
import type { ObjectShape } from './shape.ts'

const inferred = (...samples: object[]) => inferShape(samples) as ObjectShape

describe('chooseKey', () => {
  it.each<[string, ObjectShape, string | undefined]>([
    ['the first identifier', parseFields('note:string,orderId:string,customerId:string'), 'orderId'],
    ['one inside, where none is at the top', parseFields('note:string,customer:customer'), 'customer.id'],
    ['any text, where there is no identifier', parseFields('amount:number,state:open|closed'), 'state'],
    ['a number of whole', inferred({ size: 1.5, repository: { id: 7 } }), 'repository.id'],
    [
      'nothing that may be absent or null',
      parseFields('id:string?,other:string|null,size:number'),
      undefined,
    ],
    ['nothing inside of arrays', parseFields('items:item[]'), undefined],
  ])('chooses %s', (_what, shape, path) => {
    expect(chooseKey(shape)?.path.join('.')).toBe(path)
  })
})

describe('findKey', () => {
  const shape = parseFields('orderId:string,customer:customer,note:string?,total:money')
  it('follows dots and pointers', () => {
    expect(findKey(shape, 'customer.id').path).toEqual(['customer', 'id'])
    expect(findKey(shape, '/customer/id').path).toEqual(['customer', 'id'])
  })
  it.each([
    ['nothing', /no field "nothing".*orderId/],
    ['note', /may lack/],
    ['total', /no string or whole number/],
    ['customer.id.x', /no field "x"/],
  ])('refuses %s', (path, message) => expect(() => findKey(shape, path)).toThrow(message))
})

describe('personal data', () => {
  const shape = inferred(
    { 'a/b': { '~c': 1 }, guests: [{ name: 'x', mail: 'a@b.de' }], by: { 1: { mail: null } } },
    { 'a/b': { '~c': 1 }, guests: [], by: { 2: { mail: 'a@b.de' } } },
  )
  it('is pointed at, with * where arrays and records are', () => {
    expect(toPointers(shape, ['guests.name', '/guests/*/mail', 'by.mail', '/a~1b/~0c'])).toEqual([
      '/guests/*/name',
      '/guests/*/mail',
      '/by/*/mail',
      '/a~1b/~0c',
    ])
  })
  it('has to be somewhere', () =>
    expect(() => toPointers(shape, ['guests.age'])).toThrow(/no field "guests.age"/))
  it('is every e-mail address by default', () => {
    expect(findPersonalData(shape)).toEqual(['/guests/*/mail', '/by/*/mail'])
    expect(findPersonalData(parseFields('buyer:customer,mail:email'))).toEqual(['/buyer/email', '/mail'])
  })
})

it('makes up what is personal in an example, wherever it is, and only that', () => {
  const data = {
    id: 'c-7',
    mail: 'grace@example.org',
    guests: [
      { name: 'Grace', mail: null },
      { name: 'Ada', mail: 'real@example.org' },
    ],
    by: { 1: { mail: 'real@example.org' } },
  }
  const shape = inferred(data)
  const pointers = toPointers(shape, ['mail', 'guests.name', 'guests.mail', 'by.mail'])
  expect(makeUp(shape, data, pointers)).toEqual({
    id: 'c-7',
    mail: 'ada@example.com',
    guests: [
      { name: 'name', mail: null },
      { name: 'name', mail: 'ada@example.com' },
    ],
    by: { 1: { mail: 'ada@example.com' } },
  })
})

it('makes one word of a way', () => {
  expect(toFieldName(['customer', 'id'])).toBe('customerId')
  expect(toFieldName(['full name', '+1'])).toBe('fullName1')
  expect(toFieldName(['+1'])).toBe('key1')
})
