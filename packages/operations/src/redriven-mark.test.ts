import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrived, giveUp, laneRecord } from '../test-fixtures/letters.ts'
import { readRedrivenMark, redrivenMark } from './redriven-mark.ts'

describe('a mark', () => {
  it('names exactly the letters that were redriven', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(2000), { minLength: 1 }), (some) => {
        const offsets = some.toSorted((a, b) => a - b)
        const ranges = readRedrivenMark(arrived(redrivenMark(offsets), { offset: 3000 }))!
        const named = ranges.flatMap(([first, last]) =>
          Array.from({ length: last - first + 1 }, (_, index) => first + index),
        )
        expect(named).toEqual(offsets)
      }),
    )
  })

  it('says nothing about what comes after it, whoever wrote it', () => {
    const mark = { key: null, value: null, headers: { 'dlq-redriven': '0-999999999999,7,x,9-5' } }
    expect(readRedrivenMark(arrived(mark, { offset: 8 }))).toEqual([
      [0, 7],
      [7, 7],
    ])
  })

  it('is no letter, and a letter is no mark', () => {
    expect(readRedrivenMark(arrived(giveUp(laneRecord(1))))).toBeUndefined()
    expect(readRedrivenMark(arrived(giveUp(laneRecord(1, { key: null, value: null }))))).toBeUndefined()
    const event = laneRecord(1, { headers: { 'dlq-redriven': '0-5' } })
    expect(readRedrivenMark(arrived(giveUp(event)))).toBeUndefined()
  })
})
