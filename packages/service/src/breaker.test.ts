import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createBreaker } from './breaker.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function setup() {
  const told: string[] = []
  const breaker = createBreaker({
    ready: () => told.push('ready'),
    opened: (detail) => told.push(detail),
    closed: () => told.push('closed'),
  })
  const fail = (count: number) => {
    for (let i = 0; i < count; i++) breaker.record(false, false)
  }
  const succeed = (count: number) => {
    for (let i = 0; i < count; i++) breaker.record(true, false)
  }
  const probe = (succeeded: boolean) => {
    expect(breaker.admit()).toBe(true)
    breaker.record(succeeded, true)
  }
  return { breaker, told, fail, succeed, probe }
}

const never = new AbortController().signal

test('concludes nothing from a few attempts', () => {
  const { breaker, fail } = setup()
  fail(19)
  expect(breaker.closed).toBe(true)
  fail(1)
  expect(breaker.closed).toBe(false)
})

test('opens when most of the last hundred attempts failed, however many succeeded before', () => {
  const { breaker, told, fail, succeed } = setup()
  succeed(100_000)
  fail(50)
  expect(breaker.closed).toBe(true)
  fail(1)
  expect(breaker.closed).toBe(false)
  expect(told).toEqual(['51 of the last 100 attempts of the handler failed'])
})

test('stays closed while fewer fail than succeed', () => {
  const { breaker, fail, succeed } = setup()
  for (let i = 0; i < 500; i++) {
    succeed(1)
    fail(1)
  }
  expect(breaker.closed).toBe(true)
})

test('admits nothing while it is open, then one at a time, and closes when three in a row succeeded', async () => {
  const { breaker, told, fail, probe } = setup()
  fail(20)
  expect(breaker.admit()).toBe(false)
  await vi.advanceTimersByTimeAsync(999)
  expect(breaker.admit()).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(told.at(-1)).toBe('ready')
  expect(breaker.admit()).toBe(true)
  expect(breaker.admit()).toBe(false)
  breaker.record(true, true)
  probe(true)
  expect(breaker.closed).toBe(false)
  probe(true)
  expect(breaker.closed).toBe(true)
  expect(told.slice(-2)).toEqual(['closed', 'ready'])
  fail(19)
  expect(breaker.closed).toBe(true)
})

test('a probe that fails opens it for twice as long, up to half a minute', async () => {
  const { breaker, fail, probe } = setup()
  fail(20)
  for (const wait of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    await vi.advanceTimersByTimeAsync(wait - 1)
    expect(breaker.admit()).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    probe(false)
  }
})

test('a probe that fails after others succeeded begins the row anew', async () => {
  const { breaker, fail, probe } = setup()
  fail(20)
  await vi.advanceTimersByTimeAsync(1000)
  probe(true)
  probe(true)
  probe(false)
  await vi.advanceTimersByTimeAsync(2000)
  probe(true)
  expect(breaker.closed).toBe(false)
})

test('what ends late, of attempts that began before it opened, is no probe', async () => {
  const { breaker, fail, succeed } = setup()
  fail(20)
  succeed(50)
  expect(breaker.closed).toBe(false)
  await vi.advanceTimersByTimeAsync(1000)
  expect(breaker.admit()).toBe(true)
  fail(50)
  succeed(50)
  expect(breaker.admit()).toBe(false)
  breaker.record(true, true)
  expect(breaker.admit()).toBe(true)
})

test('those that wait are the probes, each in its turn, and all go on when it closes', async () => {
  const { breaker, fail } = setup()
  fail(20)
  const story: string[] = []
  const wait = async (name: string) => {
    if (await breaker.wait(never)) story.push(name)
  }
  for (const name of ['a', 'b', 'c', 'd', 'e']) void wait(name)
  await vi.advanceTimersByTimeAsync(1000)
  expect(story).toEqual(['a'])
  // Nothing new is taken while some wait.
  expect(breaker.admit()).toBe(false)
  breaker.record(false, true)
  void wait('a')
  await vi.advanceTimersByTimeAsync(2000)
  expect(story).toEqual(['a', 'b'])
  breaker.record(true, true)
  await vi.advanceTimersByTimeAsync(0)
  expect(story).toEqual(['a', 'b', 'c'])
  breaker.record(true, true)
  await vi.advanceTimersByTimeAsync(0)
  breaker.record(true, true)
  await vi.advanceTimersByTimeAsync(0)
  expect(story).toEqual(['a', 'b', 'c', 'd', 'e', 'a'])
  expect(breaker.closed).toBe(true)
})

test('a probe that says nothing gives its turn to the next', async () => {
  const { breaker, fail } = setup()
  fail(20)
  await vi.advanceTimersByTimeAsync(1000)
  expect(breaker.admit()).toBe(true)
  breaker.withdraw()
  expect(breaker.admit()).toBe(true)
})

test('who waits when the process stops does not begin', async () => {
  const { breaker, fail } = setup()
  fail(20)
  const stopping = new AbortController()
  const waited = breaker.wait(stopping.signal)
  stopping.abort()
  expect(await waited).toBe(false)
  expect(await breaker.wait(stopping.signal)).toBe(false)
})
