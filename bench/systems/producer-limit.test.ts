import { expect, test } from 'vitest'
import { parseProducerLimit } from './producer-limit.ts'

test('takes the last summary, which leaves the warm-up out', () => {
  const output = `
1000 records sent, 900.5 records/sec (0.09 MB/sec), 10.0 ms avg latency, 300.0 ms max latency.
2000 records sent, 31000.2 records/sec (3.0 MB/sec), 9.5 ms avg latency, 300.00 ms max latency, 8 ms 50th, 20 ms 95th, 90 ms 99th, 95 ms 99.9th.
1500 steady state records sent, 41000.7 records/sec (4.0 MB/sec), 5.5 ms avg latency, 100.00 ms max latency, 4 ms 50th, 9 ms 95th, 12 ms 99th, 13 ms 99.9th.
`
  expect(parseProducerLimit(output)).toEqual({ recordsPerSecond: 41000.7, p50Ms: 4, p99Ms: 12 })
})

test('says so when the tool says something else', () => {
  expect(() => parseProducerLimit('usage: ...')).toThrow('said something new')
})
