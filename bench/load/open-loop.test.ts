import { expect, test } from 'vitest'
import { runOpenLoop } from './open-loop.ts'
import type { Ending, Poster } from './poster.ts'

const request = [{ bytes: Buffer.alloc(0), ids: [] }]
const never: Ending = { atMicros: Number.POSITIVE_INFINITY }

test('a system that stalls does not move the times from which latency counts', async () => {
  const seen: number[] = []
  const stalled = Promise.withResolvers<boolean>()
  const poster: Poster = {
    post(_request, dueMicros) {
      seen.push(dueMicros)
      return seen.length === 1 ? stalled.promise : Promise.resolve(true)
    },
    close() {},
  }
  // Long ago: all are due at once, and the only connection is busy with the first.
  const running = runOpenLoop([poster], request, Float64Array.of(1, 2, 3, 4), never)
  expect(seen).toEqual([1])
  stalled.resolve(true)
  await running
  expect(seen).toEqual([1, 2, 3, 4])
})

test('with connections to spare nobody waits for an answer', () => {
  let underway = 0
  const poster: Poster = {
    post: () => {
      underway++
      return new Promise(() => {})
    },
    close() {},
  }
  void runOpenLoop([poster, poster, poster], request, Float64Array.of(1, 2, 3), never)
  expect(underway).toBe(3)
})

test('an end that is moved up leaves out what is due after it, and nothing that was due before it', async () => {
  const seen: number[] = []
  const ending: Ending = { atMicros: Number.POSITIVE_INFINITY }
  const poster: Poster = {
    async post(_request, dueMicros) {
      seen.push(dueMicros)
      ending.atMicros = 3
      return true
    },
    close() {},
  }
  await runOpenLoop([poster], request, Float64Array.of(1, 2, Number.MAX_SAFE_INTEGER), ending)
  expect(seen).toEqual([1, 2])
})
