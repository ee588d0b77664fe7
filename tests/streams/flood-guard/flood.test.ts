import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { laneTopic, PARTITIONS_PER_TYPE, pageViewed, paymentFailed } from '@sluice/events'
import { createKafkaJsClient, type Reader } from '@sluice/kafka'
import {
  buildFloodGuard,
  freePort,
  type LocalFloodGuard,
  startLocalFloodGuard,
  uniqueName,
  waitFor,
  whyNoFloodGuard,
} from '@sluice/testing'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type System, startSystem } from '../../e2e/system.ts'

const obstacle = await whyNoFloodGuard(console.error)
const SLOW = { timeoutMs: 90_000, intervalMs: 100 }
const FLOOD = '/flood'
const FLOOD_ID = `flood/default/${FLOOD}/page-viewed`
const WARM_UP_MS = 30_000
/** Together 100 events a second; the flood is 1,000. */
const STEADY = [
  { source: '/shop', perSecond: 50, batch: 1, event: payment },
  { source: '/app', perSecond: 5, batch: 10, event: pageView },
] as const

type Posted = { readonly type: string; readonly data: unknown }
type Result = {
  readonly id: string
  readonly type: string
  readonly status: string
  readonly decidedBy?: string
}

/** All of Sluice with the flood guard's defaults: what a flood does to others, and how long its source is away. */
describe.skipIf(obstacle !== undefined)('a flood of ten times everything else', () => {
  let system: System
  let guard: LocalFloodGuard
  let stateDir: string
  let reader: Reader
  const stopping = new AbortController()
  /** When what follows from an event was read, by the event's id; by this process's clock. */
  const followed = new Map<string, number>()
  let following: Promise<unknown>
  // Half of what fetch costs, which on two cores would be seen in the others' latencies.
  const agent = new Agent({ keepAlive: true })

  beforeAll(async () => {
    const brokers = inject('brokers')
    system = await startSystem(brokers)
    await warmUp()
    stateDir = await mkdtemp(join(tmpdir(), 'sluice-flood-'))
    guard = await startLocalFloodGuard({
      libs: await buildFloodGuard(console.error),
      brokers,
      stateDir,
      adminPort: await freePort(),
      settings: { FLOOD_APPLICATION_ID: uniqueName('flood-guard') },
    })
    const client = createKafkaJsClient({
      brokers: brokers.split(','),
      clientId: 'flood',
      connectTimeoutMs: 3000,
      requestTimeoutMs: 10_000,
    })
    const admin = await client.admin()
    const ends = async (topic: string) =>
      (await admin.topicOffsets(topic)).map(({ partition, high }) => ({ topic, partition, offset: high }))
    const high = await ends(laneTopic('payment-retry-scheduled', 'high'))
    const low = await ends(laneTopic('page-view-enriched', 'low'))
    expect(high).toHaveLength(PARTITIONS_PER_TYPE)
    await admin.close()
    reader = client.reader({ name: 'flood' })
    // The high lane has connections of its own.
    following = Promise.all([follow(high), follow(low)])
  })

  afterAll(async () => {
    stopping.abort()
    agent.destroy()
    await following
    await reader?.close()
    await guard?.stop()
    await system?.stop()
    if (stateDir) await rm(stateDir, { recursive: true, force: true })
  })

  async function follow(from: Parameters<Reader['read']>[0]): Promise<void> {
    for await (const { records } of reader.read(from, { signal: stopping.signal })) {
      const now = performance.now()
      for (const { value } of records) {
        const { causationid } = JSON.parse(String(value)) as { causationid: string }
        if (!followed.has(causationid)) followed.set(causationid, now)
      }
    }
  }

  /** Code that has run often is fast. Before the guard is there, and from many sources: none of them floods. */
  async function warmUp(): Promise<void> {
    const enough = AbortSignal.timeout(WARM_UP_MS)
    await Promise.all([
      atRate(200, enough, async () => void (await post(`/warm-up/${made % 100}`, [payment()]))),
      atRate(
        10,
        enough,
        async () => void (await post(`/warm-up/${made % 100}`, Array.from({ length: 50 }, pageView))),
      ),
    ])
  }

  async function post(source: string, events: readonly Posted[]): Promise<readonly Result[]> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const headers = { 'content-type': 'application/json' }
    const sending = request(`${system.ingest}/v1/events`, { agent, method: 'POST', headers }, resolve)
    sending.once('error', reject)
    sending.end(JSON.stringify(events.map((event) => ({ ...event, id: randomUUID(), source }))))
    const { results } = (await json(await promise)) as { results: readonly Result[] }
    return results
  }

  it('is suppressed, while others lose nothing, and its source is back within its hold time', async () => {
    const sent = new Map<string, { readonly at: number; readonly type: string; readonly status: string }>()
    const steady = new AbortController()
    const others = STEADY.map(({ source, perSecond, event }) =>
      atRate(perSecond, steady.signal, async () => {
        const at = performance.now()
        const posted = event()
        for (const { id, status } of await post(source, [posted]))
          sent.set(id, { at, type: posted.type, status })
      }),
    )
    // What is usual, before there is a flood.
    await delay(15_000)

    const began = performance.now()
    let suppressedAt = 0
    let passed = 0
    const flooding = new AbortController()
    const flood = atRate(20, flooding.signal, async () => {
      for (const { status, decidedBy } of await post(FLOOD, Array.from({ length: 50 }, pageView))) {
        if (status === 'accepted') passed += 1
        if (decidedBy === `decision:${FLOOD_ID}`) suppressedAt ||= performance.now()
      }
    })
    await waitFor(() => suppressedAt > 0, { ...SLOW, describe: 'the flood to be suppressed' })
    await delay(10_000)
    flooding.abort()
    await flood
    const ended = performance.now()

    // What its source sends now is little; when the hold is over it is let in again.
    await waitFor(async () => (await post(FLOOD, [pageView()]))[0]!.status === 'accepted', {
      ...SLOW,
      describe: 'the source to be let in again',
    })
    const back = performance.now()
    steady.abort()
    await Promise.all(others)

    expect(sent.size).toBeGreaterThan(1000)
    expect([...sent.values()].filter(({ status }) => status !== 'accepted')).toEqual([])
    await waitFor(() => [...sent.keys()].every((id) => followed.has(id)), {
      ...SLOW,
      describe: 'everything of the others to be handled',
    })
    const p99 = (from: number, to: number) => {
      const high = [...sent].filter(
        ([, { type, at }]) => type === paymentFailed.type && at >= from && at < to,
      )
      const latencies = high.map(([id, { at }]) => followed.get(id)! - at).toSorted((a, b) => a - b)
      return `${latencies[Math.ceil(latencies.length * 0.99) - 1]!.toFixed(0)} ms of ${latencies.length}`
    }
    const seconds = (from: number, to: number) => `${((to - from) / 1000).toFixed(1)} s`
    console.error(
      [
        `suppressed after ${seconds(began, suppressedAt)}, ${passed} of its events let in`,
        `others: ${sent.size} events, all accepted and handled`,
        `high lane, post to output read, p99: before ${p99(began - 10_000, began)}, until suppressed ${p99(began, suppressedAt)}, while suppressed ${p99(suppressedAt, ended)}, after ${p99(ended, back)}`,
        `back ${seconds(ended, back)} after its flood ended`,
      ].join('\n'),
    )
  })
})

let made = 0

function payment(): Posted {
  made += 1
  const customer = { id: `c-${made}`, email: 'ada@example.com' }
  return { type: paymentFailed.type, data: { ...paymentFailed.example, paymentId: `p-${made}`, customer } }
}

function pageView(): Posted {
  made += 1
  return { type: pageViewed.type, data: { ...pageViewed.example, visitorId: `v-${made}` } }
}

/**
 * Open loop: each is sent when it is due, however long the answers take, and told when that was. Resolves when all are
 * answered.
 */
async function atRate(
  perSecond: number,
  signal: AbortSignal,
  send: (due: number) => Promise<void>,
): Promise<void> {
  const underway: Promise<void>[] = []
  let due = performance.now()
  while (!signal.aborted) {
    underway.push(send(due))
    due += 1000 / perSecond
    await delay(Math.max(0, due - performance.now()))
  }
  await Promise.all(underway)
}
