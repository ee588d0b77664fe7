import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { createTokenReader } from './oauth-token.ts'

/** A token endpoint; `asked` are the bodies that it got. */
async function startEndpoint() {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    asked.push(await text(request))
    response.end(JSON.stringify({ access_token: `token-${asked.length}`, expires_in: 100 }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`, asked }
}

const client = { clientId: 'id', clientSecret: 'secret' }

test('the scope is asked for when there is one', async () => {
  const { endpoint, asked } = await startEndpoint()
  await createTokenReader({ endpoint, ...client, scope: 'kafka read' }, 5000)()
  await createTokenReader({ endpoint, ...client }, 5000)()
  expect(asked).toEqual(['grant_type=client_credentials&scope=kafka+read', 'grant_type=client_credentials'])
})

test('a token is kept until a fifth of its life is left', async () => {
  const { endpoint } = await startEndpoint()
  let time = 1000
  const read = createTokenReader({ endpoint, ...client }, 5000, () => time)
  expect(await read()).toBe('token-1')
  time += 79_999
  expect(await read()).toBe('token-1')
  time += 1
  expect(await read()).toBe('token-2')
})
