import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { notAnEvent } from '../body/candidate.ts'
import { createAdmission } from '../credentials/admission.ts'
import { createResult } from '../results.ts'
import { paceIngest } from './pace-ingest.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function setup(limits: { eventsPerSecond?: number; burst?: number }) {
  const parts: { at: number; first: number; events: number; admitted: number }[] = []
  const start = Date.now()
  const admission = createAdmission(limits, Date.now)
  const stop = new AbortController()
  const ingest = paceIngest(
    async (candidates, first) => {
      const events = candidates.length
      parts.push({ at: Date.now() - start, first, events, admitted: admission.takeEvents(events) })
      return candidates.map((_, index) => createResult(`${first + index}`, undefined))
    },
    admission,
    stop.signal,
  )
  return { parts, admission, stop, ingest, candidates: (count: number) => Array(count).fill(notAnEvent(0)) }
}

test('a part is ingested whole where there is no limit', async () => {
  const { ingest, parts, candidates } = setup({})
  expect(await ingest(candidates(1000), 5)).toHaveLength(1000)
  expect(parts).toEqual([{ at: 0, first: 5, events: 1000, admitted: 1000 }])
})

test('what goes beyond the rate waits, in its order, and nothing is refused', async () => {
  const { ingest, parts, candidates } = setup({ eventsPerSecond: 100, burst: 50 })
  const ingested = ingest(candidates(120), 7)
  await vi.advanceTimersByTimeAsync(2000)
  expect((await ingested).map(({ id }) => id)).toEqual(
    Array.from({ length: 120 }, (_, index) => `${7 + index}`),
  )
  expect(parts.map(({ first, events, admitted }) => [first, events, admitted])).toEqual([
    [7, 50, 50],
    [57, 50, 50],
    [107, 20, 20],
  ])
})

test('another request of the credential may come first: then it waits longer', async () => {
  const { ingest, parts, admission, candidates } = setup({ eventsPerSecond: 100, burst: 50 })
  admission.takeEvents(50)
  const ingested = ingest(candidates(50), 0)
  await vi.advanceTimersByTimeAsync(400)
  admission.takeEvents(40)
  await vi.advanceTimersByTimeAsync(2000)
  await ingested
  expect(parts).toMatchObject([{ events: 50, admitted: 50 }])
})

test('a stop ends the waiting', async () => {
  const { ingest, parts, admission, stop, candidates } = setup({ eventsPerSecond: 1, burst: 50 })
  admission.takeEvents(50)
  const ingested = ingest(candidates(50), 0)
  stop.abort()
  await vi.advanceTimersByTimeAsync(0)
  await ingested
  expect(parts).toMatchObject([{ events: 50, admitted: 0 }])
})
