import { expect, test } from 'vitest'
import { createApiKey } from './api-key.ts'
import { CredentialsError, formatCredentials, parseCredentials } from './credentials-document.ts'

const { id, hash, token } = createApiKey()
const key = { id, hash, created: '2026-11-24T17:00:00Z' }
const shop = { name: 'shop', types: ['order-placed'], keys: [key] }
const parse = (...credentials: unknown[]) => parseCredentials(JSON.stringify({ credentials }))

test('what is not said is as careful as it can be', () => {
  expect(parse({ name: 'shop', types: [] }).credentials).toEqual([
    {
      name: 'shop',
      tenant: 'default',
      types: [],
      maxPriority: 'normal',
      limits: {},
      subjects: [],
      certificates: [],
      keys: [],
    },
  ])
})

test('what is written is read back', () => {
  const document = parse({
    ...shop,
    ...{ tenant: 'berlin', source: '/shop', maxPriority: 'high', subjects: ['shop@clients'] },
    certificates: ['subject:CN=shop,O=Example', 'URI:spiffe://example.com/shop', 'DNS:shop.example.com'],
    limits: { eventsPerSecond: 10, burst: 20, concurrentRequests: 2 },
    keys: [{ ...key, expires: '2027-01-01T00:00:00.000Z' }],
  })
  expect(parseCredentials(formatCredentials(document))).toEqual(document)
  expect(parseCredentials(formatCredentials(parse(shop)))).toEqual(parse(shop))
})

test.each<[string, object, RegExp]>([
  ['a name that is none', { ...shop, name: 'My Shop' }, /credentials\[0\]\.name: .*lower-case/],
  ['a misspelt member', { ...shop, type: ['x'] }, /credentials\[0\]: has 1 unknown/],
  ['no types', { name: 'shop' }, /credentials\[0\]\.types: .*list of types/],
  ['a wrong priority', { ...shop, maxPriority: 'urgent' }, /maxPriority: must be one of high, normal, low/],
  ['a rate of none', { ...shop, limits: { eventsPerSecond: 0 } }, /eventsPerSecond: must be at least 1/],
  ['a burst without a rate', { ...shop, limits: { burst: 5 } }, /limits\.burst: needs eventsPerSecond/],
  [
    'a key in place of its hash',
    { ...shop, keys: [{ ...key, hash: token }] },
    /hash: .*Never the key itself/,
  ],
  ['an id that is none', { ...shop, keys: [{ ...key, id: token }] }, /keys\[0\]\.id: must be the 12 digits/],
  ['an end that is none', { ...shop, keys: [{ ...key, expires: 'soon' }] }, /expires: must be a time like/],
  [
    'a certificate by no kind of name',
    { ...shop, certificates: ['CN=shop'] },
    /certificates\[0\]: must be "subject:/,
  ],
  ['a host in capitals', { ...shop, certificates: ['DNS:Shop'] }, /certificates\[0\]: .*in lower case/],
  ['a source with a line break', { ...shop, source: '/a\nb' }, /source: .*control character/],
])('%s is refused by its place, and no value is shown', (_what, credential, message) => {
  const error = errorOf(() => parse(credential))
  expect(error).toBeInstanceOf(CredentialsError)
  expect(error.message).toMatch(message)
  expect(error.message).not.toContain(token)
})

test('what has to be unique is', () => {
  const other = { ...shop, name: 'other', keys: [] }
  expect(errorOf(() => parse(shop, { ...other, name: 'shop' })).message).toContain(
    'credentials[1].name: is the name of another',
  )
  expect(errorOf(() => parse(shop, { ...other, keys: [key] })).message).toContain(
    'credentials[1].keys[0].id: is the id of another',
  )
  const subjects = ['a']
  expect(errorOf(() => parse({ ...shop, subjects }, { ...other, subjects })).message).toContain(
    'credentials[1].subjects[0]: is the subject of another',
  )
  const certificates = ['DNS:a']
  expect(errorOf(() => parse({ ...shop, certificates }, { ...other, certificates })).message).toContain(
    'credentials[1].certificates[0]: is the certificate of another',
  )
})

test('what is no JSON is refused by its line, and nothing of it is shown', () => {
  expect(errorOf(() => parseCredentials('{\n"credentials": [],}')).message).toBe(
    'The credentials are not JSON: see line 2.',
  )
  expect(errorOf(() => parseCredentials('')).message).toBe('The credentials are not JSON.')
  expect(errorOf(() => parseCredentials(token)).message).not.toContain('slc_')
})

function errorOf(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('Nothing was thrown.')
}
