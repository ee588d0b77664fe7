import { PassThrough } from 'node:stream'
import { expect, test, vi } from 'vitest'
import { plantRun } from './planted-results.ts'
import { createProgress, sayResult } from './progress.ts'

function plantScreen(isTTY: boolean) {
  const stream = new PassThrough()
  let text = ''
  stream.on('data', (chunk) => {
    text += chunk
  })
  Object.assign(stream, { isTTY, columns: 120, rows: 40 })
  return { out: stream as unknown as NodeJS.WriteStream, text: () => text }
}

test('in a pipe there is a line per run, and nothing that moves', () => {
  const { out, text } = plantScreen(false)
  const progress = createProgress(out)
  progress.begin(0, 2, 'A sluice run 1')
  progress.step('warming up')
  sayResult(progress, plantRun({ undrained: 1234, endedEarly: true }))
  progress.close()
  expect(text()).toBe(
    'A sluice run 1: 1,000/s accepted, 950/s sustained, high p50 10.0 p99 30.0 ms, posting ended by the backlog after 15 s, 1,234 not drained in time\n',
  )
})

test('in a terminal it says how far it is, and how long the rest may take', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const { out, text } = plantScreen(true)
    const progress = createProgress(out)
    progress.begin(0, 4, 'warm-up of Kafka')
    expect(text()).toContain('1/4  warm-up of Kafka')
    vi.advanceTimersByTime(120_000)
    progress.begin(1, 4, 'A sluice run 1')
    progress.step('measuring')
    expect(text()).toContain('2/4, about 6 min left  A sluice run 1: measuring')
  } finally {
    vi.useRealTimers()
  }
})

test('a failed run says why', () => {
  const { out, text } = plantScreen(false)
  sayResult(createProgress(out), plantRun({ failed: '3 events were lost.' }))
  expect(text()).toContain('FAILED: 3 events were lost.')
})
