import { expect, test } from 'vitest'
import { createApiKey } from './api-key.ts'
import { parseCredentials } from './credentials-document.ts'
import { addCredential, endOf, revokeKey, rotateKey } from './edit-keys.ts'

const HOUR = 3_600_000
const now = Date.UTC(2026, 10, 24)
const empty = parseCredentials('{"credentials": []}')
const shop = {
  ...{ name: 'shop', tenant: 'default', types: ['order-placed'], maxPriority: 'normal' as const },
  ...{ limits: {}, subjects: [], certificates: [] },
}
const withShop = addCredential(empty, shop, { key: createApiKey(), now })
const keysOf = (document: typeof empty) => document.credentials[0]!.keys

test('a credential is added once', () => {
  expect(withShop.credentials).toMatchObject([{ ...shop, keys: [{ created: '2026-11-24T00:00:00.000Z' }] }])
  expect(() => addCredential(withShop, shop, undefined)).toThrow('rotate shop')
  expect(addCredential(empty, shop, undefined).credentials[0]!.keys).toEqual([])
})

test('what is edited is not changed in place', () => {
  const before = structuredClone(withShop)
  rotateKey(withShop, 'shop', { key: createApiKey(), now, overlapMs: HOUR })
  revokeKey(withShop, keysOf(withShop)[0]!.id)
  expect(withShop).toEqual(before)
})

test('while a key is rotated two are in force, then one', () => {
  const key = createApiKey()
  const rotated = rotateKey(withShop, 'shop', { key, now, overlapMs: HOUR })
  expect(keysOf(rotated).map(endOf)).toEqual([now + HOUR, Number.POSITIVE_INFINITY])
  const later = rotateKey(rotated, 'shop', { key: createApiKey(), now: now + 2 * HOUR, overlapMs: HOUR })
  expect(keysOf(later).map(({ id }) => id)[0]).toBe(key.id)
  expect(keysOf(later)).toHaveLength(2)
})

test('a key that ends sooner than the overlap does not live longer for it', () => {
  const ending = addCredential(empty, shop, { key: createApiKey(), now, expires: now + HOUR })
  const rotated = rotateKey(ending, 'shop', { key: createApiKey(), now, overlapMs: 24 * HOUR })
  expect(endOf(keysOf(rotated)[0]!)).toBe(now + HOUR)
})

test('a revoked key is gone, the others stay', () => {
  const rotated = rotateKey(withShop, 'shop', { key: createApiKey(), now, overlapMs: HOUR })
  const [first, second] = keysOf(rotated)
  const { document, credential } = revokeKey(rotated, first!.id)
  expect(credential.name).toBe('shop')
  expect(keysOf(document)).toEqual([second])
})

test('what is not there is named', () => {
  expect(() => rotateKey(withShop, 'shp', { key: createApiKey(), now, overlapMs: 0 })).toThrow(
    'There is: shop.',
  )
  expect(() => revokeKey(withShop, 'abc')).toThrow('npm run keys -- list')
})
