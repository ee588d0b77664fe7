import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHandledWindow, HANDLED } from './handled-window.ts'

test('an identity is unknown, then held, then handled', () => {
  const window = createHandledWindow<string>(10)
  expect(window.claim('a', 'first')).toBeUndefined()
  expect(window.claim('a', 'second')).toBe('first')
  expect(window.size).toBe(0)
  window.settle('a')
  expect(window.claim('a', 'third')).toBe(HANDLED)
  expect(window.size).toBe(1)
})

test('what is released is unknown again; what was handled is not released', () => {
  const window = createHandledWindow<string>(10)
  window.claim('a', 'first')
  window.release('a')
  expect(window.claim('a', 'second')).toBeUndefined()
  window.settle('a')
  window.release('a')
  expect(window.claim('a', 'third')).toBe(HANDLED)
})

test('what is held is never forgotten, however much is handled meanwhile', () => {
  const window = createHandledWindow<string>(2)
  window.claim('held', 'holder')
  for (let id = 0; id < 100; id++) window.settle(`${id}`)
  expect(window.claim('held', 'another')).toBe('holder')
  expect(window.size).toBe(2)
})

test('a window of nothing grants every claim', () => {
  const window = createHandledWindow<string>(0)
  window.claim('a', 'first')
  window.settle('a')
  expect(window.claim('a', 'second')).toBeUndefined()
  expect(window.size).toBe(0)
})

test('knows exactly the last ones that were handled and those that are held', () => {
  const step = fc.record({
    kind: fc.constantFrom('claim' as const, 'settle' as const, 'release' as const),
    id: fc.nat(12).map(String),
  })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 120 }), (limit, steps) => {
      const window = createHandledWindow<string>(limit)
      let handled: string[] = []
      const held = new Set<string>()
      for (const { kind, id } of steps) {
        const before = handled.includes(id) ? HANDLED : held.has(id) ? id : undefined
        if (kind === 'claim') {
          expect(window.claim(id, id)).toBe(before)
          if (before === undefined) held.add(id)
        } else if (kind === 'settle') {
          window.settle(id)
          if (before !== HANDLED) handled = [...handled, id].slice(-limit)
          held.delete(id)
        } else {
          window.release(id)
          if (before !== HANDLED) held.delete(id)
        }
        expect(window.size).toBe(handled.length)
      }
      for (let id = 0; id <= 12; id++) {
        const known = window.claim(`${id}`, 'asks')
        expect(known === HANDLED).toBe(handled.includes(`${id}`))
        expect(known === undefined).toBe(!handled.includes(`${id}`) && !held.has(`${id}`))
      }
    }),
  )
})
