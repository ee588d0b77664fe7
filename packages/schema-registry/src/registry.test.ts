import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { openSchemaRegistry, type RegistryConnection } from './registry.ts'

const SCHEMA = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' }
const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A registry behind a server that answers as told, and the requests that it got. */
async function setup(answer: Answer, options: Partial<RegistryConnection> = {}) {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    request.resume().on('end', () => answer(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close().closeAllConnections())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`
  return { requests, registry: await openSchemaRegistry({ url, timeoutMs: 5000, ...options }) }
}
const json =
  (status: number, body: unknown): Answer =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

describe('a schema registry', () => {
  it.each<[RegistryConnection['login'], string | undefined]>([
    [undefined, undefined],
    [{ username: 'ada', password: 'x' }, `Basic ${btoa('ada:x')}`],
    [{ token: 't' }, 'Bearer t'],
  ])('is asked under its base, with the login %o', async (login, authorization) => {
    const { requests, registry } = await setup(json(200, { id: 7 }), login && { login })
    expect(await registry.find('events.a', SCHEMA)).toBe(7)
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /base/subjects/events.a'])
    expect(requests[0]!.headers.authorization).toBe(authorization)
  })

  it('says that it has no such subject, schema or id', async () => {
    const { registry } = await setup(json(404, { error_code: 40401, message: 'not found' }))
    expect(await registry.find('events.a', SCHEMA)).toBeUndefined()
    expect(await registry.latest('events.a')).toBeUndefined()
    expect(await registry.lookUp(7)).toBeUndefined()
    expect(registry.kindOf(7)).toBeUndefined()
  })

  it('is asked once for what kind a schema is, and compiles none', async () => {
    const schema = JSON.stringify({ $schema: 'https://unknown.example', type: 'no such type' })
    const { requests, registry } = await setup(json(200, { schemaType: 'JSON', schema }))
    expect(registry.kindOf(7)).toBeUndefined()
    expect(await registry.lookUp(7)).toBe('JSON')
    expect(await registry.lookUp(7)).toBe('JSON')
    expect(registry.kindOf(7)).toBe('JSON')
    expect(requests).toHaveLength(1)
  })

  it('gives the newest schema of a subject back', async () => {
    const { registry } = await setup((request, response) =>
      request.url!.includes('/versions/latest')
        ? json(200, { id: 7 })(request, response)
        : json(200, { schemaType: 'JSON', schema: JSON.stringify(SCHEMA) })(request, response),
    )
    expect(await registry.latest('events.a')).toEqual(SCHEMA)
  })

  it.each<[string, Answer]>([
    ['answers with an error', json(500, { message: 'no storage' })],
    ['does not let us in', json(401, { message: 'who are you' })],
    ['is no registry', (_request, response) => void response.writeHead(502).end('<html>')],
    ['closes the connection', (request) => void request.socket.destroy()],
    ['does not answer in time', () => {}],
  ])('that %s is unavailable, whatever was asked', async (_what, answer) => {
    const { registry } = await setup(answer, { timeoutMs: 100 })
    const unavailable = { code: 'registry-unavailable', message: expect.stringContaining('/base') }
    await expect(registry.find('events.a', SCHEMA)).rejects.toMatchObject(unavailable)
    await expect(registry.lookUp(7)).rejects.toMatchObject(unavailable)
    await expect(registry.register('events.a', SCHEMA, 'BACKWARD')).rejects.toMatchObject(unavailable)
  })

  it('refuses what is not compatible, with its words', async () => {
    const { registry } = await setup((request, response) =>
      request.url!.includes('/config/')
        ? json(200, { compatibilityLevel: 'BACKWARD' })(request, response)
        : json(409, { error_code: 409, message: 'a new required property' })(request, response),
    )
    const refusal = {
      code: 'schema-incompatible',
      message: expect.stringContaining('a new required property'),
    }
    await expect(registry.register('events.a', SCHEMA, 'BACKWARD')).rejects.toMatchObject(refusal)
    await expect(registry.register('events.a', SCHEMA, 'FULL')).rejects.toMatchObject({
      code: 'schema-incompatible',
      message: expect.stringContaining('FULL != BACKWARD'),
    })
  })
})
