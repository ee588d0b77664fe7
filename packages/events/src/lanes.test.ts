import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { capLane, isLane, LANES, type Lane, nearestLane } from './lanes.ts'

const lane = fc.constantFrom<Lane>(...LANES)
const declaredLanes = fc.shuffledSubarray([...LANES], { minLength: 1 })
const urgency = (of: Lane) => LANES.indexOf(of)

describe('isLane', () => {
  it('knows the three lanes and nothing else', () => {
    expect(LANES.every(isLane)).toBe(true)
    for (const other of ['HIGH', 'urgent', '', undefined, null, 1, ['high']])
      expect(isLane(other)).toBe(false)
  })
})

describe('nearestLane', () => {
  it('keeps a wish that is declared', () => {
    fc.assert(
      fc.property(lane, declaredLanes, (wished, declared) => {
        fc.pre(declared.includes(wished))
        expect(nearestLane(wished, declared)).toBe(wished)
      }),
    )
  })

  it('gives a declared lane, and no declared lane is nearer', () => {
    fc.assert(
      fc.property(lane, declaredLanes, (wished, declared) => {
        const given = nearestLane(wished, declared)
        expect(declared).toContain(given)
        const distance = Math.abs(urgency(given) - urgency(wished))
        for (const other of declared) {
          expect(Math.abs(urgency(other) - urgency(wished))).toBeGreaterThanOrEqual(distance)
        }
      }),
    )
  })

  it('does not depend on the order in which the lanes are declared', () => {
    fc.assert(
      fc.property(lane, declaredLanes, (wished, declared) => {
        expect(nearestLane(wished, declared.toReversed())).toBe(nearestLane(wished, declared))
      }),
    )
  })

  it('takes the less urgent of two that are equally near', () => {
    expect(nearestLane('normal', ['high', 'low'])).toBe('low')
    expect(nearestLane('normal', ['low', 'high'])).toBe('low')
  })

  it('never changes who is more urgent', () => {
    fc.assert(
      fc.property(lane, lane, declaredLanes, (one, other, declared) => {
        fc.pre(urgency(one) <= urgency(other))
        expect(urgency(nearestLane(one, declared))).toBeLessThanOrEqual(urgency(nearestLane(other, declared)))
      }),
    )
  })
})

describe('capLane', () => {
  it('is the less urgent of wish and cap', () => {
    fc.assert(
      fc.property(lane, lane, (wished, cap) => {
        expect(urgency(capLane(wished, cap))).toBe(Math.max(urgency(wished), urgency(cap)))
      }),
    )
  })

  it('leaves a modest wish alone', () => {
    expect(capLane('low', 'high')).toBe('low')
    expect(capLane('high', 'normal')).toBe('normal')
  })
})
