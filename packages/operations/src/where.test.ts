import { encodeFramed, GENERATION, SERVICE } from '@sluice/events'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { after, createWorld, entries, RECEIVED_AT, SERVICE_NAME } from '../test-fixtures/world.ts'
import { uuidTime } from './uuid-time.ts'
import { defaultSince, type WhereOptions, whereIs } from './where.ts'

type World = ReturnType<typeof createWorld>

const look = ({ client }: World, id: string, options: Partial<WhereOptions> = {}) =>
  whereIs({ client, entries, id, since: 0, ...options })

/** How far the service is with the one event that has the id. */
async function standingOf(world: World, id: string) {
  const { events } = await look(world, id)
  expect(events).toHaveLength(1)
  return events[0]!.standings
}

describe('where an event is', () => {
  it('in its lane, as long as the service has not committed it, and how much is before it', async () => {
    const world = createWorld()
    world.store(world.order('other'))
    world.store(world.order('a'))
    expect(await standingOf(world, 'a')).toEqual([{ service: SERVICE_NAME, status: 'waiting', ahead: 1 }])
    await world.commit({ topic: 'events.order-placed.normal', partition: 1, offset: 1 })
    expect(await standingOf(world, 'a')).toEqual([{ service: SERVICE_NAME, status: 'waiting', ahead: 0 }])
    const { events } = await look(world, 'a')
    expect(events[0]).toMatchObject({
      ...{ tenant: 'default', source: '/tests', id: 'a', type: 'order-placed', receivedAt: RECEIVED_AT },
      seen: [
        { topic: 'events.order-placed.normal', partition: 1, offset: 1, at: RECEIVED_AT + 20, key: 'c-7' },
      ],
    })
  })

  it('found though it is framed, so that its id is in a header, and what follows from it', async () => {
    const world = createWorld()
    const event = world.order('a')
    const output = world.output(event)
    for (const [topic, one] of [
      ['events.order-placed.normal', event],
      ['events.fraud-check-requested.normal', output],
    ] as const)
      world.append(topic, 1, { key: 'c-7', ...encodeFramed(one, 7) })
    expect(await standingOf(world, 'a')).toEqual([{ service: SERVICE_NAME, status: 'waiting', ahead: 0 }])
    const { events, undecodable } = await look(world, output.id)
    expect(events.map(({ type }) => type)).toEqual(['fraud-check-requested'])
    expect(undecodable).toEqual([])
  })

  it('handled once it is committed', async () => {
    const world = createWorld()
    await world.commit(after(world.store(world.order('a'))))
    expect(await standingOf(world, 'a')).toEqual([{ service: SERVICE_NAME, status: 'handled' }])
  })

  it('resting as a copy until that is due, then handled', async () => {
    const world = createWorld()
    const event = world.order('a')
    const stored = world.store(event)
    const copy = world.retry(stored, event)
    await world.commit(after(stored))
    expect(await standingOf(world, 'a')).toEqual([
      { service: SERVICE_NAME, status: 'retrying', ahead: 0, dueAt: copy.timestamp + 5000 },
    ])
    await world.commit(after(copy))
    expect(await standingOf(world, 'a')).toEqual([{ service: SERVICE_NAME, status: 'handled' }])
  })

  it('a dead letter, of the event itself or of its last copy', async () => {
    const world = createWorld()
    const [first, second] = [world.order('a'), world.order('b')]
    const stored = world.store(first)
    world.giveUp(stored)
    const other = world.store(second)
    const copy = world.retry(other, second)
    world.giveUp(copy, other)
    await world.commit(after(other), after(copy))
    for (const id of ['a', 'b']) {
      expect(await standingOf(world, id)).toEqual([{ service: SERVICE_NAME, status: 'dead-letter' }])
    }
    const { events } = await look(world, 'b')
    expect(events[0]!.seen.map(({ role }) => role.kind)).toEqual(['lane', 'retry', 'dead-letter'])
    expect(events[0]!.seen.at(-1)!.letter).toMatchObject({
      ...{ reason: 'handler', attempts: 3, errorType: 'RangeError', errorMessage: 'no stock' },
    })
  })

  it('as the last redrive left it, whatever became of it before', async () => {
    const world = createWorld()
    const event = world.order('a')
    world.giveUp(world.store(event))
    const redriven = world.store(event, { [GENERATION]: 'redrive-1', [SERVICE]: SERVICE_NAME })
    expect(await standingOf(world, 'a')).toEqual([{ service: SERVICE_NAME, status: 'waiting', ahead: 1 }])
    await world.commit(after(redriven))
    expect(await standingOf(world, 'a')).toEqual([{ service: SERVICE_NAME, status: 'handled' }])
    world.giveUp(redriven)
    expect(await standingOf(world, 'a')).toEqual([{ service: SERVICE_NAME, status: 'dead-letter' }])
  })

  it('a dead letter still when a repeat of it was dropped', async () => {
    const world = createWorld()
    const event = world.order('a')
    world.giveUp(world.store(event))
    await world.commit(after(world.store(event)))
    expect(await standingOf(world, 'a')).toEqual([{ service: SERVICE_NAME, status: 'dead-letter' }])
  })

  it('not told by a redrive that is for another service', async () => {
    const world = createWorld()
    const event = world.order('a')
    await world.commit(after(world.store(event)))
    world.store(event, { [GENERATION]: 'redrive-1', [SERVICE]: 'another' })
    expect(await standingOf(world, 'a')).toEqual([{ service: SERVICE_NAME, status: 'handled' }])
  })

  it('with what followed from it, and with what followed from that', async () => {
    const world = createWorld()
    const root = world.order('root')
    const outputs = [world.output(root, 0), world.output(root, 1)]
    const further = world.output(outputs[0]!)
    const furthest = world.output(further)
    for (const event of [root, ...outputs, further, furthest, world.order('stranger')]) world.store(event)
    const { events } = await look(world, 'root')
    const tree = events.map(({ id, outputs: made }) => [
      id,
      made.map((one) => [one.id, one.outputs.map(({ id }) => id)]),
    ])
    expect(tree).toEqual([
      [
        'root',
        [
          [outputs[0]!.id, [further.id]],
          [outputs[1]!.id, []],
        ],
      ],
    ])
    // An output knows its chain only: what followed from it is found by that.
    const { events: ofOutput } = await look(world, outputs[0]!.id)
    expect(ofOutput).toMatchObject([
      {
        id: outputs[0]!.id,
        causationId: 'root',
        correlationId: 'root',
        outputs: [{ id: further.id, outputs: [{ id: furthest.id }] }],
      },
    ])
  })

  it('each event that has the id, with its own outputs, unless more than the id is known', async () => {
    const world = createWorld()
    const twins = [world.order('a', { source: '/one' }), world.order('a', { source: '/two' })]
    const outputs = twins.map((twin) => world.output(twin))
    for (const event of [...twins, ...outputs]) world.store(event)
    const { events } = await look(world, 'a')
    expect(events.map(({ source, outputs: made }) => [source, made.map(({ id }) => id)])).toEqual([
      ['/one', [outputs[0]!.id]],
      ['/two', [outputs[1]!.id]],
    ])
    expect((await look(world, 'a', { source: '/two' })).events.map(({ source }) => source)).toEqual(['/two'])
    expect((await look(world, 'a', { tenant: 'nobody' })).events).toEqual([])
    expect((await look(world, 'a', { type: 'page-viewed' })).events).toEqual([])
  })

  it('as the books say it, where they are kept', async () => {
    const world = createWorld({ outcomes: true })
    const event = world.order('a')
    world.store(event)
    world.book(event, 'handled')
    world.book(world.order('filtered'), 'filtered')
    const { events } = await look(world, 'a')
    expect(events[0]!.seen.map(({ outcome }) => outcome?.outcome)).toEqual([undefined, 'handled'])
    expect((await look(world, 'filtered')).events).toMatchObject([
      { id: 'filtered', standings: [], outputs: [] },
    ])
  })

  it('in what cannot be read as an event, too', async () => {
    const world = createWorld()
    const { topic, partition, offset } = world.append('events.order-placed.order-placed.dlq', 0, {
      key: null,
      value: '{"id":"broken',
    })
    world.append('events.order-placed.normal', 0, { key: null, value: null })
    expect(await look(world, 'broken')).toMatchObject({
      events: [],
      undecodable: [{ topic, partition, offset }],
    })
  })

  it('nowhere, with what was searched', async () => {
    const world = createWorld()
    world.store(world.order('old'))
    const since = RECEIVED_AT + 15
    world.store(world.order('b', { data: { orderId: 'mentions-a' } }))
    const progress: [number, number][] = []
    const found = await look(world, 'a', { since, onProgress: (read, total) => progress.push([read, total]) })
    expect(found).toEqual({ events: [], undecodable: [], searched: { since, topics: 6, offsets: 1 } })
    expect(progress.at(-1)).toEqual([1, 1])
    expect((await look(world, 'old', { since })).events).toEqual([])
  })

  it('and does not say nowhere when the search was broken off', async () => {
    const world = createWorld()
    world.store(world.order('a'))
    await expect(look(world, 'a', { signal: AbortSignal.abort() })).rejects.toThrow()
  })

  it('whatever is in its id', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, unit: 'grapheme' }), async (id) => {
        const world = createWorld()
        world.store(world.order(`${id}+`))
        world.store(world.order(id))
        expect((await look(world, id)).events.map((one) => one.id)).toEqual([id])
      }),
      { numRuns: 50 },
    )
  })
})

test('a UUID of version 7 says when it was made, and so how far back to look', () => {
  const id = '01a20bdf-b611-7b4e-96fb-6206bf9bee91'
  const made = 0x01a20bdfb611
  expect(uuidTime(id)).toBe(made)
  expect(uuidTime(id.toUpperCase())).toBe(made)
  for (const other of ['order-1', id.replace('7b4e', '4b4e'), `${id}0`])
    expect(uuidTime(other)).toBeUndefined()
  expect(defaultSince(id, made + 3_600_000)).toBe(made - 600_000)
  // A producer's clock may be wrong by years.
  expect(defaultSince(id, made - 3_600_000)).toBe(made - 4_200_000)
  expect(defaultSince('order-1', made)).toBe(made - 87_000_000)
})
