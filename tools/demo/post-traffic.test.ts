import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { postTraffic } from './post-traffic.ts'
import type { DemoPost } from './traffic.ts'

let server: Server | undefined
afterEach(() => {
  server?.close()
  server?.closeAllConnections()
})

async function listen(listener: RequestListener, port = 0): Promise<{ url: string; port: number }> {
  server = createServer(listener).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${address.port}`, port: address.port }
}

const EVENT = { type: 'a', data: {} }
const SINGLE: DemoPost = { body: EVENT, kinds: ['good'] }
const BATCH: DemoPost = { body: [EVENT, EVENT], kinds: ['good', 'bad'] }
const FAST = { eventsPerSecond: 1_000_000 }

it('counts what the gateway answers, for single events and batches', async () => {
  const posts = [SINGLE, BATCH, SINGLE]
  let asked = 0
  const { url } = await listen((request, response) => {
    expect(request.url).toBe('/v1/events')
    asked += 1
    if (asked === 1) response.writeHead(202).end('{"index":0,"status":"accepted"}')
    else if (asked === 2) {
      response.writeHead(207).end('{"results":[{"status":"filtered"},{"status":"rejected"}]}')
    } else response.writeHead(422).end('{"status":422,"title":"Schema"}')
  })
  let next = 0
  const counts = await postTraffic({
    ...FAST,
    url,
    next: () => posts[next++]!,
    signal: new AbortController().signal,
    limit: 4,
    say: () => {},
  })
  expect(counts).toEqual({ accepted: 1, filtered: 1, rejected: 2 })
})

it('waits for a gateway that is away, says so once, and goes on', async () => {
  const { url, port } = await listen((_, response) => response.end())
  server!.close()
  server!.closeAllConnections()
  const said: string[] = []
  const running = postTraffic({
    ...FAST,
    url,
    next: () => SINGLE,
    signal: new AbortController().signal,
    limit: 1,
    say: (line) => said.push(line),
  })
  await vi.waitFor(() => expect(said).toHaveLength(1))
  expect(said[0]).toContain('does not take events')
  await listen((_, response) => response.writeHead(202).end('{"status":"accepted"}'), port)
  expect(await running).toEqual({ accepted: 1 })
  expect(said[1]).toContain('takes events again')
  expect(said).toHaveLength(2)
})

it('stops at once when asked to, also while it waits', async () => {
  const stop = new AbortController()
  const said: string[] = []
  const running = postTraffic({
    eventsPerSecond: 0.001,
    url: 'http://127.0.0.1:1',
    next: () => SINGLE,
    signal: stop.signal,
    say: (line) => said.push(line),
  })
  await vi.waitFor(() => expect(said).toHaveLength(1))
  stop.abort()
  expect(await running).toEqual({})
})
