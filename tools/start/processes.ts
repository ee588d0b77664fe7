import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { get } from 'node:http'

/** A process to run: a TypeScript file under the Node that runs us. */
export type ProcessPlan = {
  readonly name: string
  /** Path of the file. */
  readonly script: string
  readonly args?: readonly string[]
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Where its admin server will listen. */
  readonly admin?: string
  /**
   * When it counts as ready: its admin server's /readyz answers 200, it sends `{ready: …}` over IPC, or its
   * process exists.
   */
  readonly readyBy: 'admin' | 'message' | 'spawn'
  /**
   * It has a process of its own to stop, which a SIGKILL would leave behind. It is never sent one: SIGTERM or
   * the end of its IPC channel must do, and its own stopping must be bounded.
   */
  readonly ownsProcess?: boolean
}

/** What a process may send over IPC: that it is ready, or why it is about to exit. */
export type ProcessMessage = { readonly ready: unknown } | { readonly failed: string }

/**
 * What a supervised process goes through:
 *
 *     starting → ready
 *        ↑  ↘      ↓ it exits
 *        └─ waiting            (1 s, 2 s, 4 s … 30 s; short again after a good minute)
 *     any → stopping → stopped (stop or kill)
 */
export type ProcessState = 'starting' | 'ready' | 'waiting' | 'stopping' | 'stopped'

/** Something that whoever watches should hear about. */
export type ProcessNotice =
  | {
      readonly kind: 'crashed'
      readonly name: string
      readonly pid: number | undefined
      readonly code: number | null
      readonly signal: NodeJS.Signals | null
      /** Why, if it said so over IPC; otherwise the last lines that it wrote, oldest first. */
      readonly lines: readonly string[]
      /** Whether `lines` is what it said. */
      readonly explained: boolean
      readonly restartInMs: number
    }
  | {
      readonly kind: 'ready'
      readonly name: string
      readonly pid: number
      readonly restarts: number
      /** What it sent with its `ready`. */
      readonly message: unknown
    }

export type SupervisedProcess = {
  readonly name: string
  readonly admin: string | undefined
  status(): { readonly pid: number | undefined; readonly state: ProcessState; readonly restarts: number }
  /** The last lines that it wrote since it was last started, oldest first. */
  lastLines(): readonly string[]
  /**
   * SIGTERM, after `graceMs` SIGKILL. Resolves when the process is gone, and then it stays away. Who asks again waits for
   * the same end, with the grace of the first.
   */
  stop(graceMs: number): Promise<void>
  /** SIGKILL, at once and without waiting. */
  kill(): void
}

export type SuperviseOptions = {
  readonly notify: (notice: ProcessNotice) => void
  /** Gets everything that the process writes; emptied when supervision begins, unless `keepLog`. */
  readonly logFile: string
  readonly keepLog?: boolean
  /** The pause before restart number n, from 1 on, in milliseconds. */
  readonly restartDelayMs?: (restart: number) => number
}

const LAST_LINES = 20
const LAST_BYTES = 32 * 1024
const POLL_MS = 100
const GOOD_RUN_MS = 60_000

export function defaultRestartDelayMs(restart: number): number {
  return Math.min(1000 * 2 ** (restart - 1), 30_000)
}

/**
 * Runs a process and starts it again when it exits. It is the leader of a session of its own, so that a
 * Ctrl-C in the terminal reaches us alone and we decide the order in which things stop. Its IPC channel
 * tells it when we are gone, however we went: it must then end by itself. It writes to its log file, not to
 * a pipe of ours: a pipe would break with us, and a process that cannot log has been seen not to end.
 */
export function superviseProcess(plan: ProcessPlan, options: SuperviseOptions): SupervisedProcess {
  const { notify, restartDelayMs = defaultRestartDelayMs } = options
  // Appending, so that stdout and stderr do not overwrite each other; our own descriptor reads it.
  closeSync(openSync(options.logFile, options.keepLog ? 'a' : 'w'))
  const log = openSync(options.logFile, 'a+')
  let logStart = 0
  let spawnFailure: string | undefined
  let state: ProcessState = 'starting'
  let restarts = 0
  let crashesInARow = 0
  let restartTimer: NodeJS.Timeout | undefined
  let child: ChildProcess
  let gone: Promise<void>
  let failure: string | undefined
  let stopped: Promise<void> | undefined

  launch()

  return {
    name: plan.name,
    admin: plan.admin,
    status: () => ({
      pid: state === 'waiting' || state === 'stopped' ? undefined : child.pid,
      state,
      restarts,
    }),
    lastLines,
    stop(graceMs) {
      stopped ??= terminate(graceMs)
      return stopped
    },
    kill() {
      state = 'stopping'
      clearTimeout(restartTimer)
      if (!plan.ownsProcess) child.kill('SIGKILL')
      else if (child.connected) child.disconnect()
    },
  }

  async function terminate(graceMs: number): Promise<void> {
    state = 'stopping'
    clearTimeout(restartTimer)
    child.kill('SIGTERM')
    const deadline = setTimeout(() => {
      if (!plan.ownsProcess) child.kill('SIGKILL')
    }, graceMs)
    await gone
    clearTimeout(deadline)
    state = 'stopped'
    closeSync(log)
  }

  function lastLines(): string[] {
    if (state === 'stopped') return []
    const { size } = fstatSync(log)
    const from = Math.max(logStart, size - LAST_BYTES)
    const buffer = Buffer.alloc(size - from)
    readSync(log, buffer, 0, buffer.length, from)
    const lines = buffer
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
    return [...lines, ...(spawnFailure === undefined ? [] : [spawnFailure])].slice(-LAST_LINES)
  }

  function launch(): void {
    const started = Date.now()
    state = 'starting'
    spawnFailure = undefined
    logStart = fstatSync(log).size
    const current = spawn(process.execPath, [plan.script, ...(plan.args ?? [])], {
      env: { ...process.env, ...plan.env },
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    })
    child = current
    failure = undefined
    current.on('message', (message: ProcessMessage) => {
      if ('failed' in message) failure = message.failed
      else if (plan.readyBy === 'message') becomeReady(current, message.ready)
    })
    gone = new Promise((resolve) => {
      let settled = false
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        if (settled) return
        settled = true
        resolve()
        if (state !== 'stopping') restartLater(current.pid, code, signal, Date.now() - started)
      }
      current.on('exit', end)
      current.on('error', (error) => {
        spawnFailure = error.message
        if (current.pid === undefined) end(null, null)
      })
    })
    if (plan.readyBy === 'admin') void pollUntilReady(current, plan.admin!)
    if (plan.readyBy === 'spawn') current.once('spawn', () => becomeReady(current, undefined))
  }

  function restartLater(
    pid: number | undefined,
    code: number | null,
    signal: NodeJS.Signals | null,
    ranMs: number,
  ): void {
    state = 'waiting'
    crashesInARow = ranMs >= GOOD_RUN_MS ? 1 : crashesInARow + 1
    const restartInMs = restartDelayMs(crashesInARow)
    restartTimer = setTimeout(() => {
      restarts += 1
      launch()
    }, restartInMs)
    notify({
      kind: 'crashed',
      name: plan.name,
      pid,
      code,
      signal,
      lines: failure?.split('\n') ?? lastLines(),
      explained: failure !== undefined,
      restartInMs,
    })
  }

  function becomeReady(current: ChildProcess, message: unknown): void {
    if (current !== child || state !== 'starting') return
    state = 'ready'
    notify({ kind: 'ready', name: plan.name, pid: current.pid!, restarts, message })
  }

  async function pollUntilReady(current: ChildProcess, admin: string): Promise<void> {
    while (current === child && state === 'starting') {
      if (await answersReady(admin, current.pid)) return becomeReady(current, undefined)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}

/**
 * Whether this process says that it is ready. Another may listen on the same port, so who answers counts, and each time a
 * new connection is made. One that gives no id is taken to be the one that was asked.
 */
function answersReady(admin: string, pid: number | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(`${admin}/readyz`, { agent: false, timeout: 2000 }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve(response.statusCode === 200 && isFrom(pid, text)))
      response.on('error', () => resolve(false))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false)) // not listening yet
  })
}

function isFrom(pid: number | undefined, answer: string): boolean {
  try {
    return ((JSON.parse(answer) as { pid?: number }).pid ?? pid) === pid
  } catch {
    return false
  }
}
