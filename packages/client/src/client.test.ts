import { orderPlaced } from '@sluice/events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFakeGateway, type Fate, type Post, type Treatment } from '../test-fixtures/fake-gateway.ts'
import { createTestClock } from '../test-fixtures/test-clock.ts'
import { type ClientOptions, createClient } from './client.ts'
import type { PendingEvent, Persistence } from './outbox.ts'
import type { Outcome } from './outcome.ts'

const kind = { type: 't', key: (data: { key: string }) => data.key }

function setUp(
  treat: (post: Post, index: number) => Treatment = () => ({}),
  options: Partial<ClientOptions> = {},
  random?: () => number,
) {
  const clock = createTestClock(random)
  const gateway = createFakeGateway(clock, treat)
  const client = createClient({ url: 'http://gateway.test', fetch: gateway.fetch, clock, ...options })
  return { clock, gateway, client }
}

/** The ids of each request, one after the other. */
const idsOf = (posts: readonly Post[]) => posts.map(({ events }) => events.map(({ id }) => id).join(' '))

describe('an event', () => {
  it('is posted and ends as the gateway says', async () => {
    const { clock, gateway, client } = setUp()
    const promise = client.publish(kind, { key: 'k' }, { subject: 's', priority: 'high' })
    await clock.run()
    const outcome = await promise
    expect(outcome).toEqual({ status: 'accepted', id: expect.any(String), type: 't', attempts: 1 })
    const [post] = gateway.posts
    expect(JSON.parse(post!.text)).toEqual([
      {
        type: 't',
        id: outcome.id,
        time: '2026-11-24T12:30:00.000Z',
        subject: 's',
        priority: 'high',
        data: { key: 'k' },
      },
    ])
    expect(post!.headers.get('prefer')).toBe('return=minimal')
    expect(post!.keepalive).toBe(true)
  })

  it('is typed by its definition', async () => {
    const { client } = setUp()
    // @ts-expect-error it has no total
    client.publish(orderPlaced, { ...orderPlaced.example, total: undefined })
    // @ts-expect-error there is no such field
    client.publish(orderPlaced, { ...orderPlaced.example, colour: 'red' })
    client.publish(orderPlaced, orderPlaced.example)
    client.publish('order-placed', { whatever: true })
  })

  it('is what it was when it was published', async () => {
    const { clock, gateway, client } = setUp()
    const data = { key: 'k' }
    client.publish(kind, data)
    data.key = 'other'
    await clock.run()
    expect(gateway.posts[0]!.events[0]!.data).toEqual({ key: 'k' })
  })

  it('has the same id and the same bytes in every attempt, until it is taken', async () => {
    const treatments: Treatment[] = [
      { loses: true },
      { cuts: true },
      { problem: { status: 503 } },
      { problem: { status: 429 } },
      { fateOf: () => 'refused' },
      { fateOf: () => 'unknown' },
      { latencyMs: 60_000 },
    ]
    const { clock, gateway, client } = setUp((_, index) => treatments[index] ?? {})
    const promise = client.publish(kind, { key: 'k' })
    await clock.run()
    expect(await promise).toMatchObject({ status: 'accepted', attempts: 8 })
    expect(new Set(gateway.posts.map(({ text }) => text)).size).toBe(1)
    expect(gateway.posts.length).toBe(8)
  })

  it('that is wrong is told why, at once, and alone', async () => {
    const { clock, client } = setUp(() => ({ fateOf: ({ id }) => (id === 'bad' ? 'rejected' : 'accepted') }))
    const outcomes = Promise.all(['a', 'bad', 'b'].map((id) => client.publish(kind, { key: 'k' }, { id })))
    await clock.run()
    expect((await outcomes).map(({ status }) => status)).toEqual(['accepted', 'rejected', 'accepted'])
    expect((await outcomes)[1]).toMatchObject({ code: 'schema', errors: [], attempts: 1 })
  })

  it('whose time is over ends as what was last known', async () => {
    const fates: Record<string, Fate> = { r: 'refused', u: 'unknown' }
    const { clock, client } = setUp((_, index) => ({
      fateOf: ({ id }) => (id === 'ur' ? (index === 0 ? 'unknown' : 'refused') : fates[id]!),
    }))
    const publish = (id: string) => client.publish(kind, { key: id }, { id })
    const outcomes = Promise.all([publish('r'), publish('u'), publish('ur')])
    await clock.run()
    expect(await outcomes).toMatchObject([
      { status: 'refused', code: 'overloaded' },
      { status: 'unknown', code: 'unconfirmed' },
      // Refused now, but an earlier attempt may have been stored.
      { status: 'unknown', code: 'overloaded' },
    ])
  })

  it('that is rejected after a lost answer is unknown, with the reason', async () => {
    const { clock, client } = setUp((_, index) =>
      index === 0 ? { loses: true } : { fateOf: () => 'rejected' },
    )
    const promise = client.publish(kind, { key: 'k' })
    await clock.run()
    expect(await promise).toMatchObject({ status: 'unknown', code: 'schema', attempts: 2 })
  })

  it('that is on its way when its time is over is unknown', async () => {
    const { clock, client } = setUp(() => ({ latencyMs: 60_000 }), {
      requestTimeoutMs: 90_000,
      deliveryTimeoutMs: 1000,
    })
    const promise = client.publish(kind, { key: 'k' })
    await clock.run()
    expect(await promise).toMatchObject({ status: 'unknown', code: 'no-answer', attempts: 1 })
  })

  it('can be given up by its signal', async () => {
    const { clock, client, gateway } = setUp(() => ({ problem: { status: 429 } }))
    const abort = new AbortController()
    const tried = client.publish(kind, { key: 'k' }, { signal: abort.signal })
    await clock.pass(1000)
    const fresh = client.publish(kind, { key: 'k' }, { signal: abort.signal })
    abort.abort()
    const late = client.publish(kind, { key: 'k' }, { signal: abort.signal })
    expect(await tried).toMatchObject({ status: 'refused', code: 'rate-limited' })
    expect(await fresh).toMatchObject({ status: 'refused', code: 'not-sent', attempts: 0 })
    expect(await late).toMatchObject({ status: 'refused', code: 'not-sent', attempts: 0 })
    const posts = gateway.posts.length
    await clock.run()
    expect(gateway.posts.length).toBe(posts)
  })
})

describe('events', () => {
  it('that are published in a loop go together, and later ones fill a request while others are open', async () => {
    const { clock, gateway, client } = setUp(() => ({ latencyMs: 50 }), { maxBatchEvents: 3 })
    const publish = (id: string) => void client.publish(kind, { key: id }, { id })
    for (const id of ['a', 'b']) publish(id)
    await clock.pass(0)
    for (const id of ['c', 'd']) publish(id)
    await clock.pass(2)
    expect(idsOf(gateway.posts)).toEqual(['a b'])
    publish('e')
    await clock.pass(0)
    expect(idsOf(gateway.posts)).toEqual(['a b', 'c d e'])
    publish('f')
    await clock.pass(4)
    publish('g')
    await clock.pass(1)
    expect(idsOf(gateway.posts)).toEqual(['a b', 'c d e', 'f g'])
    await clock.run()
  })

  it('of a key wait for an earlier one that is tried again; others do not', async () => {
    const { clock, gateway, client } = setUp((_, index) => ({
      fateOf: ({ id }) => (id === 'a1' && index < 3 ? 'refused' : 'accepted'),
    }))
    for (const id of ['a1', 'b1', 'a2']) client.publish(kind, { key: id[0]! }, { id })
    await clock.pass(5)
    for (const id of ['a3', 'b2']) client.publish(kind, { key: id[0]! }, { id })
    await clock.run()
    expect(gateway.log.map(({ id }) => id)).toEqual(['b1', 'b2', 'a1', 'a2', 'a3'])
  })

  it('without a definition are in order by type, source and subject', async () => {
    const { clock, gateway, client } = setUp((_, index) => ({
      fateOf: ({ id }) => (id === 'a' && index < 2 ? 'refused' : 'accepted'),
    }))
    const publish = (id: string, subject?: string) =>
      client.publish('t', { key: String(subject) }, { id, ...(subject && { subject }) })
    publish('a', 'x')
    publish('b', 'x')
    publish('c')
    await clock.pass(1)
    await clock.pass(5)
    publish('d', 'x')
    await clock.run()
    expect(gateway.log.map(({ id }) => id).filter((id) => id === 'a' || id === 'd')).toEqual(['a', 'd'])
  })

  it('that are too many for the gateway are sent in smaller requests', async () => {
    const { clock, gateway, client } = setUp(({ events }) =>
      events.length > 3 ? { problem: { status: 413, code: 'batch-too-large' } } : {},
    )
    const outcomes = Array.from({ length: 10 }, (_, at) =>
      client.publish(kind, { key: 'k' }, { id: String(at) }),
    )
    await clock.run()
    expect((await Promise.all(outcomes)).every(({ status }) => status === 'accepted')).toBe(true)
    expect(gateway.log.map(({ id }) => Number(id))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('are not harmed by one that makes the request unreadable', async () => {
    const { clock, gateway, client } = setUp(({ events }) =>
      events.some(({ id }) => id === '5') ? { problem: { status: 400, code: 'too-deep' } } : {},
    )
    const outcomes = Array.from({ length: 9 }, (_, at) =>
      client.publish(kind, { key: 'k' }, { id: String(at) }),
    )
    await clock.run()
    const statuses = (await Promise.all(outcomes)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 'accepted').length).toBe(8)
    expect((await outcomes[5])!).toMatchObject({ status: 'rejected', code: 'too-deep' })
    expect(gateway.log.map(({ id }) => Number(id))).toEqual([0, 1, 2, 3, 4, 6, 7, 8])
  })

  it('of a client that nobody knows are rejected, all at once', async () => {
    const { clock, client, gateway } = setUp(() => ({ problem: { status: 401, code: 'unauthenticated' } }))
    const outcomes = Promise.all(['a', 'b'].map((id) => client.publish(kind, { key: id }, { id })))
    await clock.run()
    expect(await outcomes).toMatchObject([
      { status: 'rejected', code: 'unauthenticated', attempts: 1 },
      { status: 'rejected', code: 'unauthenticated', attempts: 1 },
    ])
    expect(gateway.posts.length).toBe(1)
  })
})

describe('the gateway', () => {
  it('that does not answer is tried by one request at a time, later and later', async () => {
    const { clock, gateway, client } = setUp(
      () => ({ loses: true }),
      { backoffBaseMs: 1000, backoffMaxMs: 4000 },
      () => 0.999,
    )
    const open: number[] = []
    for (let at = 0; at < 20; at++) {
      client.publish(kind, { key: String(at) })
      await clock.pass(1000)
      open.push(gateway.open.size)
    }
    expect(Math.max(...open)).toBeLessThanOrEqual(1)
    const pauses = gateway.posts
      .slice(1)
      .map(({ at }, index) => Math.round((at - gateway.posts[index]!.at) / 1000))
    expect(pauses).toEqual([1, 2, 4, 4, 4, 4])
    await client.close({ timeoutMs: 0 })
  })

  it('is left alone as long as it asks, for its events or altogether', async () => {
    const { clock, gateway, client } = setUp((_, index) => {
      if (index === 0) return { fateOf: ({ id }) => (id === 'a' ? 'refused' : 'accepted'), retryAfter: '5' }
      if (index === 1) return { problem: { status: 429, retryAfter: '20' } }
      return {}
    })
    const start = clock.now()
    for (const id of ['a', 'b']) client.publish(kind, { key: id }, { id })
    await clock.pass(1000)
    client.publish(kind, { key: 'c' }, { id: 'c' })
    await clock.run()
    const times = gateway.posts.map(({ at }) => Math.floor((at - start) / 1000))
    expect(idsOf(gateway.posts)).toEqual(['a b', 'c', expect.stringMatching(/^(a c|c a)$/)])
    expect(times).toEqual([0, 1, 21])
  })

  it('is shown a token, asked for before each request; without one nothing is sent', async () => {
    let asked = 0
    const { clock, gateway, client } = setUp(undefined, {
      token: async () => {
        if (++asked < 3) throw new Error('The identity provider is away.')
        return `token-${asked}`
      },
    })
    const promise = client.publish(kind, { key: 'k' })
    await clock.run()
    expect(await promise).toMatchObject({ status: 'accepted', attempts: 1 })
    expect(gateway.posts.map(({ headers }) => headers.get('authorization'))).toEqual(['Bearer token-3'])
  })

  it('whose token never comes gets nothing, and the events say so', async () => {
    const { clock, gateway, client } = setUp(undefined, { token: () => new Promise<string>(() => {}) })
    const promise = client.publish(kind, { key: 'k' })
    await clock.run()
    expect(await promise).toMatchObject({ status: 'refused', code: 'no-token', attempts: 0 })
    expect(gateway.posts).toEqual([])
  })
})

describe('the queue', () => {
  it('refuses what is too much, and says when there is room', async () => {
    const { clock, client } = setUp(() => ({ latencyMs: 100 }), { maxQueuedEvents: 3 })
    const publish = () => client.publish(kind, { key: 'k' })
    const taken = [publish(), publish(), publish()]
    await expect(publish()).rejects.toMatchObject({ code: 'queue-full' })
    const waiting = Array.from({ length: 5 }, async () => {
      await client.ready()
      return publish()
    })
    await clock.run()
    const outcomes = await Promise.all([...taken, ...waiting])
    expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true)
    await client.ready()
  })

  it('is bounded in bytes, too', async () => {
    const { client } = setUp(() => ({ latencyMs: 100 }), { maxQueuedBytes: 1000 })
    client.publish(kind, { key: 'x'.repeat(2000) })
    await expect(client.publish(kind, { key: 'k' })).rejects.toMatchObject({ code: 'queue-full' })
    await client.close({ timeoutMs: 0 })
  })
})

describe('the end', () => {
  it('waits for what is under way, and takes nothing more', async () => {
    const { clock, client } = setUp(() => ({ latencyMs: 100 }))
    const promise = client.publish(kind, { key: 'k' })
    const closed = client.close()
    await expect(client.publish(kind, { key: 'k' })).rejects.toMatchObject({ code: 'client-closed' })
    await expect(client.ready()).rejects.toMatchObject({ code: 'client-closed' })
    await clock.run()
    await closed
    expect(await promise).toMatchObject({ status: 'accepted' })
  })

  it('gives up what takes too long, and says what is known of it', async () => {
    const { clock, client, gateway } = setUp(() => ({ latencyMs: 100_000 }), {
      maxInFlight: 1,
      maxBatchEvents: 1,
    })
    const outcomes = Promise.all(['a', 'b'].map((id) => client.publish(kind, { key: id }, { id })))
    await clock.pass(0)
    const closed = client.close({ timeoutMs: 10 })
    await clock.pass(10)
    await closed
    expect(await outcomes).toMatchObject([
      { status: 'unknown', code: 'no-answer' },
      { status: 'refused', code: 'not-sent' },
    ])
    await clock.run()
    expect(gateway.posts.length).toBe(1)
  })

  it('comes by a signal, too', async () => {
    const abort = new AbortController()
    const { clock, client } = setUp(undefined, { signal: abort.signal })
    const promise = client.publish(kind, { key: 'k' })
    abort.abort()
    await clock.run()
    expect(await promise).toMatchObject({ status: 'refused', code: 'not-sent' })
    await expect(client.publish(kind, { key: 'k' })).rejects.toMatchObject({ code: 'client-closed' })
  })

  it('flush waits for what was published before it, not for what comes after', async () => {
    const { clock, client, gateway } = setUp(() => ({ latencyMs: 100 }), { lingerMs: 1000 })
    client.publish(kind, { key: 'a' })
    await clock.pass(0)
    client.publish(kind, { key: 'b' })
    let flushed = false
    client.flush().then(() => (flushed = true))
    await clock.pass(1)
    expect(gateway.posts.length).toBe(2)
    client.publish(kind, { key: 'c' })
    await clock.run(() => flushed)
    expect(gateway.log.length).toBe(2)
    await clock.run()
  })

  it('of each event is told to the hook, whose own errors harm nothing', async () => {
    const told: Outcome[] = []
    const errors: unknown[] = []
    const { clock, client } = setUp(undefined, {
      onOutcome(outcome) {
        told.push(outcome)
        throw new Error('A bug of the caller.')
      },
      onError: (error) => errors.push(error),
    })
    const promise = client.publish(kind, { key: 'k' })
    await clock.run()
    expect(told).toEqual([await promise])
    expect(errors.length).toBe(1)
  })
})

describe('persistence', () => {
  /** Survives its client. */
  function createStore() {
    const kept = new Map<string, PendingEvent>()
    const calls: string[] = []
    const persistence: Persistence = {
      async load() {
        return [...kept.values()]
      },
      async save(events) {
        calls.push(`save ${events.map(({ id }) => id).join(' ')}`)
        for (const event of events) kept.set(event.id, structuredClone(event))
      },
      async remove(ids) {
        calls.push(`remove ${ids.join(' ')}`)
        for (const id of ids) kept.delete(id)
      },
    }
    return { kept, calls, persistence }
  }

  it('keeps an event before it is sent, and forgets it when the gateway decided', async () => {
    const { kept, calls, persistence } = createStore()
    const { clock, gateway, client } = setUp(
      () => ({ fateOf: ({ id }) => (id === 'b' ? 'rejected' : 'accepted') }),
      {
        persistence: {
          ...persistence,
          async save(events) {
            expect(gateway.posts).toEqual([])
            await persistence.save(events)
          },
        },
      },
    )
    for (const id of ['a', 'b']) client.publish(kind, { key: id }, { id })
    const closed = client.close()
    await clock.run()
    await closed
    expect(calls.join(', ')).toBe('save a b, remove a b')
    expect(kept.size).toBe(0)
  })

  it('lets the next process send what this one could not, in order and under the same ids', async () => {
    const { kept, persistence } = createStore()
    const first = setUp(() => ({ loses: true }), { persistence, deliveryTimeoutMs: 2000 })
    const outcomes = Promise.all(
      ['a', 'b', 'c'].map((id) => first.client.publish(kind, { key: 'k' }, { id })),
    )
    await first.clock.run()
    expect((await outcomes).map(({ status }) => status)).toEqual(['unknown', 'unknown', 'unknown'])
    expect([...kept.keys()]).toEqual(['a', 'b', 'c'])

    const told: Outcome[] = []
    const second = setUp(undefined, { persistence, onOutcome: (outcome) => told.push(outcome) })
    const later = second.client.publish(kind, { key: 'k' }, { id: 'd' })
    await second.clock.run()
    expect((await later).status).toBe('accepted')
    expect(told.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
    expect(second.gateway.log.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
    expect(kept.size).toBe(0)
  })

  it('has what an earlier process left sent before the client is closed', async () => {
    const { kept, persistence } = createStore()
    const pending: PendingEvent = {
      id: 'a',
      type: 't',
      text: JSON.stringify({ type: 't', id: 'a', data: { key: 'k' } }),
    }
    kept.set('a', pending)
    const { clock, gateway, client } = setUp(undefined, { persistence })
    const closed = client.close()
    await clock.run()
    await closed
    expect(gateway.log.map(({ id }) => id)).toEqual(['a'])
    expect(kept.size).toBe(0)
  })

  it('keeps what was refused because of the request, not because of the event', async () => {
    const { kept, persistence } = createStore()
    const { clock, client } = setUp(() => ({ problem: { status: 401 } }), { persistence })
    client.publish(kind, { key: 'k' }, { id: 'a' })
    await clock.run()
    expect([...kept.keys()]).toEqual(['a'])
  })

  it('that fails is said, and nothing is sent that it did not keep', async () => {
    const { persistence } = createStore()
    const full = { ...persistence, save: () => Promise.reject(new Error('The disk is full.')) }
    const unreadable = { ...persistence, load: () => Promise.reject(new Error('The disk is gone.')) }
    for (const broken of [full, unreadable]) {
      const { clock, gateway, client } = setUp(undefined, { persistence: broken })
      const promise = client.publish(kind, { key: 'k' })
      promise.catch(() => {})
      await clock.run()
      await expect(promise).rejects.toMatchObject({ code: 'persistence-failed', cause: expect.any(Error) })
      expect(gateway.posts).toEqual([])
    }
  })
})

/** One step of a random run: publish under a key, or let time pass. */
type Step = { readonly key: number; readonly waitMs: number }

describe('whatever the gateway answers', () => {
  const fate = fc.constantFrom<Fate>(
    'accepted',
    'accepted',
    'accepted',
    'refused',
    'unknown',
    'unknown-stored',
  )
  const treatment = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ latencyMs: fc.nat({ max: 400 }), fates: fc.array(fate, { minLength: 1 }) }),
    },
    { weight: 1, arbitrary: fc.record({ latencyMs: fc.nat({ max: 400 }), loses: fc.constant(true) }) },
    { weight: 1, arbitrary: fc.record({ cuts: fc.constant(true) }) },
    { weight: 1, arbitrary: fc.record({ latencyMs: fc.integer({ min: 500, max: 9000 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        problem: fc.record({
          status: fc.constantFrom(400, 401, 413, 429, 500, 502, 503),
          retryAfter: fc.constantFrom('0', '1', '3'),
        }),
      }),
    },
  )
  const steps = fc.array(
    fc.record<Step>({ key: fc.nat({ max: 4 }), waitMs: fc.constantFrom(0, 0, 0, 1, 4, 30) }),
    {
      minLength: 1,
      maxLength: 60,
    },
  )

  it('each event has one outcome, which is true, and no event of a key overtakes another', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.array(treatment, { maxLength: 40 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        fc.integer({ min: 1, max: 3 }),
        async (steps, treatments, chance, maxInFlight) => {
          const told = new Map<string, Outcome[]>()
          const texts = new Map<string, Set<string>>()
          const maxQueuedEvents = 12
          let openAtMost = 0
          const { clock, gateway, client } = setUp(
            (post, index) => {
              const { fates = ['accepted'], ...treatment } = (treatments[index] ?? {}) as Treatment & {
                fates?: Fate[]
              }
              openAtMost = Math.max(openAtMost, gateway.open.size + 1)
              for (const one of JSON.parse(post.text)) {
                const text = JSON.stringify(one)
                texts.set(one.id, (texts.get(one.id) ?? new Set()).add(text))
                // What the client still waits for has no event of this key.
                for (const { events } of gateway.open)
                  expect(events.some(({ data }) => data.key === one.data.key)).toBe(false)
              }
              let next = index
              // A verdict of the event itself is always the same.
              const fateOf = ({ id }: { id: string }) =>
                id.endsWith('3') ? 'rejected' : id.endsWith('7') ? 'filtered' : fates[next++ % fates.length]!
              return { ...treatment, fateOf }
            },
            {
              maxInFlight,
              maxQueuedEvents,
              maxBatchEvents: 4,
              requestTimeoutMs: 300,
              deliveryTimeoutMs: 20_000,
              onOutcome: (outcome) => told.set(outcome.id, [...(told.get(outcome.id) ?? []), outcome]),
            },
            () => chance.next().value!,
          )
          const promises = new Map<string, Promise<Outcome>>()
          const keys = new Map<string, string[]>()
          let pending = 0
          let full = 0
          for (const [index, { key, waitMs }] of steps.entries()) {
            const id = String(index)
            const promise = client.publish(kind, { key: String(key) }, { id })
            const isTaken = pending < maxQueuedEvents
            if (isTaken) {
              pending++
              promises.set(id, promise)
              keys.set(String(key), [...(keys.get(String(key)) ?? []), id])
              promise.then(() => pending--)
            } else {
              full++
              await expect(promise).rejects.toMatchObject({ code: 'queue-full' })
            }
            if (waitMs > 0) await clock.pass(waitMs)
          }
          await clock.run()

          const stored = gateway.log.map(({ id }) => id)
          for (const [id, promise] of promises) {
            const outcome = await promise
            expect(told.get(id)).toEqual([outcome])
            expect(texts.get(id)?.size ?? 0).toBe(outcome.attempts > 0 ? 1 : 0)
            if (outcome.status === 'accepted') expect(stored).toContain(id)
            if (outcome.status === 'refused' || outcome.status === 'rejected')
              expect(stored).not.toContain(id)
          }
          expect(told.size + full).toBe(steps.length)
          expect(openAtMost).toBeLessThanOrEqual(maxInFlight)
          for (const ids of keys.values()) {
            const accepted = ids.filter((id) => told.get(id)![0]!.status === 'accepted')
            const firsts = accepted.map((id) => stored.indexOf(id))
            expect(firsts).toEqual(firsts.toSorted((a, b) => a - b))
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})
