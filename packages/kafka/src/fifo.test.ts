import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFifo } from './fifo.ts'

type Step = { kind: 'push' | 'pushFront' | 'shift'; times: number } | { kind: 'clear'; times: 1 }

describe('createFifo', () => {
  test('does what an array does, also past the length where it moves its items', () => {
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('push' as const), times: fc.nat(1500) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('shift' as const), times: fc.nat(1500) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('pushFront' as const), times: fc.nat(3) }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'clear' as const, times: 1 as const }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const fifo = createFifo<number>()
        const model: number[] = []
        let next = 0
        for (const { kind, times } of steps) {
          for (let time = 0; time < times; time++) {
            if (kind === 'push') {
              fifo.push(next)
              model.push(next++)
            } else if (kind === 'pushFront') {
              fifo.pushFront(next)
              model.unshift(next++)
            } else if (kind === 'shift') {
              if (fifo.shift() !== model.shift()) throw new Error('It gave another item than the array.')
            } else {
              fifo.clear()
              model.length = 0
            }
          }
          expect(fifo.length).toBe(model.length)
        }
        const rest = Array.from(model, () => fifo.shift())
        expect(rest).toEqual(model)
        expect(fifo.shift()).toBeUndefined()
      }),
      { numRuns: 200 },
    )
  })
})
