import { expect, test } from 'vitest'
import { createLatency } from './latency.ts'

test('percentiles are in milliseconds, of every value', () => {
  const latency = createLatency()
  for (let n = 1; n <= 1000; n++) latency.record(n * 1000)
  const summary = latency.summary()!
  expect(summary.count).toBe(1000)
  expect(Math.abs(summary.p50 - 500)).toBeLessThanOrEqual(1)
  expect(Math.abs(summary.p99 - 990)).toBeLessThanOrEqual(1)
  expect(Math.abs(summary.max - 1000)).toBeLessThanOrEqual(1)
})

test('two added together are as one that saw everything', () => {
  const [one, other, both] = [createLatency(), createLatency(), createLatency()]
  for (let n = 1; n <= 500; n++) {
    one.record(n)
    other.record(n * n)
    both.record(n)
    both.record(n * n)
  }
  one.add(other)
  expect(one.summary()).toEqual(both.summary())
})

test('what nobody recorded has no percentiles, and a time below a microsecond counts as one', () => {
  const latency = createLatency()
  expect(latency.summary()).toBeUndefined()
  latency.record(-3)
  expect(latency.summary()).toMatchObject({ count: 1, p50: 0.001 })
})
