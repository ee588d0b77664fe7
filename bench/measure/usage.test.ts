import { expect, test } from 'vitest'
import { parseUsage, readUsage } from './usage.ts'

test('adds user and system time, whatever the name of the process holds', () => {
  const stat = '42 (a b) c) S 1 42 42 0 -1 4194304 500 0 0 0 120 30 9 9 20 0 11 0 100 1 2 3'
  expect(parseUsage(stat, 'Name:\tnode\nVmHWM:\t  204800 kB\nVmRSS:\t 1 kB\n')).toEqual({
    cpuMicros: 1_500_000,
    peakMemoryMb: 200,
  })
})

test('reads a process that lives, and nothing of one that is gone', () => {
  expect(readUsage(process.pid).peakMemoryMb).toBeGreaterThan(0)
  expect(readUsage(2 ** 30)).toEqual({ cpuMicros: 0, peakMemoryMb: 0 })
})
