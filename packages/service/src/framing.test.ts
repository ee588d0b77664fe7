import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { orderPlaced, stockReserved } from '@sluice/events'
import { createLogger } from '@sluice/telemetry'
import { afterEach, expect, test } from 'vitest'
import { openFraming } from './framing.ts'

const log = createLogger({ service: 'test', level: 'silent' })
const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** Opens framing with a registry that answers as the handler does. */
async function open(handler: RequestListener, waiting: (detail: string) => void = () => {}) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => handler(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close().closeAllConnections())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stopping = new AbortController()
  const framing = openFraming({
    ...{ connection: { url, timeoutMs: 1000 }, definitions: [orderPlaced, stockReserved] },
    ...{ waiting, stopping: stopping.signal, log },
  })
  return { framing, stopping }
}

/** As a registry that has a schema for each subject. */
const answerWell: RequestListener = ({ url = '' }, response) => {
  const body = url.startsWith('/schemas/')
    ? { schemaType: 'JSON', schema: '{}' }
    : { id: url.includes('order-placed') ? 1 : 2 }
  response.end(JSON.stringify(body))
}

test('a registry that does not answer is waited for, and why is told; then every schema is known', async () => {
  const told: string[] = []
  let answers = 0
  const { framing } = await open(
    (request, response) => {
      if (++answers > 2) return answerWell(request, response)
      response.writeHead(503).end('{"message":"no leader"}')
    },
    (detail) => told.push(detail),
  )
  const { schemaIds, registry } = await framing
  expect(Object.fromEntries(schemaIds)).toEqual({ 'order-placed': 1, 'stock-reserved': 2 })
  expect([registry.kindOf(1), registry.kindOf(2), registry.kindOf(3)]).toEqual(['JSON', 'JSON', undefined])
  expect(told).toHaveLength(2)
  expect(told[0]).toContain('no leader')
})

test('whoever is to stop does not wait any longer', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { framing, stopping } = await open(
    (_request, response) => void response.writeHead(503).end(),
    () => resolve(),
  )
  await promise
  stopping.abort()
  await expect(framing).rejects.toBe(stopping.signal.reason)
})

test('what is not registered is not waited for', async () => {
  const { framing } = await open(
    (_request, response) => void response.writeHead(404).end('{"message":"none"}'),
  )
  await expect(framing).rejects.toMatchObject({ code: 'schema-not-registered' })
})
