import { once } from 'node:events'
import { connect } from 'node:net'
import { createLogger, createMetrics, HANDLED_EVENTS } from '@sluice/telemetry'
import { afterEach, expect, test } from 'vitest'
import { type AdminServer, type ReadinessCheck, startAdminServer } from './admin-server.ts'

const log = createLogger({ service: 'test', level: 'silent' })
const open: AdminServer[] = []

async function start(checks: readonly ReadinessCheck[] = [], metrics = createMetrics('test')) {
  const server = await startAdminServer({ host: '127.0.0.1', port: 0, checks: () => checks, metrics, log })
  open.push(server)
  return (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init)
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

test('/livez answers whatever the checks say', async () => {
  const get = await start([{ name: 'x', check: () => ({ ok: false, detail: 'no' }) }])
  const response = await get('/livez?probe=1')
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ live: true })
})

test('/readyz is 200 when all is well and 503 when one thing is not, with a line per check', async () => {
  let ok = true
  // A method that uses `this`, as the type allows.
  const assignment = {
    name: 'assignment',
    partitions: 3,
    check() {
      return { ok, detail: `${this.partitions} partitions` }
    },
  }
  const get = await start([assignment, { name: 'other', check: () => ({ ok: true, detail: 'fine' }) }])
  const ready = await get('/readyz')
  expect(ready.status).toBe(200)
  expect(await ready.json()).toEqual({
    ready: true,
    pid: process.pid,
    checks: [
      { name: 'assignment', ok: true, detail: '3 partitions' },
      { name: 'other', ok: true, detail: 'fine' },
    ],
  })
  ok = false
  const notReady = await get('/readyz')
  expect(notReady.status).toBe(503)
  expect(await notReady.json()).toMatchObject({ ready: false, checks: [{ ok: false }, { ok: true }] })
  expect(notReady.headers.get('cache-control')).toBe('no-store')
})

test('what operators do is answered by whoever was given it, under /v1/ and nowhere else', async () => {
  const asked: string[] = []
  const server = await startAdminServer({
    ...{ host: '127.0.0.1', port: 0, checks: () => [], metrics: createMetrics('test'), log },
    operations: () => (request, response) => {
      asked.push(`${request.method} ${request.url}`)
      response.end('{}')
    },
  })
  open.push(server)
  const url = `http://127.0.0.1:${server.port}`
  await fetch(`${url}/v1/jobs?x=1`, { method: 'DELETE' })
  expect((await fetch(`${url}/livez`)).status).toBe(200)
  expect((await fetch(`${url}/livez`, { method: 'POST' })).status).toBe(405)
  expect((await fetch(`${url}/v2`)).status).toBe(404)
  expect(asked).toEqual(['DELETE /v1/jobs?x=1'])
  // A process that has no operations answers as for any other path.
  const get = await start()
  expect((await get('/v1/jobs')).status).toBe(404)
})

test('a check that throws is answered with 500, and the server lives on', async () => {
  const get = await start([
    {
      name: 'broken',
      check: () => {
        throw new Error('a bug')
      },
    },
  ])
  expect((await get('/readyz')).status).toBe(500)
  expect((await get('/livez')).status).toBe(200)
})

test('/metrics speaks Prometheus text, and JSON to who asks for it', async () => {
  const metrics = createMetrics('test')
  metrics.counter(HANDLED_EVENTS, { type: 'order-placed', lane: 'high', outcome: 'handled' }).add(3)
  const get = await start([], metrics)
  const text = await get('/metrics')
  expect(text.headers.get('content-type')).toMatch(/^text\/plain; version=/)
  expect(await text.text()).toMatch(/^sluice_handled_events_total\{.*\} 3$/m)
  const json = await get('/metrics', { headers: { accept: 'application/json' } })
  expect(json.headers.get('content-type')).toBe('application/json')
  const families = (await json.json()) as { name: string; values: { value: number }[] }[]
  expect(families.find(({ name }) => name === HANDLED_EVENTS.name)?.values[0]?.value).toBe(3)
})

test('an unknown path is 404 and names the known ones', async () => {
  const get = await start()
  const response = await get('/metricz')
  expect(response.status).toBe(404)
  expect(await response.json()).toEqual({ error: 'not-found', known: ['/livez', '/readyz', '/metrics'] })
})

test('only reading is allowed', async () => {
  const get = await start()
  const post = await get('/livez', { method: 'POST', body: 'x' })
  expect(post.status).toBe(405)
  expect(post.headers.get('allow')).toBe('GET, HEAD')
  const head = await get('/livez', { method: 'HEAD' })
  expect(head.status).toBe(200)
  expect(await head.text()).toBe('')
})

test('a port that cannot be had rejects', async () => {
  await start()
  const { port } = open[0]!
  await expect(
    startAdminServer({ host: '127.0.0.1', port, checks: () => [], metrics: createMetrics('test'), log }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE', port })
})

test('closing waits for nobody, not even for a request that is half sent', async () => {
  await start()
  const server = open[0]!
  const socket = connect(server.port, '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  socket.write('GET /livez HTTP/1.1\r\n')
  // Answered by the same server, so it has seen the connection above.
  await (await fetch(`http://127.0.0.1:${server.port}/livez`)).text()
  const ended = once(socket, 'close')
  await server.close()
  await ended
  await expect(fetch(`http://127.0.0.1:${server.port}/livez`)).rejects.toThrow()
})
