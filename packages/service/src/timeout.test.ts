import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HandlerTimeoutError } from './errors.ts'
import { timeout } from './timeout.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('an answer in time is the answer, and the timer is taken down', async () => {
  const abort = vi.fn()
  const late = Promise.withResolvers<string>()
  const answer = timeout(late.promise, 10, abort)
  await vi.advanceTimersByTimeAsync(9)
  late.resolve('done')
  expect(await answer).toBe('done')
  await vi.advanceTimersByTimeAsync(0)
  expect(vi.getTimerCount()).toBe(0)
  expect(abort).not.toHaveBeenCalled()
})

test('an error in time is that error', async () => {
  await expect(timeout(Promise.reject(new Error('no')), 10, vi.fn())).rejects.toThrow('no')
  await vi.advanceTimersByTimeAsync(0)
  expect(vi.getTimerCount()).toBe(0)
})

test.each(['resolved', 'rejected'])('a %s answer after the limit is dropped; abort was told', async (how) => {
  const abort = vi.fn()
  const late = Promise.withResolvers<string>()
  const answer = timeout(late.promise, 10, abort)
  const failure = answer.catch((error) => error)
  await vi.advanceTimersByTimeAsync(10)
  const error = await failure
  expect(error).toBeInstanceOf(HandlerTimeoutError)
  expect(error.message).toContain('10 ms')
  expect(abort).toHaveBeenCalledExactlyOnceWith(error)
  // An unhandled rejection here would fail the run.
  if (how === 'resolved') late.resolve('late')
  else late.reject(new Error('late'))
  await vi.advanceTimersByTimeAsync(0)
  await expect(answer).rejects.toBe(error)
})
