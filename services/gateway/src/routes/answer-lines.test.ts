import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { orderPlaced } from '@sluice/events'
import { expect, onTestFinished, test } from 'vitest'
import { createTestGateway, type TestGatewayOptions } from '../gateway-fixture.ts'

const order = { type: 'order-placed', data: orderPlaced.example }
const line = (id: string, more: object = {}) => `${JSON.stringify({ ...order, id, ...more })}\n`
const of = (customer: string) => ({
  data: { ...orderPlaced.example, customer: { ...orderPlaced.example.customer, id: customer } },
})

/** One stream of events on a bare socket; the lines of its answer as they come. */
async function openStream(options: TestGatewayOptions = {}, head = '') {
  const gateway = createTestGateway(options)
  await gateway.server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = gateway.server.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  onTestFinished(async () => {
    socket.destroy()
    await gateway.server.close()
  })
  socket.on('error', () => {})
  // `once` would reject when the gateway closes while the test still writes.
  const closed = new Promise((resolve) => void socket.on('close', resolve))
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.write(
    `POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n${head}transfer-encoding: chunked\r\n\r\n`,
  )
  return {
    gateway,
    socket,
    closed,
    port,
    head: () => text.slice(0, text.indexOf('\r\n\r\n')),
    send: (part: string | Buffer) => sendChunk(socket, part),
    finish: () => socket.write('0\r\n\r\n'),
    // biome-ignore lint/suspicious/noExplicitAny: assertions look into it
    lines: (): any[] =>
      text.split('\r\n').flatMap((chunk) => (chunk.startsWith('{') ? parseLines(chunk) : [])),
    answered: () => text.endsWith('\r\n0\r\n\r\n'),
  }
}

function sendChunk(socket: Socket, part: string | Buffer): boolean {
  const bytes = Buffer.from(part)
  socket.write(`${bytes.length.toString(16)}\r\n`)
  socket.write(bytes)
  return socket.write('\r\n')
}

function parseLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter((each) => each !== '')
    .map((each) => JSON.parse(each))
}

const zero = { accepted: 0, filtered: 0, duplicate: 0, rejected: 0, refused: 0, unknown: 0 }

test('results come while the client is still sending, in order, and a summary at the end', async () => {
  const stream = await openStream()
  await expect.poll(stream.head).toMatch(/^HTTP\/1\.1 200 OK\r\n.*content-type: application\/x-ndjson/s)
  stream.send(line('1') + line('2').slice(0, 50))
  await expect
    .poll(stream.lines)
    .toEqual([expect.objectContaining({ index: 0, id: '1', status: 'accepted' })])
  stream.send(`${line('2').slice(50)}\r\n   \n{nonsense}\r\n`)
  stream.send(JSON.stringify({ ...order, specversion: '1.0', id: '4', source: '/s' }))
  stream.finish()
  await expect.poll(stream.answered).toBe(true)
  expect(stream.lines().slice(1)).toEqual([
    expect.objectContaining({ index: 1, id: '2', status: 'accepted' }),
    expect.objectContaining({ index: 2, status: 'rejected', code: 'invalid-json', retryable: false }),
    expect.objectContaining({ index: 3, id: '4', status: 'accepted' }),
    { summary: { ...zero, accepted: 3, rejected: 1 } },
  ])
  expect(stream.gateway.stored().map(({ id, source }) => [id, source])).toEqual([
    ['1', '/producers/default'],
    ['2', '/producers/default'],
    ['4', '/s'],
  ])
})

test('a stream without a line, and one with an answer of failures only', async () => {
  const empty = await openStream()
  empty.finish()
  await expect.poll(empty.lines).toEqual([{ summary: zero }])

  const minimal = await openStream({}, 'prefer: return=minimal\r\n')
  minimal.send(`${line('1')}5\n${line('3')}`)
  minimal.finish()
  await expect.poll(minimal.answered).toBe(true)
  expect(minimal.head()).toContain('preference-applied: return=minimal')
  expect(minimal.lines()).toEqual([
    expect.objectContaining({ index: 1, code: 'invalid-event' }),
    { summary: { ...zero, accepted: 2, rejected: 1 } },
  ])
})

test('a line that is too long is rejected before it ends, and hurts no other', async () => {
  const stream = await openStream({ maxEventBytes: 1024 })
  stream.send(`"${'x'.repeat(3000)}`)
  await expect.poll(stream.lines).toEqual([expect.objectContaining({ index: 0, code: 'event-too-large' })])
  stream.send(`${'x'.repeat(100_000)}"\n${line('1')}`)
  stream.finish()
  await expect.poll(stream.lines).toHaveLength(3)
  expect(stream.lines()[1]).toMatchObject({ index: 1, id: '1', status: 'accepted' })
})

test.each([
  ['is cut short', gzipSync(line('1')).subarray(0, -5), 'invalid-compression'],
  ['is no such thing', Buffer.from(line('1')), 'invalid-compression'],
  // One long line, which is skipped; a million to one.
  ['is a bomb', zstdCompressSync(Buffer.alloc(50_000_000, 'x')), 'body-too-large'],
])('a compressed stream that %s ends with what is wrong', async (_what, bytes, code) => {
  const coding = code === 'body-too-large' ? 'zstd' : 'gzip'
  const stream = await openStream({ maxBodyBytes: 1_000_000 }, `content-encoding: ${coding}\r\n`)
  stream.send(bytes)
  stream.finish()
  await expect.poll(() => stream.lines().at(-1)).toMatchObject({ error: { code } })
})

test('after an event that was not stored, later ones of its key are not stored either, in any part', async () => {
  const stream = await openStream({
    outcome: (_record, index) => (index === 0 ? { status: 'unknown', detail: '' } : { status: 'stored' }),
  })
  stream.send(line('a1', of('a')))
  await expect.poll(stream.lines).toHaveLength(1)
  stream.send(line('a2', of('a')) + line('b1', of('b')))
  await expect.poll(stream.lines).toHaveLength(3)
  stream.send(line('a3', of('a')))
  await expect.poll(stream.lines).toHaveLength(4)
  expect(stream.lines().map(({ id, code }) => [id, code])).toEqual([
    ['a1', 'unconfirmed'],
    ['a2', 'after-refused'],
    ['b1', undefined],
    ['a3', 'after-refused'],
  ])
})

test('an event holds back the lane that it was sent to, whatever is decided before its fate is known', async () => {
  const stream = await openStream({
    hold: true,
    outcome: (_record, index) => (index === 0 ? { status: 'unknown', detail: '' } : { status: 'stored' }),
  })
  const { gateway } = stream
  stream.send(line('a1', of('a')))
  await expect.poll(() => gateway.published).toHaveLength(1)
  gateway.decide({ id: 'trouble', action: 'raise', scope: { key: 'a' } })
  gateway.release()
  await expect.poll(stream.lines).toHaveLength(1)
  gateway.decisions.apply({ key: Buffer.from('trouble'), value: null })
  stream.send(line('a2', of('a')))
  await expect.poll(stream.lines).toHaveLength(2)
  expect(stream.lines().map(({ code }) => code)).toEqual(['unconfirmed', 'after-refused'])
})

test('a client that does not read its answer is not read from, and is let go in the end', async () => {
  const stream = await openStream({ stallMs: 1000 })
  stream.socket.pause()
  const many = '{}\n'.repeat(20_000)
  let sent = 0
  while (!stream.socket.destroyed && sent < 2000) {
    sent++
    if (!stream.send(many)) {
      const drained = await new Promise((resolve) => {
        stream.socket.once('drain', () => resolve(true)).once('close', () => resolve(false))
      })
      if (!drained) break
    }
  }
  // 120 MB of lines: most never left.
  expect(sent).toBeLessThan(2000)
  expect(await fetch(`http://127.0.0.1:${stream.port}/v1/types`)).toMatchObject({ status: 200 })
  expect(stream.gateway.logged).toEqual([])
})

test('a stream that stands still is told so, and closed', async () => {
  const stream = await openStream({ stallMs: 100 })
  stream.send(line('1'))
  await stream.closed
  expect(stream.lines()).toEqual([
    expect.objectContaining({ id: '1', status: 'accepted' }),
    { error: expect.objectContaining({ code: 'request-timeout', retryable: true }), next: 1 },
  ])
})

test('bytes that never make a line do not keep a stream open', async () => {
  const stream = await openStream({ stallMs: 500 })
  stream.send(line('1'))
  const drip = setInterval(() => stream.send(' '), 20)
  onTestFinished(() => clearInterval(drip))
  await stream.closed
  expect(stream.lines()).toEqual([
    expect.objectContaining({ id: '1', status: 'accepted' }),
    { error: expect.objectContaining({ code: 'request-timeout', retryable: true }), next: 1 },
  ])
})

test('what makes progress stays: blank lines, and a long line in pieces', async () => {
  const stream = await openStream({ stallMs: 500 })
  for (let i = 0; i < 10; i++) {
    await setTimeout(100)
    stream.send('\n')
  }
  const long = line('1', { subject: 'x'.repeat(60_000) })
  for (let at = 0; at < long.length; at += 5000) {
    await setTimeout(100)
    stream.send(long.slice(at, at + 5000))
  }
  stream.finish()
  await expect.poll(stream.lines).toContainEqual({ summary: { ...zero, rejected: 1 } })
})

test('the ids of an Idempotency-Key run on through the parts of a stream', async () => {
  const head = 'idempotency-key: "upload-7"\r\n'
  const withoutId = `${JSON.stringify(order)}\n`
  const stream = await openStream({}, head)
  for (let part = 1; part <= 3; part++) {
    stream.send(withoutId)
    await expect.poll(stream.lines).toHaveLength(part)
  }
  stream.finish()
  await expect.poll(stream.answered).toBe(true)
  const ids = stream
    .lines()
    .slice(0, 3)
    .map(({ id }) => id)
  expect(new Set(ids).size).toBe(3)

  const again = await fetch(`http://127.0.0.1:${stream.port}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': '"upload-7"' },
    body: withoutId.repeat(3),
  })
  expect(parseLines(await again.text())).toEqual([
    ...ids.map((id, index) => expect.objectContaining({ index, id, status: 'duplicate' })),
    { summary: { ...zero, duplicate: 3 } },
  ])
  expect(stream.gateway.published).toHaveLength(3)
})

test('a healthy stream outlives the time of other requests, which still holds for them', async () => {
  const stream = await openStream({ requestTimeoutMs: 200 })
  const slow = connect(stream.port, '127.0.0.1')
  let answer = ''
  slow.on('data', (chunk) => {
    answer += chunk
  })
  slow.write(
    'POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{',
  )
  stream.send(line('1'))
  await once(slow, 'close')
  expect(answer).toMatch(/^HTTP\/1\.1 408 .*"code":"request-timeout"/s)
  stream.send(line('2'))
  stream.finish()
  await expect.poll(stream.lines).toContainEqual({ summary: { ...zero, accepted: 2 } })
  // The connection is a common one again: the next request on it has its time.
  stream.socket.write(
    'POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
  )
  await stream.closed
})

test('a stop ends a stream in order: what was taken is answered, then where to go on', async () => {
  const stream = await openStream({ hold: true })
  stream.send(line('1'))
  await expect.poll(() => stream.gateway.published.length).toBe(1)
  const closed = stream.gateway.server.close()
  await expect.poll(() => stream.gateway.server.server.listening).toBe(false)
  stream.send(line('2'))
  stream.gateway.release()
  await stream.closed
  expect(stream.lines()).toEqual([
    expect.objectContaining({ index: 0, id: '1', status: 'accepted' }),
    { error: expect.objectContaining({ code: 'stopping', retryable: true }), next: 1 },
  ])
  expect(stream.gateway.published).toHaveLength(1)
  await closed
})

test('a client that vanishes harms nobody, and its half line is no event', async () => {
  const stream = await openStream({ hold: true })
  stream.send(`${line('1')}5`)
  await expect.poll(() => stream.gateway.published.length).toBe(1)
  stream.socket.destroy()
  stream.gateway.release()
  await expect.poll(() => connections(stream.gateway)).toBe(0)
  expect(stream.gateway.logged).toEqual([])
  expect(await stream.gateway.metrics.text()).not.toContain('code="invalid-event"')
})

function connections(gateway: ReturnType<typeof createTestGateway>): Promise<number> {
  return new Promise((resolve, reject) =>
    gateway.server.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}
