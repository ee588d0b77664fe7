import { expect, test } from 'vitest'
import { comparePairs, type Pair, renderComparisons, signTest } from './compare.ts'
import { plantRun } from './report/planted-results.ts'

const pair = (here: number, there: number): Pair => [
  plantRun({ acceptedPerSecond: here }),
  plantRun({ acceptedPerSecond: there }),
]

test('a ratio is of neighbours, so that a machine that slows down hits both', () => {
  const comparisons = comparePairs([pair(200, 100), pair(20, 10), pair(3, 1)])
  expect(comparisons.find(({ figure }) => figure === 'accepted/s')).toMatchObject({
    ratio: { median: 2, min: 2, max: 3 },
    ahead: 3,
    behind: 0,
  })
})

test('a difference needs more agreeing pairs than noise gives', () => {
  const judged = (...pairs: Pair[]) =>
    renderComparisons(comparePairs(pairs), 'main')
      .split('\n')
      .find((line) => line.includes('accepted/s'))
  const times = (count: number, one: Pair): Pair[] => Array.from({ length: count }, () => one)
  expect(judged(...times(8, pair(3, 2)))).toContain('| better |')
  expect(judged(...times(8, pair(2, 3)))).toContain('| worse |')
  expect(judged(...times(7, pair(3, 2)))).toContain('no difference shown')
  expect(judged(...times(7, pair(3, 2)), pair(2, 3))).toContain('no difference shown')
})

test('less CPU is better', () => {
  const cpu = (micros: number) =>
    plantRun({ processes: [{ name: 'gateway', count: 1, cpuMicrosPerEvent: micros, peakMemoryMb: 1 }] })
  const pairs = Array.from({ length: 8 }, (): Pair => [cpu(5), cpu(10)])
  const lines = renderComparisons(comparePairs(pairs), 'main').split('\n')
  expect(lines.find((line) => line.includes('CPU of gateway'))).toContain('| better |')
})

test('the sign test gives the known probabilities', () => {
  expect(signTest(8, 0)).toBeCloseTo(2 / 256)
  expect(signTest(1, 4)).toBeCloseTo((2 * (1 + 5)) / 32)
  expect(signTest(3, 3)).toBe(1)
  expect(signTest(0, 0)).toBe(1)
})

test('a failed run takes its pair with it', () => {
  expect(comparePairs([[plantRun({ failed: 'lost' }), plantRun({})]])).toEqual([])
})
