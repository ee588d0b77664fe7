import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseMarkingLost } from './numbers.ts'

test.each(['1e400', '-1e400', '9007199254740993', '-9007199254740993', `1${'0'.repeat(400)}`])(
  '%s is lost',
  (text) => {
    expect(parseMarkingLost(`{"a":[${text}]}`).lost).toBe(true)
  },
)

test.each(['9007199254740992', '1e300', '1.5e20', '0.1234567890123456789', '-0', '1e-400'])(
  '%s is kept',
  (text) => {
    expect(parseMarkingLost(`[${text}]`)).toEqual({ value: [Number(text)], lost: false })
  },
)

test('a whole number is kept exactly when JavaScript writes it as it was', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (value) => {
      expect(parseMarkingLost(`[${value}]`).lost).toBe(BigInt(Number(value)) !== value)
    }),
  )
})
