import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AssignedPartition, IncomingRecord } from './port.ts'
import { boundaryOf, createWindowRebuild } from './window-rebuild.ts'

const at = (topic: string, committed: number, low: number, high: number): AssignedPartition => ({
  topic,
  partition: 0,
  committed,
  low,
  high,
})

const record = (topic: string, offset: number, timestamp = offset): IncomingRecord => ({
  topic,
  partition: 0,
  offset,
  timestamp,
  key: null,
  value: Buffer.from(`${topic}${offset}`),
  headers: {},
  bytes: 0,
})

const list = (topic: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => record(topic, from + index))

function setup(limit: number, identify = (one: IncomingRecord): string | undefined => String(one.value)) {
  const settled: string[] = []
  const rebuild = createWindowRebuild({ limit, identify, settle: (identity) => settled.push(identity) })
  return { rebuild, settled }
}

test('reads as far back as the window reaches, or as the log does', () => {
  expect(setup(10).rebuild.begin(at('t', 100, 0, 200), undefined)).toBe(90)
  expect(setup(10).rebuild.begin(at('t', 100, 95, 200), undefined)).toBe(95)
  expect(setup(10).rebuild.begin(at('t', 4, 0, 200), undefined)).toBe(0)
})

test('reads nothing where nothing was committed, or nothing is left, or all is known', () => {
  for (const [from, known, partition] of [
    [0, undefined, at('t', -1, 0, 9)],
    [3, undefined, at('t', -1, 3, 9)],
    [0, undefined, at('t', 0, 0, 9)],
    [120, undefined, at('t', 100, 120, 200)],
    [100, 100, at('t', 100, 0, 200)],
  ] as const) {
    const { rebuild } = setup(10)
    expect(rebuild.begin(partition, known)).toBe(from)
    expect(rebuild.open).toBe(false)
  }
})

test('reads only what is not known yet', () => {
  expect(setup(10).rebuild.begin(at('t', 100, 0, 200), 97)).toBe(97)
  // Farther back than the window reaches is of no use.
  expect(setup(10).rebuild.begin(at('t', 100, 0, 200), 50)).toBe(90)
  // The group was set back: what is known lies in what is to come.
  expect(setup(10).rebuild.begin(at('t', 100, 0, 200), 150)).toBe(90)
})

test('a log that ends before the committed offset is handled from its end: what comes there is new', () => {
  expect(boundaryOf(at('t', 100, 0, 80))).toBe(80)
  const { rebuild } = setup(10)
  expect(rebuild.begin(at('t', 100, 0, 80), undefined)).toBe(70)
  rebuild.take('t', list('t', 70, 80), 80)
  expect(rebuild.open).toBe(false)
})

test('takes what lies before the committed offset and leaves the rest', () => {
  const { rebuild, settled } = setup(10)
  rebuild.begin(at('t', 3, 0, 9), undefined)
  expect(rebuild.take('t', list('t', 0, 2), 2)).toEqual([])
  expect([rebuild.open, settled]).toEqual([true, []])
  expect(rebuild.take('t', list('t', 2, 5), 5).map(({ offset }) => offset)).toEqual([3, 4])
  expect([rebuild.open, settled, rebuild.records]).toEqual([false, ['t0', 't1', 't2'], 3])
  expect(rebuild.take('t', list('t', 5, 6), 6)).toHaveLength(1)
})

test('ends where the last offsets before the committed one are holes', () => {
  const { rebuild, settled } = setup(10)
  rebuild.begin(at('t', 5, 0, 9), undefined)
  rebuild.take('t', list('t', 0, 2), 2)
  expect(rebuild.take('t', [], 5)).toEqual([])
  expect([rebuild.open, settled]).toEqual([false, ['t0', 't1']])
})

test('leaves out what has no identity', () => {
  const { rebuild, settled } = setup(10, ({ offset }) => (offset === 1 ? undefined : `${offset}`))
  rebuild.begin(at('t', 3, 0, 3), undefined)
  rebuild.take('t', list('t', 0, 3), 3)
  expect(settled).toEqual(['0', '2'])
})

test('of several topics it keeps the latest by time, the oldest first, however the fetches fall', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.array(fc.nat(50), { maxLength: 10 }), { minLength: 1, maxLength: 3 }),
      fc.array(fc.record({ topic: fc.nat(2), count: fc.integer({ min: 1, max: 4 }) }), { maxLength: 40 }),
      (limit, times, fetches) => {
        const { rebuild, settled } = setup(limit)
        const logs = times.map((of, index) =>
          of.toSorted((a, b) => a - b).map((time, offset) => record(`t${index}-`, offset, time)),
        )
        const next = logs.map((log, index) =>
          rebuild.begin(at(`t${index}-`, log.length, 0, log.length), undefined),
        )
        const read = next.flatMap((from, index) => logs[index]!.slice(from))
        const fetch = (index: number, count: number) => {
          const log = logs[index]
          if (!log) return
          const from = next[index]!
          next[index] = Math.min(log.length, from + count)
          rebuild.take(`t${index}-`, log.slice(from, next[index]), next[index]!)
        }
        for (const { topic, count } of fetches) fetch(topic, count)
        logs.forEach((_, index) => {
          fetch(index, 100)
        })
        expect(rebuild.open).toBe(false)
        const latest = read.toSorted((a, b) => a.timestamp - b.timestamp).slice(-limit)
        expect(settled.length).toBe(latest.length)
        const timeOf = new Map(read.map((one) => [String(one.value), one.timestamp]))
        expect(settled.map((identity) => timeOf.get(identity))).toEqual(
          latest.map(({ timestamp }) => timestamp),
        )
      },
    ),
  )
})
