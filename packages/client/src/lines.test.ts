import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Entry } from './entry.ts'
import { type Batch, createLines, type Line } from './lines.ts'

function entry(id: string, place?: string, bytes = 10): Entry {
  return {
    id,
    type: 't',
    place,
    text: '',
    bytes,
    deadline: 0,
    resolve() {},
    reject() {},
    attempts: 0,
    inFlight: false,
    mayBeStored: false,
    code: 'not-sent',
    settled: false,
    together: 1000,
    release: undefined,
  }
}

const idsOf = ({ entries }: Batch) => entries.map(({ id }) => id).join('')

test('events of a line that travels wait; others go', () => {
  const lines = createLines({ maxBatchEvents: 10, maxBatchBytes: 1000 })
  for (const [id, place] of [
    ['a', 'x'],
    ['b', undefined],
    ['c', 'x'],
  ] as const)
    lines.add(entry(id, place))
  const first = lines.take()
  expect(idsOf(first)).toBe('acb')
  lines.add(entry('d', 'x'))
  lines.add(entry('e', 'y'))
  expect(idsOf(lines.take())).toBe('e')
  for (const one of first.entries) one.settled = true
  expect(lines.finish(first)).toEqual([])
  expect(idsOf(lines.take())).toBe('d')
})

test('a request is filled up to its limits; one event alone may be larger', () => {
  const lines = createLines({ maxBatchEvents: 3, maxBatchBytes: 34 })
  for (const [id, bytes] of [
    ['a', 10],
    ['b', 10],
    ['c', 10],
    ['d', 500],
    ['e', 1],
    ['f', 1],
    ['g', 1],
  ] as const)
    lines.add(entry(id, undefined, bytes))
  expect([1, 2, 3, 4].map(() => idsOf(lines.take()))).toEqual(['ab', 'c', 'd', 'efg'])
  expect(lines.isEmpty()).toBe(true)
})

test('an event that must travel with few does', () => {
  const lines = createLines({ maxBatchEvents: 10, maxBatchBytes: 1000 })
  lines.add(entry('a'))
  lines.add({ ...entry('b'), together: 2 })
  lines.add(entry('c'))
  lines.add({ ...entry('d'), together: 1 })
  expect([1, 2, 3].map(() => idsOf(lines.take()))).toEqual(['ab', 'c', 'd'])
})

/**
 * Random use, with several requests open: requests end in any order, some events of each are settled, and lines with
 * unsettled ones pause for a while.
 */
test('nothing is lost, and of a line only one request is open, with its earliest events in order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 1000 }), { maxLength: 200 }), (moves) => {
      const lines = createLines({ maxBatchEvents: 4, maxBatchBytes: 60 })
      const unsettled = new Map<string, Entry[]>()
      const open: Batch[] = []
      let paused: Line[] = []
      let made = 0
      const take = () => {
        const batch = lines.take()
        if (batch.entries.length > 0) open.push(batch)
        for (const [place, own] of Map.groupBy(batch.entries, (one) => one.place!)) {
          expect(own).toEqual(unsettled.get(place)!.slice(0, own.length))
          expect(open.filter(({ entries }) => entries.some((one) => one.place === place)).length).toBe(1)
        }
      }
      const end = (seed: number) => {
        const batch = open.splice(seed % open.length, 1)[0]
        batch?.entries.forEach((one, at) => {
          if ((seed >> at) % 3 === 0) return
          one.settled = true
          const own = unsettled.get(one.place!)!
          own.splice(own.indexOf(one), 1)
        })
        if (batch) paused.push(...lines.finish(batch))
      }
      const resume = () => {
        lines.resume(paused)
        paused = []
      }
      for (const move of moves) {
        if (move % 4 < 2) {
          const one = entry(String(made++), `p${move % 5}`, 1 + (move % 25))
          unsettled.set(one.place!, [...(unsettled.get(one.place!) ?? []), one])
          lines.add(one)
        } else if (move % 4 === 2) take()
        else if (move % 3 === 0) resume()
        else if (open.length > 0) end(move)
      }
      // Left alone, everything goes.
      for (let round = 0; round < 3 * made + 10; round++) {
        while (open.length > 0) end(1)
        resume()
        take()
        for (const batch of open) for (const one of batch.entries) one.settled = true
        for (const [place, own] of unsettled)
          unsettled.set(
            place,
            own.filter(({ settled }) => !settled),
          )
        for (const batch of open.splice(0)) paused.push(...lines.finish(batch))
      }
      expect([...unsettled.values()].flat()).toEqual([])
      expect(lines.isEmpty()).toBe(true)
      expect(lines.isFull()).toBe(false)
    }),
  )
})
