import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createEvents } from './make-events.ts'
import { readAnswers, startProducer } from './producer.ts'
import { createRandom } from './seeded-random.ts'

describe('what a batch was told', () => {
  it('is read event by event', () => {
    const results = [
      { status: 'accepted' },
      { status: 'filtered', decidedBy: 'rule:bots' },
      { status: 'refused', code: 'overloaded' },
    ]
    expect(readAnswers(207, JSON.stringify({ results }), 3)).toEqual([
      { status: 'accepted' },
      { status: 'filtered', reason: 'bots' },
      { status: 'refused', reason: 'overloaded' },
    ])
  })

  it('is unknown after a 5xx, or an answer that is cut off', () => {
    expect(readAnswers(503, '{"code":"internal"}', 2)).toEqual([
      { status: 'unknown', reason: 'internal' },
      { status: 'unknown', reason: 'internal' },
    ])
    expect(readAnswers(202, '{"accepted":1,"resul', 1)).toEqual([{ status: 'unknown', reason: 'status 202' }])
  })
})

describe('the producer', () => {
  const posted: { id: string; source: string; key: string }[][] = []
  let answer: (ids: readonly string[]) => { status: number; results: unknown[] } | undefined
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const events = JSON.parse(Buffer.concat(chunks).toString())
    posted.push(events.map((event: Posted) => ({ ...event, key: event.data.visitorId })))
    const told = answer(events.map((event: Posted) => event.id))
    if (!told) return void request.socket.destroy()
    response.writeHead(told.status).end(JSON.stringify({ results: told.results }))
  })
  type Posted = { id: string; source: string; data: { visitorId: string } }

  afterEach(() => {
    server.closeAllConnections()
    server.close()
    posted.length = 0
  })

  it('sends again what is refused or unknown, with the same ids, before anything later of its key', async () => {
    let requests = 0
    answer = (ids) => {
      requests++
      if (requests % 3 === 1) return undefined
      const status = requests % 3 === 2 ? 'refused' : 'accepted'
      return { status: 207, results: ids.map(() => ({ status })) }
    }
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const producer = startProducer({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      makeEvent: createEvents('t', createRandom(1), { types: ['page-viewed'], keys: 3 }),
      eventsPerSecond: 300,
      connections: 2,
      answerTimeoutMs: 2000,
    })
    while (producer.ledger.sent.length < 60) await new Promise((resolve) => setTimeout(resolve, 5))
    await producer.finish(10_000)

    expect(producer.unsettled()).toBe(0)
    const { sent, answers } = producer.ledger
    const last = new Map(answers.map(({ event, status }) => [event, status]))
    expect([...last.values()].every((status) => status === 'accepted')).toBe(true)
    expect(last.size).toBe(sent.length)
    // Of each key: the order of first posts is the order in which the events were made.
    for (const key of new Set(sent.map((event) => event.key))) {
      const made = sent.filter((event) => event.key === key).map(({ source, id }) => `${source} ${id}`)
      const firstPosts = new Set(
        posted
          .flat()
          .filter((event) => event.key === key)
          .map(({ source, id }) => `${source} ${id}`),
      )
      expect([...firstPosts]).toEqual(made)
    }
  })
})
