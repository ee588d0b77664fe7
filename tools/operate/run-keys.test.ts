import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apiKeyIdOf, digestOf, isKeyOf, parseCredentials } from '@sluice/credentials'
import { expect, onTestFinished, test } from 'vitest'
import { UsageError } from '../command-line.ts'
import { type KeysCommand, parseKeysCommand } from './keys-options.ts'
import { runKeys } from './run-keys.ts'

const NOW = Date.UTC(2026, 10, 24)

async function setup() {
  const folder = await mkdtemp(join(tmpdir(), 'keys-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'new', 'credentials.json')
  const run = (args: string, now = NOW) =>
    runKeys(
      parseKeysCommand(args.split(' '), { GATEWAY_CREDENTIALS_FILE: file }) as Exclude<
        KeysCommand,
        { command: 'help' }
      >,
      now,
    )
  const json = async (args: string, now?: number) => JSON.parse(await run(`${args} --json`, now))
  const document = async () => parseCredentials(await readFile(file, 'utf8'))
  return { folder, file, run, json, document }
}

test('create makes the file, for its owner alone, and shows the key once', async () => {
  const { file, run, json, document } = await setup()
  const said = await run('create shop --types order-placed,page-viewed --rate 100 --max-priority high')
  const [token] = /slc_\S+/.exec(said)!
  const [credential] = (await document()).credentials
  expect(credential).toMatchObject({
    ...{ name: 'shop', tenant: 'default', types: ['order-placed', 'page-viewed'], maxPriority: 'high' },
    limits: { eventsPerSecond: 100 },
    keys: [{ id: apiKeyIdOf(token!) }],
  })
  expect(isKeyOf(digestOf(credential!.keys[0]!.hash), token!)).toBe(true)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readFile(file, 'utf8')).not.toContain(token)
  const { key, expires } = await json('create other --types * --expires 90d')
  expect([apiKeyIdOf(key)?.length, expires]).toEqual([12, '2027-02-22T00:00:00.000Z'])
  expect((await document()).credentials.map(({ name }) => name)).toEqual(['shop', 'other'])
})

test('create a second time says how to go on, and changes nothing', async () => {
  const { file, run } = await setup()
  await run('create shop --types *')
  const before = await readFile(file, 'utf8')
  await expect(run('create shop --types *')).rejects.toThrow('npm run keys -- rotate shop')
  expect(await readFile(file, 'utf8')).toBe(before)
})

test('list shows ids, ages and ends, and no hash', async () => {
  const { run, json, document } = await setup()
  const { id } = await json('create shop --types * --expires 2d', NOW - 86_400_000)
  const { hash } = (await document()).credentials[0]!.keys[0]!
  const text = await run('list')
  expect(text).toContain(`${id}  1 days old, ends 2026-11-25T00:00:00.000Z`)
  expect(text).toContain('shop (tenant default): every type of producers, up to normal')
  const later = await json('list', NOW + 2 * 86_400_000)
  expect(later.credentials[0].keys).toMatchObject([{ id, state: 'expired' }])
  expect(text + JSON.stringify(later)).not.toContain(hash.slice(7, 20))
})

test('who comes with tokens or a certificate needs no key', async () => {
  const { run, document } = await setup()
  const names = '--subject shop@clients --certificate subject:CN=shop,O=Example --certificate DNS:shop'
  expect(await run(`create shop --types * --no-key ${names}`)).toContain('It has no key.')
  expect((await document()).credentials[0]).toMatchObject({
    subjects: ['shop@clients'],
    certificates: ['subject:CN=shop,O=Example', 'DNS:shop'],
    keys: [],
  })
  expect(await run('list')).toMatch(
    /tokens of shop@clients\n.*certificate of subject:CN=shop,O=Example\n.*DNS:shop/,
  )
})

test('rotate adds a key and says when the other one ends', async () => {
  const { json, run } = await setup()
  const first = await json('create shop --types *')
  const second = await json('rotate shop --overlap 1h')
  expect(second.ending).toEqual([{ id: first.id, expires: '2026-11-24T01:00:00.000Z' }])
  expect(second.key).not.toBe(first.key)
  expect(await run('rotate shop')).toContain(`The key ${second.id} ends at 2026-11-25T00:00:00.000Z.`)
})

test('revoke ends one key, by its id or by itself', async () => {
  const { json, run } = await setup()
  const first = await json('create shop --types *')
  const second = await json('rotate shop')
  expect(await run(`revoke ${first.id}`)).toContain('Keys left: 1')
  expect(await json(`revoke ${second.key}`)).toMatchObject({ id: second.id, left: 0 })
  await expect(run(`revoke ${first.id}`)).rejects.toThrow('There is no key')
})

test('without a file there is nothing to list, and one that is not valid is left as it is', async () => {
  const { file, run } = await setup()
  await expect(run('list')).rejects.toThrow('npm run keys -- create')
  await run('create shop --types *')
  await writeFile(file, '{"credentials": 7}')
  for (const args of ['list', 'create other --types *', 'rotate shop', 'revoke 0123456789ab']) {
    await expect(run(args)).rejects.toThrow(`${file}: The credentials are not valid`)
  }
  expect(await readFile(file, 'utf8')).toBe('{"credentials": 7}')
})

test('what would not be read back is not written', async () => {
  const { folder, run } = await setup()
  await expect(run('create My-Shop --types *')).rejects.toThrow('lower-case')
  await expect(run('create shop --types * --burst 5')).rejects.toThrow('needs eventsPerSecond')
  expect(await readdir(folder)).toEqual([])
})

test('a link stays a link, and a mode that was given stays', async () => {
  const { folder, file, run, document } = await setup()
  await run('create shop --types *')
  await chmod(file, 0o640)
  const link = join(folder, 'link.json')
  await symlink(file, link)
  await run(`rotate shop --file ${link}`)
  expect((await document()).credentials[0]!.keys).toHaveLength(2)
  expect((await stat(file)).mode & 0o777).toBe(0o640)
  expect(await readdir(join(folder, 'new'))).toEqual(['credentials.json'])
})

test.each([
  ['', /Say what to do/],
  ['creat shop', /There is no "creat"\. Is it create\?/],
  ['create', /create needs one name/],
  ['create a b --types *', /create needs one name/],
  ['create shop', /create needs --types/],
  ['create shop --types order-place', /Is it order-placed\?/],
  ['create shop --types * --max-priority urgent', /one of high, normal, low/],
  ['create shop --types * --rate none', /--rate must be a whole number from 1/],
  ['create shop --types * --expires soon', /--expires takes a length of time/],
  ['create shop --types * --overlap 1h', /--overlap has no meaning here/],
  ['rotate shop --types *', /--types has no meaning here/],
  ['list shop', /"shop" is too much/],
  ['revoke', /revoke needs one id of a key/],
  ['list --nope', /--nope/],
])('%s cannot be followed', (args, message) => {
  expect(() => parseKeysCommand(args.split(' ').filter(Boolean), {})).toThrow(UsageError)
  expect(() => parseKeysCommand(args.split(' ').filter(Boolean), {})).toThrow(message)
})

test('the file is the one that is named, else the gateway’s, else one that git does not take', () => {
  const fileOf = (args: string[], env = {}) =>
    (parseKeysCommand(['list', ...args], env) as { file: string }).file
  const env = { GATEWAY_CREDENTIALS_FILE: 'env.json' }
  expect([fileOf(['--file', 'named.json'], env), fileOf([], env), fileOf([])]).toEqual([
    ...['named.json', 'env.json', '.sluice/credentials.json'],
  ])
})
