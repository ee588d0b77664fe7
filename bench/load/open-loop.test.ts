import { expect, test } from 'vitest'
import { runOpenLoop } from './open-loop.ts'
import type { Poster } from './poster.ts'

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
  const running = runOpenLoop([poster], [{ bytes: Buffer.alloc(0), ids: [] }], Float64Array.of(1, 2, 3, 4))
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
  void runOpenLoop([poster, poster, poster], [{ bytes: Buffer.alloc(0), ids: [] }], Float64Array.of(1, 2, 3))
  expect(underway).toBe(3)
})
