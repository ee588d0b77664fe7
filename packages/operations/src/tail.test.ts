import { GENERATION, laneTopic, orderPlaced, redact } from '@sluice/events'
import { describe, expect, it } from 'vitest'
import { createWorld, entries, RECEIVED_AT } from '../test-fixtures/world.ts'
import { type TailedEvent, type TailOptions, tail } from './tail.ts'

type World = ReturnType<typeof createWorld>

/** Takes `count` lines, then leaves. */
async function take(world: World, count: number, options: Partial<TailOptions> = {}): Promise<TailedEvent[]> {
  const taken: TailedEvent[] = []
  for await (const tailed of tail({ client: world.client, entry: entries[0]!, from: 'start', ...options })) {
    taken.push(tailed)
    if (taken.length === count) break
  }
  return taken
}

const show = ({ status, event }: TailedEvent) => `${status} ${event?.id}`

describe('the tail of a type', () => {
  it('tells what happens to its events, of any lane, and nothing of other types', async () => {
    const world = createWorld({ outcomes: true })
    const event = world.order('a')
    const stored = world.store(event)
    world.store(world.order('b', { priority: 'high' }))
    world.store(world.output(event))
    const copy = world.retry(stored, event)
    world.giveUp(copy, stored)
    world.store(event, { [GENERATION]: 'redrive-1' })
    world.book(event, 'handled')
    world.book(world.output(event), 'handled')
    world.book(event, 'dead-letter')
    const taken = (await take(world, 6)).toSorted((one, other) => one.at - other.at)
    expect(taken.map(show)).toEqual([
      'stored a',
      'stored b',
      'retried a',
      'dead-letter a',
      'redriven a',
      'handled a',
    ])
    const [first, second, retried, letter, , handled] = taken
    expect(first).toMatchObject({
      ...{ lane: 'normal', key: 'c-7', at: RECEIVED_AT + 10, data: redact(orderPlaced, event.data) },
      place: { topic: laneTopic(orderPlaced.type, 'normal'), partition: 1, offset: 0 },
    })
    expect(JSON.stringify(taken)).not.toContain('ada@example.com')
    expect(second).toMatchObject({ lane: 'high' })
    expect(retried).toMatchObject({ by: 'order-placed', dueAt: copy.timestamp + 5000, lane: 'normal' })
    expect(letter).toMatchObject({ by: 'order-placed', reason: 'handler, RangeError: no stock' })
    // The books know the id only; what the lane said of it is remembered.
    expect(handled).toMatchObject({ by: 'order-placed', key: 'c-7', lane: 'normal' })
  })

  it('begins with what comes from now on', async () => {
    const world = createWorld()
    world.store(world.order('before'))
    const taking = take(world, 1, { from: 'now' })
    // Until the tail has begun, what is stored is still before it.
    for (let n = 0; (await Promise.race([taking, undefinedSoon()])) === undefined; n++) {
      world.store(world.order(`after-${n}`))
    }
    expect((await taking)[0]!.event!.id).toMatch(/^after-/)
  })

  it('begins with what was written since', async () => {
    const world = createWorld()
    for (const id of ['a', 'b', 'c']) world.store(world.order(id))
    expect((await take(world, 2, { from: RECEIVED_AT + 20 })).map(show)).toEqual(['stored b', 'stored c'])
  })

  it.each<[string, Partial<TailOptions>, string[]]>([
    ['lanes', { lanes: ['high'] }, ['stored b']],
    ['keys', { keys: ['c-7'], ids: ['c', 'd'] }, ['stored c', 'stored d']],
    ['ids', { ids: ['a'] }, ['stored a', 'dead-letter a']],
    ['what happened', { statuses: ['dead-letter', 'redriven'] }, ['dead-letter a']],
  ])('leaves out other %s', async (_what, options, expected) => {
    const world = createWorld()
    world.giveUp(world.store(world.order('a')))
    world.store(world.order('b', { priority: 'high' }))
    world.store(world.order('c'))
    world.store(world.order('d'))
    const taken = await take(world, expected.length, options)
    expect(taken.toSorted((one, other) => one.at - other.at).map(show)).toEqual(expected)
  })

  it('shows what is no event, and not what says nothing', async () => {
    const world = createWorld()
    const topic = laneTopic(orderPlaced.type, 'normal')
    world.append(topic, 0, { key: 'k', value: null })
    world.append(topic, 0, { key: 'k', value: 'not JSON' })
    const [tailed] = await take(world, 1)
    expect(tailed).toMatchObject({ status: 'stored', key: 'k', place: { offset: 1 } })
    expect(tailed).not.toHaveProperty('event')
  })

  it('ends without an error when it is aborted', async () => {
    const world = createWorld()
    world.store(world.order('a'))
    const abort = new AbortController()
    const taken: TailedEvent[] = []
    const options = { client: world.client, entry: entries[0]!, from: 'start', signal: abort.signal } as const
    for await (const tailed of tail(options)) {
      taken.push(tailed)
      abort.abort()
    }
    expect(taken.map(show)).toEqual(['stored a'])
  })

  it('says so when there are no topics of the type', async () => {
    const world = createWorld()
    const entry = { definition: { ...orderPlaced, type: 'missing' }, services: [] }
    await expect(take(world, 1, { entry })).rejects.toMatchObject({ code: 'kafka-refused' })
  })
})

function undefinedSoon(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(() => resolve(undefined)))
}
