import { createMetrics } from '@sluice/telemetry'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Claim, createIdempotencyWindow, type WindowOptions } from './window.ts'

function createWindow(options: Partial<WindowOptions> = {}) {
  let now = 0
  const metrics = createMetrics('gateway')
  const window = createIdempotencyWindow<string>({
    maxIds: 3,
    maxAgeMs: 100,
    clock: () => now,
    metrics,
    ...options,
  })
  const claim = (id: string, content: unknown = 1) => window.claim('t', '/s', id, content)
  return {
    window,
    claim,
    accept: (id: string) => window.settle(claim(id) as Claim, true, 'accepted'),
    pass: (ms: number) => {
      now += ms
    },
    metric: async (name: string) =>
      Number(
        (await metrics.text())
          .split('\n')
          .find((line) => line.startsWith(`${name}{`))
          ?.split(' ')[1],
      ),
  }
}

test('what was accepted is known, other content of it too, and other tenants and sources are others', () => {
  const { window, accept, claim } = createWindow()
  accept('1')
  expect(claim('1')).toEqual({ of: 'accepted' })
  expect(claim('1', 2)).toEqual({ of: 'other-content' })
  expect(window.claim('other', '/s', '1', 1)).toBeTypeOf('number')
  expect(window.claim('t', '/other', '1', 1)).toBeTypeOf('number')
})

test('forgets the oldest when it is full, and counts it', async () => {
  const { accept, claim, metric } = createWindow()
  for (const id of ['1', '2', '3', '4']) accept(id)
  expect(['2', '3', '4'].map((id) => claim(id))).toEqual(Array(3).fill({ of: 'accepted' }))
  expect(claim('1')).toBeTypeOf('number')
  expect(await metric('sluice_idempotency_evictions_total')).toBe(1)
  expect(await metric('sluice_idempotency_window_ids')).toBe(3)
})

test('forgets after its time, counted from when it was accepted; what is in flight does not expire', () => {
  const { window, claim, pass } = createWindow()
  const first = claim('1') as Claim
  pass(1000)
  expect(claim('1')).toEqual({ of: 'in-flight', claim: first })
  window.settle(first, true, 'accepted')
  pass(99)
  expect(claim('1')).toEqual({ of: 'accepted' })
  pass(1)
  expect(claim('1')).toBeTypeOf('number')
})

test.each([{ maxIds: 0 }, { maxAgeMs: 0 }])(
  'with %j nothing is remembered, but what is in flight is known',
  (off) => {
    const { window, claim } = createWindow(off)
    const first = claim('1') as Claim
    expect(claim('1')).toEqual({ of: 'in-flight', claim: first })
    window.settle(first, true, 'accepted')
    expect(claim('1')).toBeTypeOf('number')
  },
)

test('those that share a claim are told once, and the next claim of its row has none of them', () => {
  const { window, claim } = createWindow()
  const told: string[] = []
  const first = claim('1') as Claim
  window.share(first, (outcome) => told.push(`a ${outcome}`))
  window.share(first, (outcome) => told.push(`b ${outcome}`))
  window.settle(first, false, 'unknown')
  window.settle(claim('1') as Claim, true, 'accepted')
  expect(told).toEqual(['a unknown', 'b unknown'])
})

test('takes any number of events in flight', () => {
  const { claim } = createWindow()
  const claims = Array.from({ length: 5000 }, (_, i) => claim(String(i)))
  expect(claims.map((_, i) => claim(String(i)))).toEqual(
    claims.map((row) => ({ of: 'in-flight', claim: row })),
  )
})

test('agrees with a list, whatever is claimed, settled and waited for, also if all hashes are one', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ id: fc.integer({ min: 0, max: 6 }), content: fc.integer({ min: 0, max: 1 }) }),
    },
    { weight: 4, arbitrary: fc.record({ settle: fc.nat(10), accepted: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 60 }) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.boolean(), (steps, collide) => {
      const { window, claim, pass } = createWindow(collide ? { hashIdentity: () => 7 } : {})
      let flying: { id: number; content: number; claim: Claim }[] = []
      let accepted: { id: number; content: number; at: number }[] = []
      let now = 0
      for (const one of steps) {
        if ('pass' in one) {
          pass(one.pass)
          now += one.pass
        } else if ('settle' in one) {
          const settled = flying[one.settle % Math.max(1, flying.length)]
          if (!settled) continue
          flying = flying.filter((other) => other !== settled)
          window.settle(settled.claim, one.accepted, '')
          if (one.accepted) accepted = [...accepted, { ...settled, at: now }].slice(-3)
        } else {
          const { id, content } = one
          const got = claim(String(id), content)
          const taken = accepted.findLast((other) => other.id === id && now - other.at < 100)
          const inFlight = flying.find((other) => other.id === id)
          const found = inFlight ?? taken
          if (!found) flying.push({ id, content, claim: got as Claim })
          else if (found.content !== content) expect(got).toEqual({ of: 'other-content' })
          else if (inFlight) expect(got).toEqual({ of: 'in-flight', claim: inFlight.claim })
          else expect(got).toEqual({ of: 'accepted' })
          if (!found) expect(got).toBeTypeOf('number')
        }
      }
    }),
    { numRuns: 1000 },
  )
})
