import { join } from 'node:path'
import type { ProcessRow } from './layout.ts'
import {
  type ProcessNotice,
  type ProcessPlan,
  type SupervisedProcess,
  superviseProcess,
} from './processes.ts'

/** The processes of one start, in the order in which they were started. */
export type Fleet = {
  /**
   * Starts a group side by side. Resolves with what each said when it was ready, by name, in order.
   * Rejects with {@link StartError} when one crashed `patience` times before it was ever ready, or when they
   * took longer than `timeoutMs`.
   */
  start(plans: readonly ProcessPlan[], limits: StartLimits): Promise<ReadyProcess[]>
  /**
   * Starts the successor of the process of the same name. With `overlap` the old one is stopped when the new one is ready,
   * and stays when that fails; without, it is stopped first. Rejects like `start`.
   */
  replace(
    plan: ProcessPlan,
    how: StartLimits & { readonly overlap: boolean; readonly graceMs: number },
  ): Promise<ReadyProcess>
  /** Stops the processes of these names, and forgets them. */
  remove(names: readonly string[], graceMs: number): Promise<void>
  rows(): ProcessRow[]
  /** Stops the groups in reverse order, a group's processes side by side. Nothing starts after this. */
  stop(graceMs: number): Promise<void>
  /** Ends everything at once, without waiting. */
  kill(): void
}

export type StartLimits = { readonly patience: number; readonly timeoutMs: number }

export type ReadyProcess = {
  readonly name: string
  readonly pid: number
  readonly admin: string | undefined
  readonly message: unknown
}

/** Something did not start. The message has its last lines. Caught by the command, which stops the rest. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly code = 'start-failed'
}

export type FleetOptions = {
  readonly logDir: string
  /** Hears of crashes and restarts; the first `ready` of a process is not news. */
  readonly onNotice: (notice: ProcessNotice) => void
  readonly restartDelayMs?: (restart: number) => number
}

export function createFleet(options: FleetOptions): Fleet {
  const { logDir, onNotice, restartDelayMs } = options
  const groups: SupervisedProcess[][] = []
  let stopping = false

  function launch(plan: ProcessPlan, patience: number, keepLog = false) {
    const { promise, resolve, reject } = Promise.withResolvers<ReadyProcess>()
    let crashes = 0
    let wasReady = false
    const supervised = superviseProcess(plan, {
      logFile: join(logDir, `${plan.name}.log`),
      keepLog,
      ...(restartDelayMs && { restartDelayMs }),
      notify(notice) {
        if (notice.kind === 'ready') {
          if (wasReady || notice.restarts > 0) onNotice(notice)
          wasReady = true
          resolve({ name: plan.name, pid: notice.pid, admin: plan.admin, message: notice.message })
          return
        }
        crashes += 1
        if (!wasReady && crashes >= patience) {
          reject(new StartError(`${plan.name} does not start:\n${indent(notice.lines)}`))
        } else onNotice(notice)
      },
    })
    return { supervised, ready: promise }
  }

  /** Resolves when all are ready, within the limits. */
  async function untilReady(
    launched: readonly ReturnType<typeof launch>[],
    timeoutMs: number,
  ): Promise<ReadyProcess[]> {
    const group = launched.map(({ supervised }) => supervised)
    const deadline = Promise.withResolvers<never>()
    const timer = setTimeout(() => deadline.reject(new StartError(late(group, timeoutMs))), timeoutMs)
    try {
      return await Promise.race([Promise.all(launched.map(({ ready }) => ready)), deadline.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  function forget(supervised: SupervisedProcess): void {
    for (const group of groups) {
      const at = group.indexOf(supervised)
      if (at >= 0) group.splice(at, 1)
    }
  }

  async function stopAndForget(supervised: SupervisedProcess, graceMs: number): Promise<void> {
    await supervised.stop(graceMs)
    forget(supervised)
  }

  return {
    async start(plans, { patience, timeoutMs }) {
      if (stopping) throw new StartError('Sluice is stopping.')
      const launched = plans.map((plan) => launch(plan, patience))
      groups.push(launched.map(({ supervised }) => supervised))
      return untilReady(launched, timeoutMs)
    },
    async replace(plan, { patience, timeoutMs, overlap, graceMs }) {
      if (stopping) throw new StartError('Sluice is stopping.')
      const group = groups.find((members) => members.some(({ name }) => name === plan.name))
      const old = group?.find(({ name }) => name === plan.name)
      if (group === undefined || old === undefined) throw new StartError(`${plan.name} does not run.`)
      if (!overlap) await old.stop(graceMs)
      if (stopping) throw new StartError('Sluice is stopping.')
      const successor = launch(plan, patience, true)
      group.splice(group.indexOf(old), 1, ...(overlap ? [old] : []), successor.supervised)
      try {
        const [ready] = await untilReady([successor], timeoutMs)
        if (overlap) await stopAndForget(old, graceMs)
        return ready!
      } catch (error) {
        if (overlap) await stopAndForget(successor.supervised, graceMs)
        throw error
      }
    },
    async remove(names, graceMs) {
      const gone = groups.flat().filter(({ name }) => names.includes(name))
      await Promise.all(gone.map((supervised) => stopAndForget(supervised, graceMs)))
    },
    rows: () => groups.flat().map(({ name, admin, status }) => ({ name, admin, ...status() })),
    async stop(graceMs) {
      stopping = true
      for (const group of groups.toReversed()) {
        await Promise.all(group.map((supervised) => supervised.stop(graceMs)))
      }
    },
    kill() {
      stopping = true
      for (const supervised of groups.flat()) supervised.kill()
    },
  }
}

function late(group: readonly SupervisedProcess[], timeoutMs: number): string {
  const waiting = group.filter((supervised) => supervised.status().state !== 'ready')
  return waiting
    .map(
      ({ name, lastLines }) => `${name} was not ready after ${timeoutMs / 1000} s:\n${indent(lastLines())}`,
    )
    .join('\n')
}

function indent(lines: readonly string[]): string {
  return lines.length === 0 ? '  (it wrote nothing)' : lines.map((line) => `  ${line}`).join('\n')
}
