import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLineSplitter, type Line } from './split-lines.ts'

function split(text: string, maxBytes: number, cuts: readonly number[] = []): string[] {
  const bytes = Buffer.from(text)
  const splitter = createLineSplitter(maxBytes)
  const lines: Line[] = []
  let from = 0
  for (const to of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    splitter.push(bytes.subarray(from, to), lines)
    from = to
  }
  splitter.end(lines)
  return lines.map(String)
}

test('line feeds and CRLF end lines, blank lines are none, the last need not end', () => {
  expect(split('a\nb\r\n\n\r\n \t\r\nc', 10)).toEqual(['a', 'b', 'c'])
  expect(split('', 10)).toEqual([])
})

test('a line up to the limit passes, one byte more does not, and what follows is whole', () => {
  expect(split('1234\n12345\n1\n12345', 4)).toEqual(['1234', 'too-long', '1', 'too-long'])
  expect(split('1234\r\n12345\r\n1', 4)).toEqual(['1234', 'too-long', '1'])
})

test('a line that is too long is told before it ends, and once', () => {
  const splitter = createLineSplitter(4)
  const lines: Line[] = []
  for (let i = 0; i < 10; i++) splitter.push(Buffer.from('123'), lines)
  expect(lines).toEqual(['too-long'])
  splitter.push(Buffer.from('1\nok\n'), lines)
  expect(lines.map(String)).toEqual(['too-long', 'ok'])
})

test('agrees with splitting the whole text, however it is cut', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r\n', 'xyz'), maxLength: 40 })
  fc.assert(
    fc.property(
      text,
      fc.array(fc.nat(), { maxLength: 10 }),
      fc.integer({ min: 1, max: 8 }),
      (said, cuts, max) => {
        const whole = said
          .split(/\r?\n/)
          .filter((line) => line !== '')
          .map((line) => (Buffer.byteLength(line) > max ? 'too-long' : line))
        // A cut through an "é" makes no difference: lines are joined as bytes.
        expect(split(said, max, cuts)).toEqual(whole)
      },
    ),
  )
})
