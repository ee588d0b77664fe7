import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { askInstance, claimInstance, socketPath } from './single-instance.ts'

describe('claimInstance', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-claim-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const claim = (root: string, state: object = {}) => claimInstance({ root, folder, state: () => state })

  it('gives the second one the state of the first', async () => {
    const first = await claim('/here', { pid: 7 })
    expect(first.claimed).toBe(true)
    expect(await claim('/here')).toEqual({ claimed: false, state: { pid: 7 } })
    if (first.claimed) await first.release()
  })

  it('asks for the state anew each time', async () => {
    const state = { ready: false }
    const first = await claim('/here', state)
    state.ready = true
    expect(await claim('/here')).toEqual({ claimed: false, state: { ready: true } })
    if (first.claimed) await first.release()
  })

  it('lets go on release', async () => {
    const first = await claim('/here')
    if (first.claimed) await first.release()
    const second = await claim('/here')
    expect(second.claimed).toBe(true)
    if (second.claimed) await second.release()
  })

  it('keeps checkouts apart', async () => {
    const claims = [await claim('/here'), await claim('/there')]
    expect(claims.map(({ claimed }) => claimed)).toEqual([true, true])
    for (const each of claims) if (each.claimed) await each.release()
  })

  it('takes over a socket that a killed process left behind', async () => {
    const path = socketPath('/here', folder)
    const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('on'))`
    const child = spawn(process.execPath, ['-e', code])
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(existsSync(path)).toBe(true)

    const after = await claim('/here')
    expect(after.claimed).toBe(true)
    expect(await claim('/here')).toMatchObject({ claimed: false })
    if (after.claimed) await after.release()
  })

  it('answers what else is asked, however long that takes, and everybody', async () => {
    const asked: string[] = []
    const gate = Promise.withResolvers<void>()
    const first = await claimInstance({
      root: '/here',
      folder,
      state: () => 'a state',
      async answer(request) {
        asked.push(request)
        await gate.promise
        return { did: request }
      },
    })
    const ask = (request: string) => askInstance({ root: '/here', folder, request, timeoutMs: 10_000 })
    const answers = Promise.all([ask('reload'), ask('another')])
    expect(await ask('state')).toBe('a state')
    gate.resolve()
    expect(await answers).toEqual([{ did: 'reload' }, { did: 'another' }])
    expect(asked.sort()).toEqual(['another', 'reload'])
    if (first.claimed) await first.release()
  })

  it('says nothing where nobody listens', async () => {
    expect(await askInstance({ root: '/here', folder, request: 'reload', timeoutMs: 10_000 })).toBeUndefined()
  })

  it('respects one that answers nonsense', async () => {
    const server = createServer((socket) => socket.end('not json'))
    server.listen(socketPath('/here', folder))
    await once(server, 'listening')
    expect(await claim('/here')).toEqual({ claimed: false, state: undefined })
    server.close()
  })

  it('stays within the length of a Unix socket path however deep the checkout is', () => {
    expect(socketPath(`/${'deep/'.repeat(100)}`, '/tmp').length).toBeLessThan(100)
  })
})
