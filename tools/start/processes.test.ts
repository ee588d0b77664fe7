import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@sluice/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  defaultRestartDelayMs,
  type ProcessNotice,
  type ProcessPlan,
  type SupervisedProcess,
  superviseProcess,
} from './processes.ts'

const STUB = fileURLToPath(new URL('stub-process.mjs', import.meta.url))
const SOON = { timeout: 20_000, interval: 20 }

// Real processes start slowly on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 30_000 })

let folder: string
let journal: string
let running: SupervisedProcess[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-processes-'))
  journal = join(folder, 'journal')
  running = []
})
afterEach(async () => {
  await Promise.all(running.map((supervised) => supervised.stop(200)))
  rmSync(folder, { recursive: true })
})

async function stub(name: string): Promise<ProcessPlan> {
  const port = await freePort()
  return {
    name,
    script: STUB,
    args: [String(port), journal, name],
    admin: `http://127.0.0.1:${port}`,
    readyBy: 'admin',
  }
}

function supervise(plan: ProcessPlan) {
  const notices: ProcessNotice[] = []
  const supervised = superviseProcess(plan, {
    notify: (notice) => notices.push(notice),
    logFile: join(folder, `${plan.name}.log`),
    restartDelayMs: () => 20,
  })
  running.push(supervised)
  const heard = (kind: ProcessNotice['kind'], count = 1) =>
    vi.waitFor(() => {
      const found = notices.filter((notice) => notice.kind === kind)
      expect(found.length).toBeGreaterThanOrEqual(count)
      return found[count - 1]!
    }, SOON)
  return { supervised, heard, notices }
}

const readJournal = () => readFileSync(journal, 'utf8').trim().split('\n')

describe('superviseProcess', () => {
  it('is ready when the admin server says so', async () => {
    const { supervised, heard } = supervise(await stub('a'))
    expect(supervised.status().state).toBe('starting')
    expect(await heard('ready')).toMatchObject({ name: 'a', restarts: 0 })
    expect(supervised.status()).toMatchObject({ state: 'ready', restarts: 0 })
  })

  it('announces a crash with the last lines, starts the process again and says so', async () => {
    const plan = await stub('a')
    const { supervised, heard } = supervise(plan)
    const first = await heard('ready')
    await fetch(`${plan.admin}/crash`).catch(() => {})
    expect(await heard('crashed')).toMatchObject({
      code: 3,
      signal: null,
      lines: ['a says hello', 'something broke'],
      restartInMs: 20,
    })
    const second = await heard('ready', 2)
    expect(second).toMatchObject({ restarts: 1 })
    expect(second.pid).not.toBe(first.pid)
    expect(supervised.status()).toMatchObject({ state: 'ready', restarts: 1, pid: second.pid })
  })

  it('notices a kill -9', async () => {
    const { heard } = supervise(await stub('a'))
    const { pid } = await heard('ready')
    process.kill(pid!, 'SIGKILL')
    expect(await heard('crashed')).toMatchObject({ code: null, signal: 'SIGKILL', pid })
    await heard('ready', 2)
  })

  it('keeps trying with a process that cannot start', async () => {
    const { heard } = supervise(await stub('broken'))
    expect(await heard('crashed', 3)).toMatchObject({
      code: 2,
      lines: expect.arrayContaining(['no such setting']),
    })
  })

  it('writes everything to the log file', async () => {
    const { supervised, heard } = supervise(await stub('a'))
    await heard('ready')
    await supervised.stop(5000)
    expect(readFileSync(join(folder, 'a.log'), 'utf8')).toBe('a says hello\n')
  })

  it('stops with SIGTERM and does not start again', async () => {
    const { supervised, heard, notices } = supervise(await stub('a'))
    await heard('ready')
    await supervised.stop(5000)
    expect(supervised.status()).toEqual({ pid: undefined, state: 'stopped', restarts: 0 })
    expect(readJournal().at(-1)).toMatch(/^a stopped/)
    expect(notices.map(({ kind }) => kind)).toEqual(['ready'])
  })

  it('can be told to stop by two at once', async () => {
    const { supervised, heard } = supervise(await stub('a'))
    await heard('ready')
    await Promise.all([supervised.stop(5000), supervised.stop(5000)])
    expect(supervised.status().state).toBe('stopped')
    expect(readJournal().filter((line) => line.startsWith('a stopped'))).toHaveLength(1)
  })

  it('ends a process that ignores SIGTERM when its grace is over', async () => {
    const { supervised, heard } = supervise(await stub('stubborn'))
    const { pid } = await heard('ready')
    await supervised.stop(100)
    expect(readJournal().at(-1)).toMatch(/^stubborn ignored SIGTERM/)
    expect(isAlive(pid!)).toBe(false)
  })

  it('stops while it waits for a restart', async () => {
    const plan = await stub('broken')
    const notices: ProcessNotice[] = []
    const supervised = superviseProcess(plan, {
      notify: (notice) => notices.push(notice),
      logFile: join(folder, 'log'),
      restartDelayMs: () => 1_000_000,
    })
    await vi.waitFor(() => expect(notices).toHaveLength(1), SOON)
    expect(supervised.status()).toMatchObject({ state: 'waiting', pid: undefined })
    await supervised.stop(5000)
    expect(supervised.status().state).toBe('stopped')
  })

  it('leaves no process behind when the supervisor is killed with -9', async () => {
    const plans = [await stub('a'), await stub('b')]
    const module = new URL('processes.ts', import.meta.url).href
    const code = `
      import { superviseProcess } from ${JSON.stringify(module)}
      for (const plan of ${JSON.stringify(plans)}) {
        const logFile = ${JSON.stringify(folder)} + '/' + plan.name + '.log'
        superviseProcess(plan, { logFile, notify: ({ name, pid }) => console.log(name, pid) })
      }`
    const supervisor = spawn(process.execPath, ['--input-type=module', '-e', code])
    let output = ''
    supervisor.stdout.on('data', (chunk) => {
      output += chunk
    })
    await vi.waitFor(() => expect(output.trim().split('\n')).toHaveLength(2), SOON)
    const pids = output
      .trim()
      .split('\n')
      .map((line) => Number(line.split(' ')[1]))
    expect(pids.map(isAlive)).toEqual([true, true])

    supervisor.kill('SIGKILL')
    await vi.waitFor(() => expect(pids.map(isAlive)).toEqual([false, false]), SOON)
    expect(readJournal().filter((line) => line.includes('orphaned'))).toHaveLength(2)
  })
})

describe('defaultRestartDelayMs', () => {
  it('doubles from one second to thirty', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(defaultRestartDelayMs)).toEqual([
      1000, 2000, 4000, 8000, 16_000, 30_000, 30_000,
    ])
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
