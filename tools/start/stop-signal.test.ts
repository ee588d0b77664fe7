import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { createStopSignal } from './stop-signal.ts'

function setUp() {
  const source = new EventEmitter()
  let now = 0
  const stop = createStopSignal(source, () => now)
  let kills = 0
  stop.onSecond(() => {
    kills += 1
  })
  const at = (ms: number) => {
    now = ms
  }
  return { source, stop, at, kills: () => kills }
}

it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'])('stops on %s', async (signal) => {
  const { source, stop } = setUp()
  expect(stop.isRequested()).toBe(false)
  source.emit(signal)
  expect(stop.isRequested()).toBe(true)
  await stop.requested
})

it('takes the several signals of one Ctrl-C as one', () => {
  const { source, at, kills } = setUp()
  source.emit('SIGINT')
  at(999)
  source.emit('SIGINT')
  expect(kills()).toBe(0)
})

it('takes a signal a second later as impatience', () => {
  const { source, at, kills } = setUp()
  source.emit('SIGINT')
  at(1000)
  source.emit('SIGINT')
  expect(kills()).toBe(1)
})

it('does not take the end of the parent as impatience', () => {
  const { source, at, kills } = setUp()
  source.emit('SIGTERM')
  at(5000)
  source.emit('disconnect')
  expect(kills()).toBe(0)
})

it('wakes whoever waits', async () => {
  const { source, stop } = setUp()
  const waiting = stop.within(1_000_000)
  source.emit('SIGINT')
  await waiting
})
