import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBareEvent } from './read-json.ts'
import { mayHaveHalves, refuseHalves } from './surrogates.ts'

const refusal = (data: unknown) => refuseHalves(readBareEvent({ type: 'a', id: '1', data })).refusal

test('half of a pair is named, in text and in names', () => {
  expect(refusal({ a: ['x', '\ud83d'], '\udca9': 1 })).toEqual({
    code: 'invalid-event',
    errors: [
      { pointer: '/data/a/1', detail: expect.stringContaining('cut in two') },
      { pointer: '/data/\udca9', detail: expect.stringContaining('The name') },
    ],
  })
  expect(refusal(Array(1000).fill('\ud83d'))?.errors).toHaveLength(20)
})

test('whole pairs, and everything else, are text', () => {
  expect(refusal({ '💩': ['💩', '\u0000', '\uffff', 5, null] })).toBeUndefined()
})

test('no value with a half is passed by', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.integer({ min: 0xd7f0, max: 0xe00f }).map((unit) => String.fromCharCode(unit)) }),
      (text) => {
        // JSON.stringify escapes halves alone; others escape whole pairs, too.
        if (!text.isWellFormed()) expect(mayHaveHalves(JSON.stringify(text))).toBe(true)
        expect(refusal(text) !== undefined).toBe(!text.isWellFormed())
      },
    ),
  )
})
