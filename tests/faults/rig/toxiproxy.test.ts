import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { createToxiproxyClient } from './toxiproxy.ts'

type Call = { readonly line: string; readonly body: unknown }

const calls: Call[] = []
let status = 200
let removals: number[] = []
const server = createServer(async (request, response) => {
  calls.push({ line: `${request.method} ${request.url}`, body: await bodyOf(request) })
  const own = (request.method === 'DELETE' && removals.shift()) || status
  response.writeHead(own).end(own === 200 ? '{}' : 'proxy already exists')
})

afterEach(() => {
  server.close()
  server.closeAllConnections()
  calls.length = 0
  status = 200
  removals = []
})

it('waits for a toxic to go, which may take longer than toxiproxy waits', async () => {
  removals = [503, 503, 404]
  const proxy = await (await connect()).createProxy('gateway', '127.0.0.1:1', '127.0.0.1:2')
  const mend = await proxy.spoil('upstream', { type: 'latency', latency: 2000 })
  await mend()
  expect(calls.filter(({ line }) => line.startsWith('DELETE'))).toHaveLength(3)
  removals = [500]
  await expect(mend()).rejects.toThrow('DELETE /proxies/gateway/toxics/latency-0: 500')
})

it('spoils a direction, and ends that and nothing else', async () => {
  const proxy = await (await connect()).createProxy('gateway', '127.0.0.1:1', '127.0.0.1:2')
  const mend = await proxy.spoil('downstream', { type: 'latency', latency: 200 })
  await mend()
  expect(calls).toEqual([
    {
      line: 'POST /proxies',
      body: { name: 'gateway', listen: '127.0.0.1:1', upstream: '127.0.0.1:2', enabled: true },
    },
    {
      line: 'POST /proxies/gateway/toxics',
      body: { name: 'latency-0', type: 'latency', stream: 'downstream', attributes: { latency: 200 } },
    },
    { line: 'DELETE /proxies/gateway/toxics/latency-0', body: undefined },
  ])
})

it('cuts and mends', async () => {
  const proxy = await (await connect()).createProxy('services', '127.0.0.1:1', '127.0.0.1:2')
  const mend = await proxy.cut()
  await mend()
  expect(calls.slice(1)).toEqual([
    { line: 'POST /proxies/services', body: { enabled: false } },
    { line: 'POST /proxies/services', body: { enabled: true } },
  ])
})

it('passes on why toxiproxy said no', async () => {
  status = 409
  const client = await connect()
  await expect(client.createProxy('gateway', 'a', 'b')).rejects.toThrow('409 proxy already exists')
})

async function connect() {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return createToxiproxyClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return text === '' ? undefined : JSON.parse(text)
}
