import { setTimeout as delay } from 'node:timers/promises'
import { type RejectedRedriveReport, rejectedFilters } from '@sluice/operations'
import { askGateway } from './ask-gateway.ts'
import type { RejectedRedriveCommand } from './rejected-options.ts'

const POLL_MS = 250

/**
 * Asks a gateway to judge rejected events once more, and waits for the end of its job. When the signal is aborted, the job
 * is asked to stop, and its report is that of what it did.
 * @throws Error with what to do, when the gateway cannot be reached, refuses, or its job failed without a report
 */
export async function redriveAtGateway(
  command: RejectedRedriveCommand,
  signal: AbortSignal,
  onProgress: (phase: string, done: number, total: number) => void,
): Promise<RejectedRedriveReport> {
  const { selection, notAllowed, dryRun, max, rate } = command
  const filter = rejectedFilters.format(selection)
  const { id } = await ask('POST', '/v1/rejected/redrive', {
    ...(filter.length === 0 ? { all: true } : { filter }),
    ...{ notAllowed, dryRun, max, rate },
  })
  const path = `/v1/jobs/${id}`
  let stopping = false
  for (;;) {
    if (signal.aborted && !stopping) {
      stopping = true
      await ask('DELETE', path)
    }
    const { status, progress, report, failure } = await ask('GET', path)
    if (status !== 'running') {
      if (report) return report
      throw new Error(failure ?? 'It was stopped before anything was sent.')
    }
    if (progress) onProgress(progress.phase, progress.done, progress.total)
    await delay(POLL_MS, undefined, stopping ? {} : { signal }).catch(() => {})
  }

  function ask(method: string, path: string, body?: unknown): Promise<Job> {
    return askGateway<Job>(command, method, path, body)
  }
}

/** What is read of it. */
type Job = {
  readonly id: string
  readonly status: string
  readonly progress?: { readonly phase: string; readonly done: number; readonly total: number }
  readonly report?: RejectedRedriveReport
  readonly failure?: string
}
