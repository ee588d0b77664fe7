import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@sluice/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFleet, type Fleet } from './fleet.ts'
import { CAN_SHARE_PORTS } from './plan.ts'
import type { ProcessNotice, ProcessPlan } from './processes.ts'

const STUB = fileURLToPath(new URL('stub-process.mjs', import.meta.url))
const LIMITS = { patience: 3, timeoutMs: 20_000 }

// Real processes start slowly on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 30_000 })

let folder: string
let journal: string
let fleet: Fleet
let notices: ProcessNotice[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-fleet-'))
  journal = join(folder, 'journal')
  notices = []
  fleet = createFleet({
    logDir: folder,
    onNotice: (notice) => notices.push(notice),
    restartDelayMs: () => 10,
  })
})
afterEach(async () => {
  await fleet.stop(200)
  rmSync(folder, { recursive: true })
})

async function stub(name: string): Promise<ProcessPlan> {
  const port = await freePort()
  const admin = `http://127.0.0.1:${port}`
  return { name, script: STUB, args: [String(port), journal, name], admin, readyBy: 'admin' }
}

const sharing = (plan: ProcessPlan): ProcessPlan => ({ ...plan, args: [...plan.args!, 'share'] })

const journalled = (what: string) =>
  readFileSync(journal, 'utf8')
    .split('\n')
    .filter((line) => line.includes(` ${what} `))
    .map((line) => line.split(' ')[0])

describe('createFleet', () => {
  it('starts a group and says who is ready, in order', async () => {
    const plans = [await stub('a'), await stub('b')]
    const ready = await fleet.start(plans, LIMITS)
    expect(ready.map(({ name, admin }) => ({ name, admin }))).toEqual(
      plans.map(({ name, admin }) => ({ name, admin })),
    )
    expect(fleet.rows()).toMatchObject([
      { name: 'a', state: 'ready', pid: ready[0]!.pid },
      { name: 'b', state: 'ready', pid: ready[1]!.pid },
    ])
    expect(notices).toEqual([])
  })

  it('stops group by group, the last one first', async () => {
    await Promise.all([
      fleet.start([await stub('kafka')], LIMITS),
      fleet.start([await stub('service')], LIMITS),
      fleet.start([await stub('gateway')], LIMITS),
    ])
    await fleet.stop(5000)
    expect(journalled('stopped')).toEqual(['gateway', 'service', 'kafka'])
  })

  it('gives up on a process that crashes again and again before it is ready, with its last lines', async () => {
    const start = fleet.start([await stub('a'), await stub('broken')], LIMITS)
    await expect(start).rejects.toThrow(/broken does not start:\n(.*\n)*.*no such setting/)
    expect(journalled('started').filter((name) => name === 'broken')).toHaveLength(3)
  })

  it('gives up on a process that does not become ready in time', async () => {
    const start = fleet.start([await stub('a'), await stub('slow')], { patience: 3, timeoutMs: 700 })
    await expect(start).rejects.toThrow('slow was not ready after 0.7 s:\n')
  })

  it('starts nothing after it was stopped', async () => {
    await fleet.stop(100)
    await expect(fleet.start([await stub('a')], LIMITS)).rejects.toThrow('stopping')
  })

  it('replaces a process by one on the same port, the old one working until the new one is ready', async (context) => {
    if (!CAN_SHARE_PORTS) context.skip()
    const plan = sharing(await stub('a'))
    const [old] = await fleet.start([plan, await stub('b')], LIMITS)
    const successor = await fleet.replace(plan, { ...LIMITS, overlap: true, graceMs: 5000 })
    expect(successor.pid).not.toBe(old!.pid)
    expect(fleet.rows()).toMatchObject([
      { name: 'a', pid: successor.pid, state: 'ready' },
      { name: 'b', state: 'ready' },
    ])
    const lines = readFileSync(journal, 'utf8').split('\n')
    expect(lines.indexOf(`a started ${successor.pid}`)).toBeLessThan(lines.indexOf(`a stopped ${old!.pid}`))
    expect(notices).toEqual([])
  })

  it('keeps the old process when its successor does not start', async (context) => {
    if (!CAN_SHARE_PORTS) context.skip()
    const plan = sharing(await stub('a'))
    const [old] = await fleet.start([plan], LIMITS)
    const broken = { ...plan, args: plan.args!.with(2, 'broken') }
    await expect(
      fleet.replace(broken, { patience: 1, timeoutMs: 20_000, overlap: true, graceMs: 5000 }),
    ).rejects.toThrow(/a does not start:\n(.*\n)*.*no such setting/)
    expect(fleet.rows()).toMatchObject([{ name: 'a', pid: old!.pid, state: 'ready' }])
    expect(fleet.rows()).toHaveLength(1)
  })

  it('stops the old process first where two cannot share a port', async () => {
    const plan = await stub('a')
    const [old] = await fleet.start([plan], LIMITS)
    const successor = await fleet.replace(plan, { ...LIMITS, overlap: false, graceMs: 5000 })
    const lines = readFileSync(journal, 'utf8').split('\n')
    expect(lines.indexOf(`a stopped ${old!.pid}`)).toBeLessThan(lines.indexOf(`a started ${successor.pid}`))
    expect(fleet.rows()).toMatchObject([{ name: 'a', pid: successor.pid }])
  })

  it('starts no successor when it is stopped meanwhile', async () => {
    const plan = await stub('a')
    await fleet.start([plan], LIMITS)
    const replaced = fleet.replace(plan, { ...LIMITS, overlap: false, graceMs: 5000 })
    await Promise.all([expect(replaced).rejects.toThrow('stopping'), fleet.stop(5000)])
    expect(journalled('started')).toEqual(['a'])
  })

  it('removes processes by name, and knows them no more', async () => {
    await fleet.start([await stub('a'), await stub('b')], LIMITS)
    await fleet.remove(['a', 'never'], 5000)
    expect(fleet.rows().map(({ name }) => name)).toEqual(['b'])
    expect(journalled('stopped')).toEqual(['a'])
  })
})
