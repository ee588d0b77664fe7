import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBareEvent } from './body/read-json.ts'
import { ANYBODY } from './credentials/credential.ts'
import { rememberEarlier } from './earlier.ts'

const candidates = (...identities: { id: string; source?: string }[]) =>
  identities.map((identity) => readBareEvent({ type: 't', data: {}, ...identity }))

/** Of one FNV-1a hash, found by trying. */
const COLLIDING = ['costarring', 'liquid']

test('ids of one hash are different events', () => {
  const earlier = rememberEarlier(candidates(...COLLIDING.map((id) => ({ id }))), ANYBODY.source)
  expect([0, 1, 0, 1].map((index) => earlier.findOrAdd(index))).toEqual([undefined, undefined, 0, 1])
})

test('what is removed frees its identity, and hides nothing of the same hash', () => {
  const earlier = rememberEarlier(candidates(...COLLIDING.map((id) => ({ id }))), ANYBODY.source)
  earlier.findOrAdd(0)
  earlier.findOrAdd(1)
  earlier.remove(0)
  expect(earlier.findOrAdd(1)).toBe(1)
  expect(earlier.findOrAdd(0)).toBeUndefined()
  expect(earlier.findOrAdd(0)).toBe(0)
  earlier.remove(0)
  earlier.remove(1)
  expect([1, 0].map((index) => earlier.findOrAdd(index))).toEqual([undefined, undefined])
})

test('the default source is the source of events without one', () => {
  const earlier = rememberEarlier(
    candidates({ id: '1' }, { id: '1', source: ANYBODY.source }),
    ANYBODY.source,
  )
  expect([0, 1].map((index) => earlier.findOrAdd(index))).toEqual([undefined, 0])
})

test('agrees with a map by source and id, whatever is added and removed', () => {
  const identity = fc.record({
    id: fc.constantFrom('1', '2', ...COLLIDING),
    source: fc.constantFrom('/a', '/b'),
  })
  const events = fc.array(fc.record({ identity, removed: fc.boolean() }), { maxLength: 30 })
  fc.assert(
    fc.property(events, (posted) => {
      const earlier = rememberEarlier(candidates(...posted.map((event) => event.identity)), ANYBODY.source)
      const firsts = new Map<string, number>()
      for (const [index, { identity, removed }] of posted.entries()) {
        const name = JSON.stringify(identity)
        const first = firsts.get(name)
        expect(earlier.findOrAdd(index)).toBe(first)
        if (first !== undefined) continue
        if (removed) earlier.remove(index)
        else firsts.set(name, index)
      }
    }),
  )
})
