import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

// Plain JavaScript without types, because it also runs on a Node that knows no TypeScript.
const { findNode, findPnpm, NODE_VERSIONS, PNPM_VERSION } = await import(
  new URL('toolchain.mjs', import.meta.url).href
)

let folder: string
let state: string
let brought: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-toolchain-')))
  state = join(folder, 'state', 'toolchain.json')
  brought = join(folder, 'binary')
  writeFileSync(brought, '')
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

/** A machine by what it does with a command line; unknown ones fail, as a missing program does. */
function machine(commands: Record<string, () => string>) {
  return vi.fn(async (file: string, args: string[]) => {
    const line = [file, ...args].join(' ')
    const found = Object.entries(commands).find(([start]) => line.startsWith(start))
    if (found === undefined) throw new Error(`${file}: not found`)
    return found[1]()
  })
}
const npxNode = (version: string) => `npx --yes --package=node@${version}`
const said = () =>
  vi
    .mocked(process.stderr.write)
    .mock.calls.map(([text]) => String(text))
    .join('')

describe('findNode', () => {
  it("takes the machine's own when it is new enough", async () => {
    const execute = machine({})
    expect(await findNode({ state, version: '24.0.0', execute })).toBe(process.execPath)
    expect(execute).not.toHaveBeenCalled()
  })

  it('brings one by npx when the machine has an old one, and remembers it', async () => {
    const execute = machine({
      [npxNode(NODE_VERSIONS[0])]: () => `${brought}\n`,
      [`${brought} --version`]: () => 'v26',
    })
    expect(await findNode({ state, version: '18.20.0', execute })).toBe(brought)
    const calls = execute.mock.calls.length
    expect(await findNode({ state, version: '18.20.0', execute })).toBe(brought)
    expect(execute.mock.calls).toHaveLength(calls)
  })

  it('falls back to the next when the first does not run, and says why in one line', async () => {
    const other = join(folder, 'other')
    writeFileSync(other, '')
    const execute = machine({
      [npxNode(NODE_VERSIONS[0])]: () => brought,
      [`${brought} --version`]: () => {
        throw new Error('error while loading shared libraries: libatomic.so.1')
      },
      [npxNode(NODE_VERSIONS[1])]: () => other,
      [`${other} --version`]: () => 'v24',
    })
    expect(await findNode({ state, version: '20.0.0', execute })).toBe(other)
    expect(said()).toMatch(/Node 24\S* it is, because Node 26\S* did not run \(.*libatomic.*\)\.\n/)
  })

  it('looks again when what it remembered is gone or of another version', async () => {
    const execute = machine({ [npxNode(NODE_VERSIONS[0])]: () => brought, [brought]: () => '' })
    await findNode({ state, version: '20.0.0', execute })
    const remembered = JSON.parse(readFileSync(state, 'utf8'))
    for (const node of [
      { ...remembered.node, path: '/gone' },
      { ...remembered.node, version: '25.0.0' },
    ]) {
      writeFileSync(state, JSON.stringify({ node }))
      execute.mockClear()
      expect(await findNode({ state, version: '20.0.0', execute })).toBe(brought)
      expect(execute).toHaveBeenCalled()
    }
  })

  it('says what to do when none can be brought', async () => {
    await expect(findNode({ state, version: '20.0.0', execute: machine({}) })).rejects.toThrow(
      /Sluice needs Node 24 or newer.*npx: not found.*\nIs the network there\?/s,
    )
  })
})

describe('findPnpm', () => {
  it("takes the machine's own when its major version is right", async () => {
    const execute = machine({ 'pnpm --version': () => '12.0.1\n' })
    expect(await findPnpm({ state, execute })).toBe('pnpm')
  })

  it('brings one by npx when there is none or an old one', async () => {
    const execute = machine({
      'pnpm --version': () => '9.1.0\n',
      [`npx --yes --package=pnpm@${PNPM_VERSION}`]: () => brought,
      [`${brought} --version`]: () => PNPM_VERSION,
    })
    expect(await findPnpm({ state, execute })).toBe(brought)
  })

  it('says what to do when none can be brought', async () => {
    await expect(findPnpm({ state, execute: machine({}) })).rejects.toThrow(
      `npm install --global pnpm@${PNPM_VERSION}`,
    )
  })
})
