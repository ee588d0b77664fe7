import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export type ProcessOrder = {
  readonly name: string
  /** The TypeScript file to run. */
  readonly script: string
  readonly env?: Readonly<Record<string, string>>
  /** Gets everything that it writes. */
  readonly logFile: string
  /** Keep a CPU profile in a folder of the process's name in this one. */
  readonly profileDir?: string | undefined
}

export type RunningProcess = {
  readonly name: string
  readonly pid: number
  readonly child: ChildProcess
  /** Whether it still runs. */
  alive(): boolean
  /** The end of what it wrote. */
  log(): string
  /** SIGTERM, and SIGKILL when that was not enough. Resolves when it is gone. */
  stop(): Promise<void>
}

const STOP_GRACE_MS = 15_000
const LOG_TAIL = 2000

/**
 * Runs a file under the Node that runs us. A session of its own keeps the terminal's Ctrl-C from it; its IPC
 * channel ends it when we are gone, however we went.
 */
export function startProcess({ name, script, env, logFile, profileDir }: ProcessOrder): RunningProcess {
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'w')
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profileDir, name)}`]
  const child = spawn(process.execPath, [...profile, script], {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', log, log, 'ipc'],
    serialization: 'advanced',
    detached: true,
  })
  closeSync(log)
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const alive = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  return {
    name,
    pid: child.pid ?? 0,
    child,
    alive,
    log: () => readFileSync(logFile, 'utf8').slice(-LOG_TAIL),
    async stop() {
      if (!alive()) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS)
      await gone
      clearTimeout(timer)
    },
  }
}

const READY_TIMEOUT_MS = 60_000
const POLL_MS = 100

/** Waits until `url` answers 200. Rejects when the process ends first, or takes a minute. */
export async function untilReady(running: RunningProcess, url: string): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    if (!running.alive()) throw new Error(`${running.name} ended before it was ready:\n${running.log()}`)
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined)
    await response?.body?.cancel()
    if (response?.status === 200) return
    if (performance.now() > deadline)
      throw new Error(`${running.name} was not ready after a minute:\n${running.log()}`)
    await delay(POLL_MS)
  }
}
