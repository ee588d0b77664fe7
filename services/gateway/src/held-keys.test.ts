import { expect, test } from 'vitest'
import { createHeldKeys } from './held-keys.ts'

test('holds back what was added, and everything when there is no room for more', () => {
  const held = createHeldKeys(2)
  expect(held.has('a')).toBe(false)
  held.add('a')
  held.add('a')
  expect([held.has('a'), held.has('b')]).toEqual([true, false])
  held.add('b')
  expect([held.has('b'), held.has('c')]).toEqual([true, true])
})
