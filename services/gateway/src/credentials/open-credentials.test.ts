import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalogue } from '@sluice/events'
import { createLogger, createMetrics } from '@sluice/telemetry'
import { expect, onTestFinished, test } from 'vitest'
import { isRefused } from './authenticate.ts'
import { createTestCredentials, type TestCredential } from './credentials-fixture.ts'
import { openCredentials } from './open-credentials.ts'

/** Whole at once: what is read while it is written would be a state of its own. */
async function put(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

async function setup(...wanted: readonly TestCredential[]) {
  const folder = await mkdtemp(join(tmpdir(), 'credentials-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'credentials.json')
  const first = createTestCredentials(...wanted)
  await writeFile(file, first.text)
  const logged: string[] = []
  const metrics = createMetrics('gateway')
  const log = createLogger({
    service: 'gateway',
    level: 'info',
    destination: { write: (line: string) => void logged.push(line) },
  })
  const open = (path: string | undefined) =>
    openCredentials({ file: path, entries: catalogue, metrics, log, everyMs: 5 })
  return { folder, file, first, logged, metrics, open }
}

type Opened = Awaited<ReturnType<typeof openCredentials>>

function nameOf({ authenticate }: Opened, token: string): string {
  const who = authenticate(`Bearer ${token}`, new Socket())
  if (who instanceof Promise) throw new Error('A key is read at once.')
  return isRefused(who) ? who.reason : who.name
}

test('a key that is taken out of the file stops, one that is put in starts', async () => {
  const { file, first, open } = await setup({ name: 'shop' })
  const opened = await open(file)
  onTestFinished(opened.stop)
  expect(nameOf(opened, first.tokens['shop']!)).toBe('shop')
  const second = createTestCredentials({ name: 'shop' })
  await writeFile(file, second.text)
  await expect.poll(() => nameOf(opened, second.tokens['shop']!)).toBe('shop')
  expect(nameOf(opened, first.tokens['shop']!)).toBe('unknown')
})

test('a file may be renamed over, or behind a link', async () => {
  const { folder, file, open } = await setup({ name: 'shop' })
  const link = join(folder, 'link.json')
  await symlink(file, link)
  const opened = await open(link)
  onTestFinished(opened.stop)
  for (const name of ['renamed', 'linked']) {
    const next = createTestCredentials({ name })
    await writeFile(join(folder, name), next.text)
    if (name === 'renamed') await rename(join(folder, name), file)
    else {
      await symlink(join(folder, name), join(folder, 'next'))
      await rename(join(folder, 'next'), link)
    }
    await expect.poll(() => nameOf(opened, next.tokens[name]!)).toBe(name)
  }
})

test('what cannot be used changes nothing, and is said once', async () => {
  const { file, first, open, logged, metrics } = await setup({ name: 'shop' })
  const opened = await open(file)
  onTestFinished(opened.stop)
  const errors = () => logged.filter((line) => line.includes('"level":"error"'))
  await put(file, '{"credentials": [{"name": "half"}]}')
  await expect.poll(() => errors().length).toBe(1)
  expect(errors()[0]).toContain('credentials[0].types')
  expect(nameOf(opened, first.tokens['shop']!)).toBe('shop')
  expect(await metrics.text()).toContain('sluice_outdated_files{file="credentials",service="gateway"} 1')

  await rm(file)
  await expect.poll(() => errors().length).toBe(2)
  expect(nameOf(opened, first.tokens['shop']!)).toBe('shop')

  await put(file, first.text)
  await expect
    .poll(() => metrics.text())
    .toContain('sluice_outdated_files{file="credentials",service="gateway"} 0')
  expect(errors()).toHaveLength(2)
})

test('a reload gives nobody a new burst, unless the limits changed', async () => {
  const limits = { eventsPerSecond: 1, burst: 5 }
  const { file, first, open, logged } = await setup({ name: 'shop', limits })
  const opened = await open(file)
  onTestFinished(opened.stop)
  const admission = () =>
    (
      opened.authenticate(`Bearer ${first.tokens['shop']}`, new Socket()) as {
        admission: { takeEvents(n: number): number }
      }
    ).admission
  expect(admission().takeEvents(5)).toBe(5)
  const document = JSON.parse(first.text)
  await put(file, JSON.stringify({ credentials: [...document.credentials, { name: 'other', types: [] }] }))
  await expect.poll(() => logged.filter((line) => line.includes('are in force')).length).toBe(2)
  expect(admission().takeEvents(5)).toBe(0)
  document.credentials[0].limits.burst = 6
  await put(file, JSON.stringify(document))
  await expect.poll(() => logged.filter((line) => line.includes('are in force')).length).toBe(3)
  expect(admission().takeEvents(6)).toBe(6)
})

test('a file that is not there or not valid keeps the gateway from starting', async () => {
  const { folder, file, open } = await setup()
  await expect(open(join(folder, 'none'))).rejects.toThrow(/GATEWAY_CREDENTIALS_FILE: .*none.*ENOENT/)
  await writeFile(file, '[]')
  await expect(open(file)).rejects.toThrow(/the document: must be object/)
})

test('a type that is not there is named, with the one that was likely meant', async () => {
  const { file, open, logged } = await setup({ name: 'shop', types: ['order-place'] })
  onTestFinished((await open(file)).stop)
  const [line] = logged.filter((text) => text.includes('not there'))
  expect(JSON.parse(line!)).toMatchObject({
    credential: 'shop',
    type: 'order-place',
    nearest: 'order-placed',
  })
})

test('without a file anybody may post, which is said loudly', async () => {
  const { open, logged } = await setup()
  expect((await open(undefined)).authenticate(undefined, new Socket())).toMatchObject({ name: 'anybody' })
  expect(JSON.parse(logged.at(-1)!)).toMatchObject({ level: 'warn', msg: expect.stringContaining('anybody') })
})
