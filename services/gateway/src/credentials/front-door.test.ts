import { createApiKey } from '@sluice/credentials'
import { orderPlaced } from '@sluice/events'
import { describe, expect, it, test } from 'vitest'
import { createTestGateway } from '../gateway-fixture.ts'
import { createAuthenticate, unauthenticated } from './authenticate.ts'
import { createTestCredentials, type TestCredential } from './credentials-fixture.ts'

const order = { type: 'order-placed', data: orderPlaced.example }
const derived = { type: 'stock-reserved', data: { orderId: 'o-1', sku: 's', quantity: 1 } }

function setup(...wanted: readonly TestCredential[]) {
  const credentials = createTestCredentials(...wanted)
  return { ...credentials, ...createTestGateway({ authenticate: credentials.authenticate }) }
}

/** Every route that the server has, as it says itself. */
async function listRoutes(server: ReturnType<typeof createTestGateway>['server']) {
  const routes: { method: 'GET' | 'HEAD' | 'POST'; url: string }[] = []
  server.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat())
      routes.push({ method: one as 'GET', url: url.replace(':type', 'order-placed') })
  })
  await server.ready()
  return routes
}

describe('authorisation', async () => {
  const gateway = setup(
    { name: 'granted', types: ['order-placed'] },
    { name: 'everything', types: '*' },
    { name: 'nothing' },
    { name: 'expired', types: '*', expires: Date.now() - 1 },
    { name: 'berlin', tenant: 'berlin', types: ['order-placed'] },
  )
  const { server, as, tokens } = gateway
  const routes = await listRoutes(server)
  const id = tokens['granted']!.slice(4, 16)
  const wrongSecret = createApiKey((bytes) =>
    bytes === 6 ? Buffer.from(id, 'hex') : Buffer.alloc(bytes),
  ).token
  const revoked = createApiKey().token

  const unknown: readonly (readonly [string, Record<string, string>])[] = [
    ['no credential', {}],
    ['an empty credential', { authorization: '' }],
    ['an unknown key', { authorization: `Bearer ${revoked}` }],
    ['a wrong secret', { authorization: `Bearer ${wrongSecret}` }],
    ['an expired key', as('expired')],
    [
      'a token where none are taken',
      { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJncmFudGVkIn0.' },
    ],
    ['the token in the wrong header', { 'x-api-key': tokens['granted']! }],
  ]
  const paths = [
    ...routes.filter(({ url }) => url !== '/docs'),
    { method: 'GET', url: '/nothing-here' } as const,
    { method: 'PUT', url: '/v1/events' } as const,
  ]

  it('there are some', () => {
    expect(routes).toEqual(
      expect.arrayContaining([
        { method: 'POST', url: '/v1/events' },
        { method: 'GET', url: '/v1/types' },
      ]),
    )
  })

  it('of every route, asked for one by one, nobody unknown is let in', async () => {
    for (const { method, url } of paths) {
      for (const [what, headers] of unknown) {
        const response = await server.inject({
          method,
          url,
          headers: { 'content-type': 'application/json', ...headers },
          ...(method === 'POST' && { payload: JSON.stringify(order) }),
        })
        const { statusCode: status, headers: answered } = response
        expect({ method, url, what, status, asks: answered['www-authenticate'] }).toEqual({
          ...{ method, url, what },
          status: 401,
          asks: 'Bearer realm="sluice"',
        })
        if (method !== 'HEAD') expect(response.json().code).toBe('unauthenticated')
      }
    }
    expect(gateway.published).toEqual([])
  })

  it('the page to try the API is for everybody: a browser asks for it without a key', async () => {
    for (const [what, headers] of unknown) {
      const { statusCode, payload } = await server.inject({ url: '/docs', headers })
      expect([what, statusCode]).toEqual([what, 200])
      expect(payload).not.toContain('order-placed')
    }
    expect((await server.inject({ method: 'POST', url: '/docs' })).statusCode).toBe(401)
  })

  it.each(routes.filter(({ method }) => method !== 'POST'))(
    '$method $url is for every credential',
    async (route) => {
      for (const name of ['granted', 'everything', 'nothing', 'berlin']) {
        expect((await server.inject({ ...route, headers: as(name) })).statusCode).toBe(200)
      }
    },
  )

  it.each([
    ['granted', order, 202],
    ['granted', { type: 'page-viewed', data: {} }, 403],
    ['granted', derived, 403],
    ['everything', order, 202],
    ['everything', derived, 403],
    ['nothing', order, 403],
    ['berlin', order, 202],
  ] as const)('%s posts $type: %i', async (name, event, status) => {
    const before = gateway.published.length
    const response = await gateway.post(event, as(name))
    expect(response.status).toBe(status)
    if (status === 403) expect(response.json).toMatchObject({ code: 'not-allowed', outcome: 'rejected' })
    expect(gateway.published.length - before).toBe(status === 202 ? 1 : 0)
  })
})

test('a derived type is for who was granted it by name', async () => {
  const { post, as } = setup({ name: 'stock', types: ['stock-reserved'] })
  const { json } = await post(derived, as('stock'))
  expect(json).toMatchObject({ status: 'accepted', type: 'stock-reserved' })
})

test('of a batch each event is asked about', async () => {
  const { post, as, stored } = setup({ name: 'shop', types: ['order-placed'] })
  const { status, json } = await post([order, { ...derived }, order], as('shop'))
  expect(status).toBe(207)
  expect(json.results.map(({ code }: { code?: string }) => code)).toEqual([
    undefined,
    'not-allowed',
    undefined,
  ])
  expect(stored().map(({ type }) => type)).toEqual(['order-placed', 'order-placed'])
})

test('tenant and default source are those of the credential, whatever the request says', async () => {
  const { post, as, stored } = setup(
    { name: 'a', tenant: 'tenant-a', types: '*' },
    { name: 'b', tenant: 'tenant-b', types: '*', source: '/b' },
  )
  await post(order, { ...as('a'), 'x-tenant': 'tenant-b', tenant: 'tenant-b' })
  await post(order, as('b'))
  expect(stored()).toMatchObject([
    { tenant: 'tenant-a', source: '/producers/a' },
    { tenant: 'tenant-b', source: '/b' },
  ])
  const claimed = { specversion: '1.0', id: '1', source: '/s', ...order, tenant: 'tenant-b' }
  const { json } = await post(claimed, { ...as('a'), 'content-type': 'application/cloudevents+json' })
  expect(json.code).toBe('reserved-attribute')
})

test.each([
  ['high', 'normal', 'normal'],
  ['high', 'high', 'high'],
  ['normal', 'low', 'normal'],
] as const)('who asks for %s and may ask for %s travels in %s', async (priority, maxPriority, lane) => {
  const { post, as } = setup({ name: 'shop', types: '*', maxPriority })
  expect((await post({ ...order, priority }, as('shop'))).json).toMatchObject({
    priority: lane,
    decidedBy: 'producer',
  })
})

test('who is not known is not read: the answer comes before the body', async () => {
  const { server } = setup()
  const payload = 'x'.repeat(9 * 1024 * 1024)
  const response = await server.inject({ method: 'POST', url: '/v1/events', payload })
  expect(response.statusCode).toBe(401)
})

test('what was wrong is counted', async () => {
  const { post, metrics, as } = setup({ name: 'shop', types: '*' })
  await post(order)
  await post(order, { authorization: `Bearer ${createApiKey().token}` })
  await post(order, as('shop'))
  const text = await metrics.text()
  expect(text).toContain('sluice_unauthenticated_requests_total{reason="missing",service="gateway"} 1')
  expect(text).toContain('sluice_unauthenticated_requests_total{reason="unknown",service="gateway"} 1')
})

test('a route that does not say who may use it cannot be added', async () => {
  const { server } = setup()
  expect(() => server.get('/open', () => 'x')).toThrow('does not say who may use it')
})

describe('a credential over its rate', () => {
  const limits = { eventsPerSecond: 1, burst: 3 }

  it('has the first events taken and the later ones refused', async () => {
    const { post, as, stored } = setup({ name: 'shop', types: '*', limits })
    const batch = [1, 2, 3, 4, 5].map((id) => ({ ...order, id: String(id) }))
    const { status, json } = await post(batch, as('shop'))
    expect(status).toBe(207)
    expect(json).toMatchObject({ accepted: 3, refused: 2 })
    expect(json.results.slice(3)).toMatchObject([
      { id: '4', status: 'refused', code: 'rate-limited', retryable: true },
      { id: '5', status: 'refused', code: 'rate-limited', retryable: true },
    ])
    expect(stored().map(({ id }) => id)).toEqual(['1', '2', '3'])
  })

  it('is answered 429 when nothing was taken, with how long to wait', async () => {
    const { post, as } = setup({ name: 'shop', types: '*', limits }, { name: 'other', types: '*' })
    await post([order, order, order], as('shop'))
    const batch = await post([order, order, order, order], as('shop'))
    expect([batch.status, batch.headers['retry-after']]).toEqual([429, '3'])
    const one = await post(order, as('shop'))
    expect([one.status, one.headers['retry-after'], one.json.code]).toEqual([429, '1', 'rate-limited'])
    expect((await post(order, as('other'))).status).toBe(202)
  })
})

describe('what a credential may post', () => {
  const limits = { eventsPerSecond: 2, burst: 4, concurrentRequests: 3 }
  const policy = '"events";q=4;qu="events";w=2, "requests";q=3;qu="concurrent-requests"'
  const { server, post, as } = setup({ name: 'shop', types: '*', limits }, { name: 'free', types: '*' })
  const saidIn = ({ headers }: { headers: Record<string, unknown> }) => [
    headers['ratelimit-policy'],
    headers['ratelimit'],
  ]

  it('is said in every answer, and what is left of it', async () => {
    const taken = await post([order, order], as('shop'))
    expect(saidIn(taken)).toEqual([policy, '"events";r=2;t=1, "requests";r=2'])
    for (const [body, headers, status] of [
      ['{', {}, 400],
      [order, { 'content-type': 'text/plain' }, 415],
      [[order, order, order], {}, 207],
      [order, {}, 429],
    ] as const) {
      const answer = await post(body, { ...as('shop'), ...headers })
      expect([answer.status, ...saidIn(answer)]).toEqual([
        status,
        policy,
        expect.stringMatching(/^"events";r=\d/),
      ])
    }
  })

  it('is said at the head of a stream', async () => {
    const headers = { ...as('shop'), 'content-type': 'application/x-ndjson' }
    const answer = await server.inject({ method: 'POST', url: '/v1/events', headers, payload: '\n' })
    expect(saidIn(answer)[0]).toBe(policy)
  })

  it('is not said where there are no limits, nor to who is not known', async () => {
    for (const headers of [as('free'), {}])
      expect(saidIn(await post(order, headers))).toEqual([undefined, undefined])
  })
})

test('a credential with too many requests open is answered 429, and again when some are over', async () => {
  const credentials = createTestCredentials({ name: 'shop', types: '*', limits: { concurrentRequests: 1 } })
  const gateway = createTestGateway({ authenticate: credentials.authenticate, hold: true })
  const headers = credentials.as('shop')
  const first = gateway.post(order, headers)
  await expect.poll(() => gateway.published.length).toBe(1)
  const second = await gateway.post(order, headers)
  expect([second.status, second.json.code, second.headers['retry-after']]).toEqual([
    429,
    'too-many-requests',
    '1',
  ])
  gateway.release()
  expect((await first).status).toBe(202)
  const third = gateway.post(order, headers)
  await expect.poll(() => gateway.published.length).toBe(2)
  gateway.release()
  expect((await third).status).toBe(202)
})

test('whose token has to be verified first is let in, or not, after that', async () => {
  const credentials = createTestCredentials({ name: 'shop', types: '*' })
  const shop = credentials.set.credentials[0]!
  const readToken = async (token: string) =>
    token === 'good' ? shop : unauthenticated('token', 'This token is not valid here.')
  const authenticate = createAuthenticate({ credentials: () => credentials.set, readToken })
  const { post, stored } = createTestGateway({ authenticate })
  expect((await post(order, { authorization: 'Bearer good' })).status).toBe(202)
  const { status, json } = await post(order, { authorization: 'Bearer bad' })
  expect([status, json.detail]).toEqual([401, 'This token is not valid here.'])
  expect(stored()).toMatchObject([{ source: '/producers/shop' }])
})

test('what is secret is in no log, metric, answer or stored event', async () => {
  const { post, as, tokens, logged, metrics, stored } = setup(
    { name: 'shop', types: ['order-placed'] },
    { name: 'old', types: '*', expires: 1 },
  )
  const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnktc3ViIn0.canary-signature'
  const canary = 'canary-4f1c02a9'
  const withCanary = { ...order, data: { ...order.data, card: canary } }
  const answers: unknown[] = []
  for (const headers of [
    as('shop'),
    as('old'),
    { authorization: `Bearer ${jwt}` },
    { authorization: `Basic ${canary}` },
    { authorization: `Bearer ${tokens['shop']}x` },
    { ...as('shop'), cookie: `session=${canary}`, 'x-api-key': canary },
    { ...as('shop'), expect: canary },
    { ...as('shop'), 'content-type': `text/${canary}` },
  ]) {
    for (const body of [order, withCanary, [order, withCanary], `{"${canary}`]) {
      const { headers: answered, payload } = await post(body, headers)
      answers.push(answered, payload)
    }
  }
  const seen = JSON.stringify([answers, logged, stored(), await metrics.text()])
  expect(seen).toContain('accepted')
  for (const secret of [
    tokens['shop']!,
    tokens['old']!,
    tokens['shop']!.slice(17),
    jwt,
    'canary-signature',
    canary,
  ]) {
    expect(seen).not.toContain(secret)
  }
})

test('pages of other origins may not read answers, and no answer is a page', async () => {
  const { server, as } = setup({ name: 'shop', types: '*' })
  for (const method of ['GET', 'OPTIONS'] as const) {
    const { headers } = await server.inject({
      method,
      url: '/v1/types',
      headers: { ...as('shop'), origin: 'https://evil.example.com', 'access-control-request-method': 'GET' },
    })
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'",
    })
  }
})
