import { catalogue } from '@sluice/events'
import { expect, it } from 'vitest'
import { createDemoTraffic, type DemoEvent, type DemoKind } from './traffic.ts'

const START = Date.UTC(2026, 10, 24)
const definitions = new Map(catalogue.map(({ definition }) => [definition.type, definition]))

function take(count: number, seed = 1): { event: DemoEvent; kind: DemoKind }[] {
  const next = createDemoTraffic(seed, START)
  const taken: { event: DemoEvent; kind: DemoKind }[] = []
  while (taken.length < count) {
    const { body, kinds } = next()
    const events = Array.isArray(body) ? (body as DemoEvent[]) : [body as DemoEvent]
    expect(events).toHaveLength(kinds.length)
    taken.push(...events.map((event, index) => ({ event, kind: kinds[index]! })))
  }
  return taken
}

const problemsOf = ({ type, data }: DemoEvent) => {
  const definition = definitions.get(type)
  return definition === undefined ? 'unknown type' : definition.validate(data)
}

it('fits the definitions, but for the events that are meant to be bad', () => {
  for (const { event, kind } of take(5000)) {
    if (kind === 'bad') expect(problemsOf(event), JSON.stringify(event)).toBeDefined()
    else expect(problemsOf(event), JSON.stringify(event)).toBeUndefined()
  }
})

it('is a mix: every type that producers post, every kind, and wishes for each priority', () => {
  const taken = take(5000)
  const share = (matches: (made: (typeof taken)[number]) => boolean) =>
    taken.filter(matches).length / taken.length
  for (const { definition } of catalogue.filter((entry) => entry.definition.origin === 'producer')) {
    expect(share(({ event }) => event.type === definition.type)).toBeGreaterThan(0.02)
  }
  expect(share(({ event }) => event.type === 'page-viewed')).toBeGreaterThan(0.5)
  expect(share(({ kind }) => kind === 'bad')).toBeGreaterThan(0.01)
  expect(share(({ kind }) => kind === 'bad')).toBeLessThan(0.03)
  expect(share(({ kind }) => kind === 'bot')).toBeGreaterThan(0.02)
  for (const lane of ['high', 'normal', 'low']) {
    expect(share(({ event }) => event.priority === lane)).toBeGreaterThan(0.005)
  }
  const late = (from: number, to: number) =>
    share(({ event }) => {
      const days = event.data['delayDays']
      return typeof days === 'number' && days >= from && days <= to
    })
  expect(late(1, 2)).toBeGreaterThan(0)
  expect(late(3, 365)).toBeGreaterThan(0)
})

it('breaks events in every way: a missing field, an unknown field, an unknown type', () => {
  const bad = take(5000).filter(({ kind }) => kind === 'bad')
  const details = new Set(
    bad.flatMap(({ event }) => {
      const problems = problemsOf(event)
      return typeof problems === 'string' ? [problems] : (problems ?? []).map(({ detail }) => detail)
    }),
  )
  expect(details).toContain('unknown type')
  expect(details).toContain('This field is not known.')
  expect(details.size).toBeGreaterThan(2)
})

it('repeats itself with the same seed and differs with another', () => {
  expect(take(100, 7)).toEqual(take(100, 7))
  expect(take(100, 7)).not.toEqual(take(100, 8))
})
