import { expect, test } from 'vitest'
import { outcome } from '../load/outcome.ts'
import { createLedger } from './ledger.ts'

const { accepted, notStored, unknown } = outcome

test('an event is handled when all its outputs were seen, in any order', () => {
  const ledger = createLedger()
  expect(ledger.see(0, 1, 0b11)).toBe(false)
  expect(ledger.see(1, 7, 0b1000_0000)).toBe(true)
  expect(ledger.see(0, 0, 0b11)).toBe(true)
  expect(ledger.balance(Uint8Array.of(accepted, accepted))).toEqual({
    handled: 2,
    lost: 0,
    doubled: 0,
    unasked: 0,
    examples: [],
  })
})

test('an accepted event without one of its outputs is lost', () => {
  const ledger = createLedger()
  ledger.see(0, 0, 0b1)
  ledger.see(2, 0, 0b11)
  const balance = ledger.balance(Uint8Array.of(accepted, accepted, accepted, notStored, unknown))
  expect(balance).toMatchObject({ handled: 1, lost: 2, examples: [1, 2] })
})

test('an output that comes again is doubled, and does not make up for one that is missing', () => {
  const ledger = createLedger()
  ledger.see(0, 0, 0b11)
  ledger.see(0, 0, 0b11)
  expect(ledger.balance(Uint8Array.of(accepted))).toMatchObject({ handled: 0, lost: 1, doubled: 1 })
  expect(ledger.complete()).toBe(0)
})

test('an output that its cause should not have counts as doubled', () => {
  const ledger = createLedger()
  ledger.see(0, 0, 0b1)
  ledger.see(0, 3, 0b1)
  expect(ledger.balance(Uint8Array.of(accepted))).toMatchObject({ handled: 1, lost: 0, doubled: 1 })
})

test('what was handled after an unknown answer is neither lost nor accepted', () => {
  const ledger = createLedger()
  ledger.see(0, 0, 0b1)
  expect(ledger.balance(Uint8Array.of(unknown))).toMatchObject({ handled: 0, lost: 0, unasked: 1 })
})

test('sequence numbers may be large and skip', () => {
  const ledger = createLedger()
  expect(ledger.see(1_000_000, 0, 0b1)).toBe(true)
  ledger.see(1_000_000, 0, 0b1)
  const outcomes = new Uint8Array(1_000_001)
  outcomes[1_000_000] = accepted
  expect(ledger.balance(outcomes)).toMatchObject({ handled: 1, doubled: 1 })
})
