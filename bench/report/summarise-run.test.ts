import { expect, test } from 'vitest'
import type { Drain, Phase } from '../phase.ts'
import { scenarios } from '../scenarios.ts'
import { describeBreakdown, summariseRun } from './summarise-run.ts'

const latency = { count: 1, p50: 1, p90: 1, p99: 1, p999: 1, max: 1 }

/** Posted for two seconds from 1 s on; a hundred accepted, all of them in time. */
function plantPhase(
  drain: Drain,
  { lost = 0, doubled = 0, foreign = 0 }: { lost?: number; doubled?: number; foreign?: number } = {},
): Phase {
  const handled = 100 - lost
  return {
    drain,
    endedEarly: false,
    report: {
      startMicros: 1_000_000,
      endMicros: 3_000_000,
      outcomes: new Uint8Array(100).fill(1),
      accepted: 100,
      acceptedInTime: 100,
      notStored: 0,
      unknown: 0,
      answered: [latency],
      late: [latency],
    },
    findings: {
      balance: { handled, lost, doubled, unasked: 0, examples: [7] },
      timeline: [
        { at: 2_000_000, total: 20 },
        { at: 5_000_000, total: handled },
      ],
      endToEnd: { high: latency },
      all: latency,
      foreign,
    },
  }
}

const watched = { outputs: [{ lane: 'high', topics: ['x'] }], settings: {} } as const
const order = { scenario: scenarios.A, system: 'x', run: 1 }
const whole = plantPhase('whole')

test('rates are of the posted time, of what came out in it, and of the time until the last came out', () => {
  expect(summariseRun(order, watched, [whole], whole, [])).toMatchObject({
    acceptedPerSecond: 50,
    endToEndPerSecond: 10,
    drainedPerSecond: 25,
    drainSeconds: 2,
    lost: 0,
    undrained: 0,
  })
  expect(summariseRun(order, watched, [whole], whole, [])).not.toHaveProperty('failed')
})

test('what is missing when nothing more comes is lost, and the run has failed', () => {
  const result = summariseRun(order, watched, [whole], plantPhase('stalled', { lost: 3 }), [])
  expect(result).toMatchObject({ lost: 3, undrained: 0 })
  expect(result.failed).toContain('3 of 100 accepted events were lost, like number 7.')
})

test('what is missing when nobody waits any longer is not called lost, and the latencies would flatter', () => {
  const result = summariseRun(order, watched, [whole], plantPhase('cut off', { lost: 40 }), [])
  expect(result).toMatchObject({ lost: 0, undrained: 40, endToEnd: {}, drainedPerSecond: 15 })
  expect(result).not.toHaveProperty('failed')
})

test.each([
  ['an event of the warm-up is lost', plantPhase('stalled', { lost: 1 }), whole, 'lost in the warm-up'],
  [
    'an output of the warm-up comes twice',
    plantPhase('whole', { doubled: 1 }),
    whole,
    'twice in the warm-up',
  ],
  ['the warm-up is still there', plantPhase('cut off', { lost: 1 }), whole, 'did not drain in time'],
  ['an output comes twice', whole, plantPhase('whole', { doubled: 2 }), '2 outputs came twice.'],
  ['there is what another run left', whole, plantPhase('whole', { foreign: 4 }), '4 records of no run'],
])('a run has failed when %s', (_what, warmup, measured, reason) => {
  expect(summariseRun(order, watched, [warmup], measured, []).failed).toContain(reason)
})

test('of a system without outputs nothing is missed', () => {
  const result = summariseRun(
    order,
    { ...watched, outputs: [] },
    [whole],
    plantPhase('whole', { lost: 100 }),
    [],
  )
  expect(result).toMatchObject({ lost: 0, acceptedPerSecond: 50 })
  expect(result).not.toHaveProperty('failed')
  expect(result).not.toHaveProperty('drainedPerSecond')
})

test('a run that broke off says why, and counts as failed', () => {
  const broken = describeBreakdown({ ...order, seconds: 15, replicas: 2 }, new Error('no port\nits log'))
  expect(broken).toMatchObject({ failed: 'It broke off: no port', settings: { replicas: 2 } })
})
