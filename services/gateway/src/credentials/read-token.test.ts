import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseCredentials } from '@sluice/credentials'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { beforeAll, expect, it, onTestFinished, test } from 'vitest'
import { isRefused } from './authenticate.ts'
import { createCredentialSet } from './credential-set.ts'
import { createReadToken } from './read-token.ts'

const ISSUER = 'https://issuer.example.com/'
const AUDIENCE = 'sluice'
const NOW = Date.UTC(2026, 10, 24)
const seconds = (fromNow: number) => NOW / 1000 + fromNow

type Pair = Awaited<ReturnType<typeof generateKeyPair>>
let pair: Pair
let other: Pair
beforeAll(async () => {
  pair = await generateKeyPair('RS256', { extractable: true })
  other = await generateKeyPair('RS256', { extractable: true })
})

/** An issuer's keys over HTTP, and a reader of its tokens. */
async function setup(options: { coolDownMs?: number } = {}) {
  let at = NOW
  let isUp = true
  let fetched = 0
  const subjectsOf = (subjects: string[]) =>
    createCredentialSet(
      parseCredentials(JSON.stringify({ credentials: [{ name: 'shop', types: '*', subjects }] })),
    )
  let set = subjectsOf(['shop@clients'])
  const keys = [{ ...(await exportJWK(pair.publicKey)), kid: 'k1' }]
  const server = createServer((_request, response) => {
    fetched++
    response.writeHead(isUp ? 200 : 500, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const read = createReadToken({
    ...{ issuer: ISSUER, audience: AUDIENCE, claim: 'sub' },
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    credentials: () => set,
    now: () => at,
    coolDownMs: options.coolDownMs ?? 0,
  })
  return {
    read,
    keys,
    /** The credential's name, or why there is none. */
    async who(token: string): Promise<string> {
      const found = await read(token)
      return isRefused(found) ? found.reason : found.name
    },
    fetched: () => fetched,
    wait: (ms: number) => (at += ms),
    up: (value: boolean) => (isUp = value),
    grant: (...subjects: string[]) => (set = subjectsOf(subjects)),
  }
}

function claims(changes: Record<string, unknown> = {}) {
  return { iss: ISSUER, aud: AUDIENCE, sub: 'shop@clients', exp: seconds(60), ...changes }
}

function signed(
  changes: Record<string, unknown> = {},
  { key = pair.privateKey, kid = 'k1' } = {},
): Promise<string> {
  return new SignJWT(claims(changes)).setProtectedHeader({ alg: 'RS256', kid }).sign(key)
}

test('a token of the issuer stands for the credential that names its subject', async () => {
  const { who } = await setup()
  expect(await who(await signed())).toBe('shop')
  expect(await who(await signed({ aud: ['other', AUDIENCE], nbf: seconds(3) }))).toBe('shop')
})

const FORGED: readonly (readonly [string, string, () => string | Promise<string>])[] = [
  ['without a signature', 'token', () => new UnsecuredJWT(claims()).encode()],
  [
    'by HS256 with the public key',
    'token',
    async () => {
      const secret = new TextEncoder().encode(await exportSPKI(pair.publicKey))
      return new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(secret)
    },
  ],
  [
    'by a header that names another algorithm',
    'token',
    async () => {
      const [, payload, signature] = (await signed()).split('.')
      const header = Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url')
      return `${header}.${payload}.${signature}`
    },
  ],
  ['by the key of somebody else', 'token', () => signed({}, { key: other.privateKey })],
  ['by a key that the issuer does not have', 'token', () => signed({}, { kid: 'k9' })],
  [
    'by a key that the token brings along',
    'token',
    async () => {
      const jwk = await exportJWK(other.publicKey)
      return new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', kid: 'k9', jwk }).sign(other.privateKey)
    },
  ],
  ['after its end', 'expired', () => signed({ exp: seconds(-6) })],
  ['before its time', 'token', () => signed({ nbf: seconds(6) })],
  ['without an end', 'token', () => signed({ exp: undefined })],
  ['for another audience', 'token', () => signed({ aud: 'other' })],
  ['without an audience', 'token', () => signed({ aud: undefined })],
  ['of another issuer', 'token', () => signed({ iss: 'https://other.example.com/' })],
  ['without a subject', 'token', () => signed({ sub: undefined })],
  [
    'with changed claims',
    'token',
    async () => {
      const [header, , signature] = (await signed()).split('.')
      return `${header}.${Buffer.from(JSON.stringify(claims({ exp: seconds(9999) }))).toString('base64url')}.${signature}`
    },
  ],
  ['whom no credential names', 'no-credential', () => signed({ sub: 'stranger' })],
  ['by nonsense', 'token', () => 'a.b.c'],
]

it.each(FORGED)('nobody is let in %s', async (_what, reason, make) => {
  const { who } = await setup()
  const token = await make()
  expect(await who(token)).toBe(reason)
  // Nor when it is sent again: what was refused is not remembered as good.
  expect(await who(token)).toBe(reason)
})

test('a token is verified once, and believed no longer than it lives', async () => {
  const { read, who, wait } = await setup()
  const token = await signed({ exp: seconds(60) })
  await who(token)
  expect(read(token)).not.toBeInstanceOf(Promise)
  wait(66_000)
  expect(await who(token)).toBe('expired')
})

test('a key that the issuer withdrew is noticed', async () => {
  const { read, who, wait } = await setup()
  const token = await signed({ exp: seconds(3600) })
  await who(token)
  wait(300_001)
  expect(read(token)).toBeInstanceOf(Promise)
})

test('what the file takes away from a subject is gone at once', async () => {
  const { who, grant } = await setup()
  const token = await signed()
  expect(await who(token)).toBe('shop')
  grant('somebody-else')
  expect(await who(token)).toBe('no-credential')
})

test('keys are fetched once for many tokens, and not for each unknown key', async () => {
  const { who, fetched } = await setup()
  for (let n = 0; n < 5; n++) await who(await signed({ n }))
  for (let n = 0; n < 5; n++) await who(await signed({ n }, { kid: `k${n + 5}` }))
  expect(fetched()).toBe(1)
})

test('while keys cannot be fetched nothing is known; afterwards it goes on by itself', async () => {
  const { who, up } = await setup()
  up(false)
  const token = await signed()
  expect(await who(token)).toBe('unavailable')
  up(true)
  expect(await who(token)).toBe('shop')
  up(false)
  expect(await who(await signed({ n: 1 }))).toBe('shop')
})

test('an issuer that fails is left alone for a while', async () => {
  const { who, up, fetched } = await setup({ coolDownMs: 60_000 })
  up(false)
  for (let n = 0; n < 5; n++) expect(await who(await signed({ n }))).toBe('unavailable')
  expect(fetched()).toBe(1)
})
