import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { within } from './within.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('ends with the work, and leaves no timer', async () => {
  const work = Promise.withResolvers<void>()
  const waiting = within(1000, work.promise)
  expect(vi.getTimerCount()).toBe(1)
  work.resolve()
  await waiting
  expect(vi.getTimerCount()).toBe(0)
})

test('ends when the time is over, not before, and a failure after that harms nobody', async () => {
  const work = Promise.withResolvers<void>()
  let ended = false
  const waiting = within(1000, work.promise).then(() => {
    ended = true
  })
  await vi.advanceTimersByTimeAsync(999)
  expect(ended).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  await waiting
  work.reject(new Error('too late'))
  await vi.advanceTimersByTimeAsync(1)
})

test('fails as the work does, and leaves no timer', async () => {
  await expect(within(1000, Promise.reject(new Error('it broke')))).rejects.toThrow('it broke')
  expect(vi.getTimerCount()).toBe(0)
})
