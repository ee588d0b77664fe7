import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { endFixtures, spawnFixture } from '../test-fixtures/spawn-fixture.ts'
import { createWatchdog } from './watchdog.ts'

describe('an attempt', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function setup() {
    const tripped: string[] = []
    const watchdog = createWatchdog({
      stallMs: 60_000,
      limitMs: 30_000,
      tripped: (error) => tripped.push(error.message),
      now: Date.now,
    })
    return { watchdog, tripped }
  }

  test('that ends in time trips nothing, however many there are', async () => {
    const { watchdog, tripped } = setup()
    for (let i = 0; i < 100; i++) {
      const attempt = {}
      watchdog.begun(attempt)
      await vi.advanceTimersByTimeAsync(29_999)
      watchdog.ended(attempt)
    }
    expect(tripped).toEqual([])
    await watchdog.stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('that is not ended ten seconds after its limit trips it, once', async () => {
    const { watchdog, tripped } = setup()
    watchdog.begun({})
    const other = {}
    watchdog.begun(other)
    watchdog.ended(other)
    await vi.advanceTimersByTimeAsync(40_000)
    expect(tripped).toEqual([])
    await vi.advanceTimersByTimeAsync(1000)
    expect(tripped).toEqual(['An attempt of the handler did not end within its limit of 30000 ms.'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(tripped).toHaveLength(1)
    await watchdog.stop()
  })
})

describe('a process', { timeout: 30_000 }, () => {
  afterEach(endFixtures)

  test('whose event loop stands still is ended, and says so', async () => {
    const { output, exit, wrote } = spawnFixture('watched.ts', { FIXTURE_BLOCK_MS: '20000' })
    await wrote('blocking')
    const begun = Date.now()
    expect(await exit).toEqual({ code: null, signal: 'SIGKILL' })
    expect(Date.now() - begun).toBeLessThan(10_000)
    expect(output.stderr).toContain('the event loop stood still')
  })

  test('that is slow for a moment, or suspended as a whole, is left alone', async () => {
    const { child, exit, wrote } = spawnFixture('watched.ts', { FIXTURE_BLOCK_MS: '1500' })
    await wrote('done')
    child.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 5000))
    child.kill('SIGCONT')
    await wrote('beat', 3)
    child.kill('SIGTERM')
    expect(await exit).toEqual({ code: 0, signal: null })
  })
})
