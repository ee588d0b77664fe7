import { Socket } from 'node:net'
import { createApiKey } from '@sluice/credentials'
import { expect, test, vi } from 'vitest'
import { createAuthenticate, isRefused } from './authenticate.ts'
import { createTestCredentials } from './credentials-fixture.ts'

/** It has no certificate. */
const connection = new Socket()
const NOW = Date.now()
const { authenticate, tokens } = createTestCredentials(
  { name: 'shop', tenant: 'berlin' },
  { name: 'old', expires: NOW - 1 },
)

function reasonOf(authorization: string | undefined): string {
  const who = authenticate(authorization, connection)
  if (who instanceof Promise) throw new Error('A key is read at once.')
  return isRefused(who) ? who.reason : who.name
}

test('whoever sends a key is its credential', () => {
  expect(authenticate(`Bearer ${tokens['shop']}`, connection)).toMatchObject({
    name: 'shop',
    tenant: 'berlin',
  })
  expect(reasonOf(`bearer  ${tokens['shop']}`)).toBe('shop')
})

test.each([
  ['nothing', undefined, 'missing'],
  ['another scheme', 'Basic c2hvcDpzaG9w', 'malformed'],
  ['no token', 'Bearer ', 'malformed'],
  ['two tokens', `Bearer ${tokens['shop']} ${tokens['shop']}`, 'malformed'],
  ['what is no key', 'Bearer abc.def.ghi', 'malformed'],
  ['half a key', `Bearer ${tokens['shop']!.slice(0, 40)}`, 'malformed'],
  ['a key without its scheme', tokens['shop'], 'malformed'],
  ['a key that never was', `Bearer ${createApiKey().token}`, 'unknown'],
  ['a key of the past', `Bearer ${tokens['old']}`, 'expired'],
])('%s lets nobody in', (_what, authorization, reason) => {
  expect(reasonOf(authorization)).toBe(reason)
})

test('a right id does not help a wrong secret, and the answer does not tell that the id is right', () => {
  const id = tokens['shop']!.slice(4, 16)
  const forged = createApiKey((bytes) => (bytes === 6 ? Buffer.from(id, 'hex') : Buffer.alloc(bytes))).token
  expect(reasonOf(`Bearer ${forged}`)).toBe('wrong-secret')
  const { reason: _, ...said } = authenticate(`Bearer ${forged}`, connection) as { reason: string }
  const { reason: __, ...other } = authenticate(`Bearer ${createApiKey().token}`, connection) as {
    reason: string
  }
  expect(said).toEqual(other)
})

test('a key ends in the moment that it says', () => {
  const now = vi.fn(() => 999)
  const ending = createTestCredentials({ name: 'ending', expires: 1000 })
  const credentials = () => ending.set
  const read = createAuthenticate({ credentials, now })
  expect(read(`Bearer ${ending.tokens['ending']}`, connection)).toMatchObject({ name: 'ending' })
  now.mockReturnValue(1000)
  expect(read(`Bearer ${ending.tokens['ending']}`, connection)).toMatchObject({ reason: 'expired' })
})
