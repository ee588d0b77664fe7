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

  function launch(plan: ProcessPlan, patience: number) {
    const { promise, resolve, reject } = Promise.withResolvers<ReadyProcess>()
    let crashes = 0
    let wasReady = false
    const supervised = superviseProcess(plan, {
      logFile: join(logDir, `${plan.name}.log`),
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

  return {
    async start(plans, { patience, timeoutMs }) {
      if (stopping) throw new StartError('Sluice is stopping.')
      const launched = plans.map((plan) => launch(plan, patience))
      const group = launched.map(({ supervised }) => supervised)
      groups.push(group)
      const deadline = Promise.withResolvers<never>()
      const timer = setTimeout(() => deadline.reject(new StartError(late(group, timeoutMs))), timeoutMs)
      try {
        return await Promise.race([Promise.all(launched.map(({ ready }) => ready)), deadline.promise])
      } finally {
        clearTimeout(timer)
      }
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
