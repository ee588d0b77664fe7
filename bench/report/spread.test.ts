import { expect, test } from 'vitest'
import { spreadOf } from './spread.ts'

test('the median is the middle one, or the mean of the two in the middle', () => {
  expect(spreadOf([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 })
  expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 })
  expect(spreadOf([])).toBeUndefined()
})
