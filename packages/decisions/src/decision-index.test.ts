import { createHash } from 'node:crypto'
import type { Lane } from '@sluice/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Action, Decision, Scope } from './decision.ts'
import { createDecisionIndex, decisionOf, type EventFacts, isLive } from './decision-index.ts'
import { encodeDecision } from './decision-record.ts'

const DATA = { visitor: 'v-1', pages: [1, 2] }
const CONTENT = createHash('sha256').update(JSON.stringify(DATA)).digest('hex')
const event: EventFacts = { tenant: 'default', type: 'page-viewed', source: '/shop', key: 'v-1', data: DATA }

function at(second: number): string {
  return new Date(second * 1000).toISOString()
}

type Given = {
  id?: string
  action?: Action
  scope?: Scope
  priority?: Lane
  from?: number
  until?: number
}

/** Times are in seconds. */
function record({ id = 'd', from = 0, until = 100, ...others }: Given = {}) {
  const decision: Decision = {
    ...{ id, action: 'suppress', scope: { key: 'v-1' }, reason: 'because', by: 'a-job' },
    ...others,
    ...{ from: at(from), until: at(until) },
  }
  const { key, value } = encodeDecision(decision)
  return { key: Buffer.from(key), value: Buffer.from(value) }
}

const lift = (id: string) => ({ key: Buffer.from(id), value: null })

function indexOf(...given: readonly Given[]) {
  const index = createDecisionIndex()
  for (const one of given) expect(index.apply(record(one), 0)).toMatchObject({ status: 'held' })
  return index
}

describe('a decision is found', () => {
  it.each<[string, Scope]>([
    ['key', { key: 'v-1' }],
    ['source', { source: '/shop' }],
    ['type', { type: 'page-viewed' }],
    ['tenant', { tenant: 'default' }],
    ['all of them', { tenant: 'default', type: 'page-viewed', source: '/shop', key: 'v-1' }],
    ['content', { type: 'page-viewed', key: 'v-1', content: CONTENT }],
  ])('by %s', (_what, scope) => {
    const index = indexOf({ scope })
    expect(index.findSuppression(event, 1_000)).toMatchObject({ id: 'd' })
    for (const member of Object.keys(scope)) {
      const others = member === 'content' ? { data: { ...DATA, pages: [] } } : { [member]: 'other' }
      expect(index.findSuppression({ ...event, ...others }, 1_000)).toBeUndefined()
    }
  })

  it('while it is live and not one millisecond longer', () => {
    const index = indexOf({ from: 10, until: 20 })
    const found = [9_999, 10_000, 19_999, 20_000].map((now) => index.findSuppression(event, now)?.id)
    expect(found).toEqual([undefined, 'd', 'd', undefined])
  })

  it('until it is lifted', () => {
    const index = indexOf({})
    expect(index.apply(lift('d'), 0)).toEqual({ status: 'lifted', id: 'd' })
    expect(index.findSuppression(event, 0)).toBeUndefined()
    expect(index.apply(lift('d'), 0)).toEqual({ status: 'nothing-lifted', id: 'd' })
  })

  it('as its last record says, and goes on counting', () => {
    const index = indexOf({})
    index.get('d')!.hits = 7
    index.apply(record({ action: 'raise', scope: { source: '/shop' } }), 0)
    expect(index.findSuppression(event, 0)).toBeUndefined()
    expect(index.findMove(event, 0)).toMatchObject({ action: 'raise', priority: 'high', hits: 7 })
    expect(index.apply(record({ until: 5 }), 6_000)).toEqual({ status: 'over', id: 'd' })
    expect(index.size).toBe(0)
  })

  it('whatever bad record came after it', () => {
    const index = indexOf({})
    const bad = { key: Buffer.from('d'), value: Buffer.from('{}') }
    expect(index.apply(bad, 0)).toMatchObject({ status: 'refused', reason: 'invalid' })
    expect(index.findSuppression(event, 0)).toMatchObject({ id: 'd' })
  })
})

describe('of several', () => {
  it.each<[string, string, readonly Given[]]>([
    [
      'the one with most members wins',
      'two',
      [
        { id: 'one', from: 1 },
        { id: 'two', scope: { key: 'v-1', source: '/shop' } },
      ],
    ],
    [
      'content counts as one',
      'two',
      [
        { id: 'one', scope: { type: 'page-viewed', key: 'v-1' } },
        { id: 'two', scope: { type: 'page-viewed', key: 'v-1', content: CONTENT } },
      ],
    ],
    ['then the later one', 'two', [{ id: 'one' }, { id: 'two', from: 1, scope: { source: '/shop' } }]],
    ['then the smaller id', 'a', [{ id: 'b' }, { id: 'a' }, { id: 'c' }]],
    ['one that does not hold yet does not count', 'a', [{ id: 'a' }, { id: 'b', from: 50 }]],
  ])('%s', (_what, id, given) => {
    for (const action of ['suppress', 'raise'] as const) {
      const index = indexOf(...given.map((one) => ({ action, ...one })))
      const found = action === 'raise' ? index.findMove(event, 2_000) : index.findSuppression(event, 2_000)
      expect(found?.id).toBe(id)
    }
  })

  it('an exception wins over a suppression of as many members, however late that comes', () => {
    const index = indexOf(
      { id: 'flood', from: 1 },
      { id: 'except', action: 'allow', scope: { source: '/shop' } },
    )
    expect(index.findSuppression(event, 2_000)).toBeUndefined()
    expect(index.findSuppression({ ...event, source: '/app' }, 2_000)?.id).toBe('flood')
  })

  it('an exception does not reach into what is narrower', () => {
    const scope = { source: '/shop', key: 'v-1' }
    const index = indexOf({ id: 'flood', scope }, { id: 'except', action: 'allow', from: 1 })
    expect(index.findSuppression(event, 2_000)?.id).toBe('flood')
  })

  it('raising and suppressing do not meet', () => {
    const index = indexOf({ id: 'drop' }, { id: 'move', action: 'lower', from: 1 })
    expect(index.findSuppression(event, 2_000)?.id).toBe('drop')
    expect(index.findMove(event, 2_000)).toMatchObject({ id: 'move', priority: 'low' })
  })
})

describe('a full index', () => {
  it('refuses new ids, and takes changes of those it has', () => {
    const index = createDecisionIndex({ maxDecisions: 2 })
    for (const id of ['a', 'b']) index.apply(record({ id, until: 10 }), 0)
    expect(index.apply(record({ id: 'c' }), 0)).toMatchObject({ status: 'refused', reason: 'full' })
    expect(index.apply(record({ id: 'b', until: 20 }), 0)).toMatchObject({ status: 'held' })
    // Once one is over there is room.
    expect(index.apply(record({ id: 'c' }), 10_000)).toMatchObject({ status: 'held' })
    expect([...index.list()].map(({ id }) => id)).toEqual(['b', 'c'])
  })

  it('is also one that has too many bytes', () => {
    const bytes = record({ id: 'a' }).value.length
    const index = createDecisionIndex({ maxBytes: bytes * 2 })
    for (const id of ['a', 'b']) expect(index.apply(record({ id }), 0)).toMatchObject({ status: 'held' })
    expect(index.apply(record({ id: 'c' }), 0)).toMatchObject({ reason: 'full' })
    expect(index.apply(record({ id: 'b', scope: { key: 'v-2000' } }), 0)).toMatchObject({ reason: 'full' })
    index.apply(lift('a'), 0)
    expect(index.apply(record({ id: 'c' }), 0)).toMatchObject({ status: 'held' })
  })

  it('forgets with a sweep what is over, and nothing else', () => {
    const index = indexOf({ id: 'a', until: 10 }, { id: 'b', until: 20 }, { id: 'c', until: 10 })
    index.sweep(9_999)
    expect(index.size).toBe(3)
    index.sweep(10_000)
    expect([...index.list()].map(({ id }) => id)).toEqual(['b'])
    index.sweep(20_000)
    expect(index.size).toBe(0)
  })
})

it('says again what a decision said, in UTC', () => {
  const evidence = { events: ['e-1'] }
  const index = createDecisionIndex()
  const decision = {
    ...{ id: 'd', action: 'lower', scope: { type: 't' } },
    reason: 'r',
    evidence,
    by: 'a-job',
  }
  const times = { from: '1970-01-01T01:00:00+01:00', until: '1970-01-01T00:10:00Z' }
  index.apply({ key: Buffer.from('d'), value: Buffer.from(JSON.stringify({ ...decision, ...times })) }, 0)
  expect(decisionOf(index.get('d')!)).toEqual({ ...decision, priority: 'low', from: at(0), until: at(600) })
})

describe('for whatever records and events', () => {
  const some = (...values: readonly string[]) => fc.option(fc.constantFrom(...values), { nil: undefined })
  const scopes = fc
    .record({
      tenant: some('default', 'acme'),
      type: some('page-viewed', 'order-placed'),
      source: some('/shop', '/app'),
      key: some('v-1', 'v-2'),
      content: some(CONTENT, 'b'.repeat(64)),
    })
    .filter(({ tenant, type, source, key }) => (tenant ?? type ?? source ?? key) !== undefined)
    .map(({ content, ...scope }) => (scope.type && scope.key ? { ...scope, content } : scope) as Scope)
  const steps = fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
          action: fc.constantFrom('suppress', 'raise', 'lower', 'allow'),
          scope: scopes,
          from: fc.integer({ min: 0, max: 8 }),
          lasts: fc.integer({ min: 1, max: 8 }),
        }),
      },
      fc.record({ lift: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h') }),
      fc.record({ sweep: fc.boolean(), wait: fc.integer({ min: 0, max: 3 }) }),
    ),
    // Enough that nodes are split, and emptied again.
    { maxLength: 40, size: 'max' },
  )
  const events: fc.Arbitrary<EventFacts> = fc.record({
    tenant: fc.constantFrom('default', 'acme'),
    type: fc.constantFrom('page-viewed', 'order-placed'),
    source: fc.constantFrom('/shop', '/app'),
    key: fc.constantFrom('v-1', 'v-2'),
    data: fc.constantFrom(DATA, { other: 1 }),
  })

  it('it finds what looking at each of them finds', () => {
    fc.assert(
      fc.property(steps, fc.array(events, { minLength: 1, maxLength: 8 }), (taken, asked) => {
        const index = createDecisionIndex()
        const expected = new Map<string, Required<Omit<Given, 'priority'>>>()
        let now = 0
        for (const step of taken) {
          if ('lift' in step) {
            index.apply(lift(step.lift), now * 1000)
            expected.delete(step.lift)
          } else if ('wait' in step) {
            now += step.wait
            if (step.sweep) index.sweep(now * 1000)
          } else {
            const decision = { ...step, action: step.action as Action, until: step.from + step.lasts }
            index.apply(record(decision), now * 1000)
            expected.set(decision.id, decision)
          }
          for (const one of asked) {
            const matching = [...expected.values()].filter(
              ({ from, until, scope }) => isLive({ from, until }, now) && matches(scope, one),
            )
            const drop = strongest(
              matching.filter(({ action }) => action === 'suppress' || action === 'allow'),
            )
            const move = strongest(matching.filter(({ action }) => action === 'raise' || action === 'lower'))
            expect(index.findSuppression(one, now * 1000)?.id).toBe(
              drop?.action === 'suppress' ? drop.id : undefined,
            )
            expect(index.findMove(one, now * 1000)?.id).toBe(move?.id)
          }
        }
        index.sweep(now * 1000)
        const held = [...expected.values()].filter(({ until }) => until > now)
        expect([...index.list()].map(({ id }) => id).sort()).toEqual(held.map(({ id }) => id).sort())
      }),
      { numRuns: 300 },
    )
  })

  function matches({ content, ...scope }: Scope, facts: EventFacts): boolean {
    const same = Object.entries(scope).every(
      ([member, value]) => value === undefined || facts[member as keyof EventFacts] === value,
    )
    const hashed = () => createHash('sha256').update(JSON.stringify(facts.data)).digest('hex')
    return same && (content === undefined || content === hashed())
  }

  function strongest<Some extends { scope: Scope; action: Action; from: number; id: string }>(
    found: readonly Some[],
  ): Some | undefined {
    const size = ({ scope }: Some) => Object.values(scope).filter((value) => value !== undefined).length
    return [...found].sort(
      (one, other) =>
        size(other) - size(one) ||
        Number(other.action === 'allow') - Number(one.action === 'allow') ||
        other.from - one.from ||
        (one.id < other.id ? -1 : 1),
    )[0]
  }
})
