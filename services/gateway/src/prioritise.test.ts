import { capLane, LANES, type Lane, nearestLane } from '@sluice/events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { prioritise } from './prioritise.ts'

const normalOrHigh = { lanes: ['high', 'normal'], defaultPriority: 'normal' } as const
const ruleFor = (priority: Lane) => ({ name: 'r', priority })

test('nobody else has a say: the default', () => {
  expect(prioritise(normalOrHigh, { cap: 'high' })).toEqual({ lane: 'normal', decidedBy: 'default' })
})

test('the wish of the producer beats the default', () => {
  expect(prioritise(normalOrHigh, { wish: 'high', cap: 'high' })).toEqual({
    lane: 'high',
    decidedBy: 'producer',
  })
})

test('a wish above the cap becomes the cap', () => {
  expect(prioritise(normalOrHigh, { wish: 'high', cap: 'normal' })).toEqual({
    lane: 'normal',
    decidedBy: 'producer',
  })
})

test('a rule beats the wish and knows no cap', () => {
  expect(prioritise(normalOrHigh, { wish: 'low', cap: 'normal', rule: ruleFor('high') })).toEqual({
    lane: 'high',
    decidedBy: 'rule:r',
  })
})

test('the lane is always a declared one, the nearest to what was decided', () => {
  const lane = fc.constantFrom(...LANES)
  fc.assert(
    fc.property(
      fc.subarray([...LANES], { minLength: 1 }),
      fc.option(lane, { nil: undefined }),
      lane,
      fc.option(lane, { nil: undefined }),
      (lanes, wish, cap, ruled) => {
        const defaultPriority = lanes[0]!
        const rule = ruled && ruleFor(ruled)
        const decided = ruled ?? (wish === undefined ? defaultPriority : capLane(wish, cap))
        expect(prioritise({ lanes, defaultPriority }, { wish, cap, rule }).lane).toBe(
          nearestLane(decided, lanes),
        )
      },
    ),
  )
})
