import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const { installPackages } = await import(new URL('install.mjs', import.meta.url).href)

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-install-'))
  for (const folder of ['packages/a', 'node_modules']) mkdirSync(join(root, folder), { recursive: true })
  for (const file of ['pnpm-lock.yaml', 'package.json', 'packages/a/package.json']) write(file, '1')
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(root, { recursive: true })
})

const write = (file: string, text: string) => writeFileSync(join(root, file), text)

/** A pnpm that journals its command lines. */
function fakePnpm(exit = 0): string {
  const path = join(root, 'pnpm')
  write('pnpm', `#!/bin/sh\necho "$@" >> "${root}/journal"\necho "reason: offline" >&2\nexit ${exit}\n`)
  chmodSync(path, 0o755)
  return path
}

const install = (exit = 0) => installPackages({ root, env: process.env, pnpm: async () => fakePnpm(exit) })
const runs = () => readFileSync(join(root, 'journal'), 'utf8').trim().split('\n').length

it('installs what the lockfile says, once', async () => {
  await install()
  await install()
  expect(runs()).toBe(1)
  expect(readFileSync(join(root, 'journal'), 'utf8')).toMatch(/^install --frozen-lockfile/)
})

it.each(['pnpm-lock.yaml', 'package.json', 'packages/a/package.json'])(
  'installs again when %s changed',
  async (file) => {
    await install()
    write(file, '2')
    await install()
    expect(runs()).toBe(2)
  },
)

it('tells why when it fails, and tries again the next time', async () => {
  await expect(install(1)).rejects.toThrow(/reason: offline\n\nThe packages could not be installed/)
  await install()
  expect(runs()).toBe(2)
})
