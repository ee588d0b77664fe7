import { X509Certificate } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Server as TlsServer, connect as tlsConnect } from 'node:tls'
import { type CredentialsDocument, parseCredentials } from '@sluice/credentials'
import { orderPlaced } from '@sluice/events'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import {
  createAuthority,
  createSelfSigned,
  type IssueOptions,
  type TestCertificate,
} from '../certificate-fixture.ts'
import { createTestGateway } from '../gateway-fixture.ts'
import { serveCertificate } from '../serve-certificate.ts'
import { createAuthenticate } from './authenticate.ts'
import { createCredentialSet } from './credential-set.ts'
import { createTestCredentials, type TestCredential } from './credentials-fixture.ts'
import { createReadCertificate, namesOf } from './read-certificate.ts'

const server = createSelfSigned('localhost')
const authority = createAuthority('producers')
const shop = [
  ['O', 'Example'],
  ['CN', 'shop'],
] as const
const issue = (options: Partial<IssueOptions> = {}) => authority.issue({ subject: shop, ...options })

/** A gateway over TLS that asks for client certificates. */
async function setup(
  credentials: readonly TestCredential[],
  options: { required?: boolean; now?: () => number } = {},
) {
  const made = createTestCredentials(...credentials)
  let set = made.set
  const current = () => set
  const gateway = createTestGateway({
    tls: true,
    clientCertificates: options.required ? 'required' : 'optional',
    authenticate: createAuthenticate({
      credentials: current,
      readCertificate: createReadCertificate({
        credentials: current,
        ...(options.now && { now: options.now }),
      }),
    }),
  })
  const folder = await mkdtemp(join(tmpdir(), 'mtls-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const files = ['cert', 'key', 'ca'].map((name) => join(folder, `${name}.pem`)) as [string, string, string]
  const [certFile, keyFile, clientCaFile] = files
  const put = async (file: string, text: string) => {
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
  }
  await put(certFile, server.cert)
  await put(keyFile, server.key)
  await put(clientCaFile, authority.cert)
  const logged: string[] = []
  const log = createLogger({
    service: 'gateway',
    level: 'info',
    destination: { write: (line: string) => void logged.push(line) },
  })
  const certificate = await serveCertificate(gateway.server.server as unknown as TlsServer, {
    ...{ certFile, keyFile, clientCaFile, log, everyMs: 5 },
    metrics: createMetrics('gateway'),
  })
  await gateway.server.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    certificate.stop()
    await gateway.server.close()
  })
  const { port } = gateway.server.server.address() as { port: number }
  return {
    ...gateway,
    port,
    as: made.as,
    logged,
    trust: (ca: string) => put(clientCaFile, ca),
    change: (credentials: readonly Partial<CredentialsDocument['credentials'][number]>[]) => {
      set = createCredentialSet(parseCredentials(JSON.stringify({ credentials })), set)
    },
  }
}

const order = JSON.stringify({ type: 'order-placed', data: orderPlaced.example })

type Answer = { readonly status: number | string; readonly code?: string; readonly detail?: string }

/** What an event is answered with, or why there is no answer. */
function post(
  port: number,
  client: (Partial<TestCertificate> & { readonly session?: Buffer }) | undefined,
  { headers = {}, agent = false }: { headers?: Record<string, string>; agent?: Agent | false } = {},
): Promise<Answer> {
  return new Promise((resolve) => {
    request(
      {
        ...{ host: '127.0.0.1', port, path: '/v1/events', method: 'POST', servername: 'localhost' },
        ...{ ca: server.cert, ...client, agent },
        headers: { 'content-type': 'application/json', ...headers },
      },
      async (response) => {
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk)
        const { code, detail } = JSON.parse(String(Buffer.concat(chunks)))
        resolve({ status: response.statusCode!, ...(code && { code, detail }) })
      },
    )
      .on('error', (error: NodeJS.ErrnoException) => resolve({ status: error.code ?? error.message }))
      .end(order)
  })
}

describe('a client certificate', () => {
  it.each<[string, string, Partial<IssueOptions>]>([
    ['its subject', 'subject:CN=shop,O=Example', {}],
    ['a URI', 'URI:spiffe://example.com/shop', { names: [['URI', 'spiffe://example.com/shop']] }],
    ['a host', 'DNS:shop.example.com', { names: [['DNS', 'Shop.Example.com']] }],
    ['a mail address', 'email:shop@example.com', { names: [['email', 'shop@example.com']] }],
  ])('stands for a credential by %s', async (_what, name, options) => {
    const { port, stored } = await setup([
      { name: 'shop', tenant: 'berlin', types: ['order-placed'], certificates: [name] },
    ])
    expect(await post(port, issue(options))).toEqual({ status: 202 })
    expect(stored()).toMatchObject([{ tenant: 'berlin', source: '/producers/shop' }])
  })

  it('lets nobody in who has none, or not a good one', async () => {
    const { port, published, metrics } = await setup([
      { name: 'shop', types: '*', certificates: ['subject:CN=shop,O=Example', 'DNS:shop'] },
      { name: 'other', types: '*', certificates: ['DNS:other'] },
      { name: 'nothing', certificates: ['DNS:nothing'] },
    ])
    const forger = createAuthority('producers')
    const cases: [string, Partial<TestCertificate> | undefined, number, string][] = [
      ['none', undefined, 401, 'unauthenticated'],
      ['of another authority', forger.issue({ subject: shop }), 401, 'unauthenticated'],
      ['signed by itself', createSelfSigned('shop'), 401, 'unauthenticated'],
      ['of the past', issue({ until: new Date('2021-01-01') }), 401, 'unauthenticated'],
      ['nobody’s', issue({ subject: [['CN', 'shop']] }), 403, 'not-allowed'],
      ['with its name elsewhere', issue({ subject: [['CN', 'DNS:shop']] }), 403, 'not-allowed'],
      ['of two', issue({ names: [['DNS', 'other']] }), 403, 'not-allowed'],
      [
        'of who may nothing',
        issue({ subject: [['CN', 'x']], names: [['DNS', 'nothing']] }),
        403,
        'not-allowed',
      ],
    ]
    for (const [what, client, status, code] of cases)
      expect([what, await post(port, client)]).toMatchObject([what, { status, code }])
    expect(published).toEqual([])
    const text = await metrics.text()
    expect(text).toContain('sluice_unauthenticated_requests_total{reason="certificate",service="gateway"} 3')
    expect(text).toContain(
      'sluice_unauthenticated_requests_total{reason="no-credential",service="gateway"} 3',
    )
  })

  it('does not help a wrong key, and a key stands for its own credential', async () => {
    const { port, as, stored } = await setup([
      { name: 'shop', types: '*', certificates: ['subject:CN=shop,O=Example'] },
      { name: 'other', types: '*' },
    ])
    const wrong = { authorization: `${as('other').authorization}x` }
    expect(await post(port, issue(), { headers: wrong })).toMatchObject({ status: 401 })
    expect(await post(port, issue(), { headers: as('other') })).toEqual({ status: 202 })
    expect(stored()).toMatchObject([{ source: '/producers/other' }])
  })

  it('ends with its name in the file, and with itself, also on a connection that is open', async () => {
    let now = Date.now()
    const name = 'subject:CN=shop,O=Example'
    const gateway = await setup([{ name: 'shop', types: '*', certificates: [name] }], { now: () => now })
    const client = issue({ until: new Date('2040-01-01') })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const connections = () => Object.values(agent.freeSockets).flat().length
    const ask = () => post(gateway.port, client, { agent })
    expect(await ask()).toEqual({ status: 202 })
    gateway.change([{ name: 'shop', types: '*' }])
    expect(await ask()).toMatchObject({ status: 403, code: 'not-allowed' })
    gateway.change([{ name: 'shop', types: '*', certificates: [name] }])
    expect(await ask()).toEqual({ status: 202 })
    now = Date.UTC(2040, 0, 1)
    expect(await ask()).toMatchObject({ status: 401, detail: expect.stringContaining('has expired') })
    await expect.poll(connections).toBe(1)
  })
})

test('where certificates are required, nobody is talked to who has none', async () => {
  const { port, as } = await setup(
    [{ name: 'shop', types: '*', certificates: ['subject:CN=shop,O=Example'] }],
    { required: true },
  )
  const closed = expect.stringMatching(/^(ECONNRESET|EPIPE|ERR_SSL_\w+|socket hang up)$/)
  for (const client of [undefined, createSelfSigned('shop')])
    expect(await post(port, client, { headers: as('shop') })).toEqual({ status: closed })
  expect(await post(port, issue())).toEqual({ status: 202 })
})

test('authorities are changed without a restart, and sessions of before are not resumed', async () => {
  const { port, trust } = await setup([
    { name: 'shop', types: '*', certificates: ['subject:CN=shop,O=Example'] },
  ])
  const next = createAuthority('producers')
  const [before, after] = [issue(), next.issue({ subject: shop })]
  const options = { host: '127.0.0.1', port, ca: server.cert, servername: 'localhost', ...before }
  const session = await new Promise<Buffer>((resolve) => {
    const socket = tlsConnect(options)
    socket.once('session', (ticket) => {
      resolve(ticket)
      socket.destroy()
    })
  })
  const isResumed = () =>
    new Promise((resolve) => {
      const socket = tlsConnect({ ...options, session }, () => {
        resolve(socket.isSessionReused())
        socket.destroy()
      })
    })
  expect(await isResumed()).toBe(true)
  expect(await post(port, { ...before, session })).toEqual({ status: 202 })
  await trust(next.cert)
  await expect.poll(() => post(port, after)).toEqual({ status: 202 })
  expect(await isResumed()).toBe(false)
  for (const client of [before, { ...before, session }])
    expect(await post(port, client)).toMatchObject({ status: 401 })
})

test.each([
  ['no certificate', ''],
  ['a broken one', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
])('a file of authorities with %s changes nothing', async (_what, text) => {
  const { port, trust, logged } = await setup([
    { name: 'shop', types: '*', certificates: ['subject:CN=shop,O=Example'] },
  ])
  await trust(text)
  await expect.poll(() => logged.join('')).toContain('the one before stays in force')
  expect(await post(port, issue())).toEqual({ status: 202 })
})

test('a name cannot be smuggled in another, nor by what separates parts of a subject', () => {
  const tricky = issue({
    subject: [
      ['O', 'Example'],
      ['CN', 'a,O=Other + b\nCN=shop'],
    ],
    names: [
      ['URI', 'http://a/, DNS:shop'],
      ['DNS', 'plain'],
    ],
  })
  const names = namesOf(new X509Certificate(tricky.cert))
  expect(names.slice(1)).toEqual(['URI:http://a/, DNS:shop', 'DNS:plain'])
  expect(names[0]).toMatch(/^subject:CN=a\\,O=Other \\\+ b\\0ACN\\?=shop,O=Example$/)
})
