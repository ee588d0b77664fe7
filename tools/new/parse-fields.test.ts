import { describe, expect, it } from 'vitest'
import { RefusedError } from './errors.ts'
import { parseFields } from './parse-fields.ts'
import { toZodSource } from './shape.ts'

const sourceOf = (text: string) => toZodSource(parseFields(text)).replaceAll('\n', ' ')

describe('parseFields', () => {
  it('reads types, lists, choices, and what may be absent or null', () => {
    expect(
      sourceOf('orderId:string, amount:money,reason:late|lost, note:string?,tags:string[],end:date|null'),
    ).toBe(
      "z.strictObject({orderId: Id, amount: Money, reason: z.enum(['late', 'lost']), note: z.string().optional(), tags: z.array(z.string()), end: z.iso.date().nullable(),})",
    )
  })

  it('takes names that are no identifiers, and a colon in none of them', () => {
    expect(sourceOf('full name:string,+1:int')).toBe(
      "z.strictObject({'full name': z.string(), '+1': z.int(),})",
    )
  })

  it.each([
    ['orderId', /no field/],
    [':string', /no field/],
    ['a:', /no field/],
    ['', /no field/],
    ['a:strin', /"strin", which there is not.*string, int/],
    ['a:toString', /there is not/],
    ['a:x||y', /empty choice/],
    ['a:int,a:string', /named twice/],
  ])('refuses "%s"', (text, message) => {
    expect(() => parseFields(text)).toThrow(RefusedError)
    expect(() => parseFields(text)).toThrow(message)
  })
})
