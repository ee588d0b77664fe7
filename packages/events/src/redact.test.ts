import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { catalogue } from './catalogue.ts'
import { REDACTED, redact } from './redact.ts'

const SECRET = 'ada@example.com'

describe('redact', () => {
  it('hides what the pointers lead to, and nothing else', () => {
    const data = { customer: { id: 'c-7', email: SECRET }, total: 3, note: null }
    expect(redact({ pii: ['/customer/email', '/note'] }, data)).toEqual({
      customer: { id: 'c-7', email: REDACTED },
      total: 3,
      note: REDACTED,
    })
  })

  it('hides in every element and member where a pointer says *', () => {
    const data = {
      guests: [{ name: 'Ada', seat: 1 }, 'Grace', null],
      by: { a: { name: 'x' }, b: { name: 'y' } },
    }
    expect(redact({ pii: ['/guests/*/name', '/by/*/name'] }, data)).toEqual({
      guests: [{ name: REDACTED, seat: 1 }, 'Grace', null],
      by: { a: { name: REDACTED }, b: { name: REDACTED } },
    })
  })

  it('hides a whole object or array', () => {
    expect(redact({ pii: ['/customer', '/tags'] }, { customer: { email: SECRET }, tags: ['a'] })).toEqual({
      customer: REDACTED,
      tags: REDACTED,
    })
  })

  it('reads the escapes of JSON Pointers', () => {
    expect(redact({ pii: ['/a~1b/c~0d'] }, { 'a/b': { 'c~d': 1 } })).toEqual({ 'a/b': { 'c~d': REDACTED } })
  })

  it('finds every value, however deep, behind any name, and changes nothing that it was given', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '*', 'a/b', '~', '0'))
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), fc.jsonValue(), (names, beside) => {
        const data = names.reduceRight<unknown>(
          (inner, step) =>
            Object.fromEntries([
              ['beside', beside],
              [step, inner],
            ]),
          SECRET,
        )
        const before = JSON.stringify(data)
        const pointer = names.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
        const seen = redact({ pii: [pointer] }, data)
        expect(JSON.stringify(seen)).not.toContain(SECRET)
        expect(JSON.stringify(seen)).toContain(REDACTED)
        expect(JSON.stringify(data)).toBe(before)
      }),
    )
  })

  it('takes data that is no object, and pointers that lead nowhere', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        expect(redact({ pii: [] }, data)).toEqual(data)
        expect(() => redact({ pii: ['/a/*/b', '/*'] }, data)).not.toThrow()
      }),
    )
  })

  it('hides something in the example of every definition that names personal data', () => {
    const named = catalogue.filter(({ definition }) => definition.pii.length > 0)
    expect(named.length).toBeGreaterThan(0)
    for (const { definition } of named) {
      expect(redact(definition, definition.example), definition.type).not.toEqual(definition.example)
    }
  })
})
