import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createBreaker } from './breaker.ts'
import { HandlerTimeoutError, OutputError, PoisonError, SchemaError } from './errors.ts'
import { type GivenUp, isRetryable, type RetryOptions, retry } from './retry.ts'

const NOW = 1_700_000_000_000

beforeEach(() => {
  vi.useFakeTimers({ now: NOW })
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function setup(attempt: (attempt: number) => unknown, stopping = new AbortController()) {
  const breaker = createBreaker({ ready() {}, opened() {}, closed() {} })
  const retrying = vi.fn<(attempt: number, error: Error) => void>()
  const attempts = vi.fn(attempt)
  const options: RetryOptions<unknown> = {
    policy: { maxAttempts: 4, baseMs: 100, maxMs: 300 },
    breaker,
    probe: false,
    attempt: attempts,
    retrying,
    giveUp: (givenUp: GivenUp) => givenUp,
    stopping: stopping.signal,
  }
  const run = () => retry((async () => attempts(1))(), options)
  return { attempts, breaker, retrying, stopping, run }
}

function fail(error: unknown = new Error('not now')): never {
  throw error
}

test('an answer of the first attempt is the answer', async () => {
  const { run, attempts, retrying } = setup(async () => 'done')
  expect(await run()).toBe('done')
  expect(attempts).toHaveBeenCalledExactlyOnceWith(1)
  expect(retrying).not.toHaveBeenCalled()
})

test.each([
  ['thrown', () => fail()],
  ['rejected', async () => fail()],
])(
  'an error that is %s is tried again after a jittered wait that doubles up to its limit',
  async (_, attempt) => {
    const { run, attempts, retrying } = setup(attempt)
    const answer = run() as Promise<GivenUp>
    // Half of 100, 200, 300 (not 400): random is 0.5.
    for (const [made, wait] of [
      [1, 50],
      [2, 100],
      [3, 150],
    ] as const) {
      await vi.advanceTimersByTimeAsync(wait - 1)
      expect(attempts).toHaveBeenCalledTimes(made)
      await vi.advanceTimersByTimeAsync(1)
      expect(attempts).toHaveBeenCalledTimes(made + 1)
    }
    expect(await answer).toEqual({ error: new Error('not now'), attempts: 4, firstFailedAt: NOW })
    expect(attempts.mock.calls.flat()).toEqual([1, 2, 3, 4])
    expect(retrying.mock.calls.map(([number]) => number)).toEqual([1, 2, 3])
  },
)

test('a later attempt may answer, at once or with a promise', async () => {
  for (const last of [() => 'done', async () => 'done']) {
    const { run } = setup((attempt) => (attempt < 3 ? fail() : last()))
    const answer = run()
    await vi.runAllTimersAsync()
    expect(await answer).toBe('done')
  }
})

test.each([new PoisonError('p'), new SchemaError('s'), new OutputError('o')])(
  'a %s is not tried again',
  async (error) => {
    const { run, attempts, retrying } = setup(() => fail(error))
    expect(await run()).toEqual({ error, attempts: 1, firstFailedAt: NOW })
    expect(attempts).toHaveBeenCalledOnce()
    expect(retrying).not.toHaveBeenCalled()
  },
)

test('everything else may be tried again', () => {
  for (const error of [new Error('x'), new TypeError('x'), new HandlerTimeoutError('x'), 'text', undefined]) {
    expect(isRetryable(error)).toBe(true)
  }
})

test('what is thrown and is no error becomes one', async () => {
  const { run } = setup(() => fail('text'))
  const answer = run() as Promise<GivenUp>
  await vi.runAllTimersAsync()
  expect((await answer).error).toEqual(new Error('text'))
})

test('a stop during the wait ends it at once, without an answer and without a timer', async () => {
  const { run, attempts, stopping } = setup(() => fail())
  const answer = run()
  await vi.advanceTimersByTimeAsync(10)
  stopping.abort()
  expect(await answer).toBe(undefined)
  expect(attempts).toHaveBeenCalledOnce()
  expect(vi.getTimerCount()).toBe(0)
})

test('a failure after the stop does not wait either', async () => {
  const { run, attempts, stopping } = setup(async () => {
    stopping.abort()
    fail()
  })
  expect(await run()).toBe(undefined)
  expect(attempts).toHaveBeenCalledOnce()
  expect(vi.getTimerCount()).toBe(0)
})

test('a stop does not turn the last failure into nothing', async () => {
  const { run, stopping } = setup(async () => {
    stopping.abort()
    fail(new PoisonError('p'))
  })
  expect(await run()).toMatchObject({ attempts: 1 })
})

test('while the breaker is not closed a failed attempt does not count, and the next one is made in its turn', async () => {
  let works = false
  const { run, attempts, breaker } = setup(async () => (works ? 'done' : fail()))
  for (let i = 0; i < 19; i++) breaker.record(false, false)
  const answer = run()
  await vi.advanceTimersByTimeAsync(0)
  expect(breaker.closed).toBe(false)
  // An outage of an hour: a probe now and then.
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(attempts.mock.calls.length).toBeGreaterThan(100)
  expect(attempts.mock.calls.every(([attempt]) => attempt === 1)).toBe(true)
  works = true
  await vi.advanceTimersByTimeAsync(30_000)
  expect(await answer).toBe('done')
})

test('what can never be handled is given up even as the probe, and says nothing about the handler', async () => {
  const { run, breaker } = setup(async () => fail(new PoisonError('never')))
  for (let i = 0; i < 20; i++) breaker.record(false, false)
  await vi.advanceTimersByTimeAsync(1000)
  expect(breaker.admit()).toBe(true)
  expect(await run()).toMatchObject({ attempts: 1 })
  expect(breaker.closed).toBe(false)
})

test('a stop ends the wait for the breaker', async () => {
  const { run, breaker, stopping } = setup(async () => fail())
  for (let i = 0; i < 20; i++) breaker.record(false, false)
  const answer = run()
  await vi.advanceTimersByTimeAsync(0)
  stopping.abort()
  expect(await answer).toBeUndefined()
})
