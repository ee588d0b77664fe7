import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  blankEventId,
  dueMicrosOf,
  EVENT_ID_LENGTH,
  sequenceOf,
  stampEventId,
  templateOf,
} from './event-id.ts'

test('what is stamped into an id is read from it, and nothing around it changes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 9999 }),
      fc.integer({ min: 0, max: 999_999_999 }),
      fc.integer({ min: 0, max: 9_999_999_999_999 }),
      (template, sequence, dueMicros) => {
        const bytes = Buffer.from(`"${blankEventId('run1', template)}"`)
        stampEventId(bytes, 1, sequence, dueMicros)
        expect(templateOf(bytes, 1)).toBe(template)
        expect(sequenceOf(bytes, 1)).toBe(sequence)
        expect(dueMicrosOf(bytes, 1)).toBe(dueMicros)
        expect(bytes.length).toBe(EVENT_ID_LENGTH + 2)
        expect(String(bytes)).toMatch(/^"run1-\d{4}-\d{9}-\d{16}"$/)
      },
    ),
  )
})

test('a run has a name of four characters', () => {
  expect(() => blankEventId('run', 0)).toThrow(RangeError)
})
