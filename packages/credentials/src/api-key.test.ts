import fc from 'fast-check'
import { expect, test } from 'vitest'
import { apiKeyIdOf, createApiKey, digestOf, isApiKeyLike, isApiKeyWhole, isKeyOf } from './api-key.ts'

test('a key can be told from other text, shows its id, and is stored as a hash', () => {
  const { id, token, hash } = createApiKey()
  expect(token).toMatch(/^slc_[0-9a-f]{12}_[0-9a-f]{56}$/)
  expect(isApiKeyLike(token)).toBe(true)
  expect(apiKeyIdOf(token)).toBe(id)
  expect(isApiKeyWhole(token)).toBe(true)
  expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(isKeyOf(digestOf(hash), token)).toBe(true)
})

test('a key has 192 random bits that its id does not give away', () => {
  const asked: number[] = []
  const { token } = createApiKey((bytes) => {
    asked.push(bytes)
    return Buffer.alloc(bytes, asked.length)
  })
  expect(asked).toEqual([6, 24])
  expect(token.slice(0, -8)).toBe(`slc_${'01'.repeat(6)}_${'02'.repeat(24)}`)
})

test('no two keys are the same', () => {
  expect(new Set(Array.from({ length: 1000 }, () => createApiKey().token)).size).toBe(1000)
})

test('a key that was damaged is not whole', () => {
  const { token } = createApiKey()
  const hex = fc.constantFrom(...'0123456789abcdef')
  fc.assert(
    fc.property(fc.integer({ min: 0, max: token.length - 1 }), hex, (at, digit) => {
      fc.pre(token[at] !== digit)
      expect(isApiKeyWhole(token.slice(0, at) + digit + token.slice(at + 1))).toBe(false)
    }),
  )
  expect(isApiKeyWhole(token.slice(0, -1))).toBe(false)
  expect(isApiKeyWhole(`${token}0`)).toBe(false)
  expect(isApiKeyWhole(token.toUpperCase())).toBe(false)
})

test('the hash of one key is not that of another, wherever they differ', () => {
  const { hash, token } = createApiKey()
  fc.assert(
    fc.property(fc.integer({ min: 0, max: token.length - 1 }), (at) => {
      expect(isKeyOf(digestOf(hash), `${token.slice(0, at)}!${token.slice(at + 1)}`)).toBe(false)
    }),
  )
})

test('a hash cannot be sent in place of its key', () => {
  const { hash } = createApiKey()
  expect(apiKeyIdOf(hash)).toBeUndefined()
  expect(isKeyOf(digestOf(hash), hash)).toBe(false)
})
