import { capLane, LANES, type Lane, nearestLane } from '@sluice/events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { move, prioritise } from './prioritise.ts'

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

test('a decision makes the lane at least, or at most, as urgent as it says, and then a declared one', () => {
  const urgency = (lane: Lane) => LANES.indexOf(lane)
  const lane = fc.constantFrom(...LANES)
  fc.assert(
    fc.property(
      fc.subarray([...LANES], { minLength: 1 }),
      lane,
      fc.constantFrom('raise', 'lower'),
      lane,
      (lanes, wanted, action, priority) => {
        const raised = [wanted, priority].sort((one, other) => urgency(one) - urgency(other))
        const moved = action === 'raise' ? raised[0]! : raised[1]!
        // Decided about what was wanted, and fitted to the declared lanes in the end.
        expect(move(nearestLane(wanted, lanes), { action, priority }, lanes)).toBe(nearestLane(moved, lanes))
      },
    ),
  )
})
