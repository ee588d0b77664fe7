import { expect, test } from 'vitest'
import { grownBetween } from './timeline.ts'

const timeline = [
  { at: 100, total: 10 },
  { at: 200, total: 30 },
  { at: 300, total: 35 },
]

test('counts what came after the start and until the end', () => {
  expect(grownBetween(timeline, 0, 1000)).toBe(35)
  expect(grownBetween(timeline, 100, 200)).toBe(20)
  expect(grownBetween(timeline, 250, 299)).toBe(0)
})

test('nothing came before the first point', () => {
  expect(grownBetween(timeline, 0, 99)).toBe(0)
  expect(grownBetween([], 0, 1000)).toBe(0)
})
