import { within } from '@sluice/kafka'

/** Work that takes longer than a request. Lives in this process only; what it achieved is in Kafka. */
export type Job = {
  readonly id: string
  readonly kind: 'redrive' | 'replay'
  /** What it works on; one job at a time does. */
  readonly target: string
  /** As they were understood: times are absolute, and a name that was left out is there. */
  readonly options: Readonly<Record<string, unknown>>
  /** `stopped`: by a DELETE, or because the gateway stopped. */
  readonly status: 'running' | 'done' | 'stopped' | 'failed'
  readonly startedAt: string
  readonly endedAt?: string
  readonly progress?: unknown
  /** What it did, also when it failed on the way. */
  readonly report?: unknown
  readonly failure?: string
}

/** How the work of a job ended. */
export type JobEnd = { readonly ended: 'done' | 'stopped' | 'failed'; readonly failure?: string }

export type JobSpec = Pick<Job, 'kind' | 'target' | 'options'> & {
  /** Ends soon after the signal is aborted. */
  work(signal: AbortSignal, onProgress: (progress: unknown) => void): Promise<JobEnd>
  /** Told when it is over. */
  ended(job: Job): void
}

export type Jobs = {
  start(
    spec: JobSpec,
  ): Job | { readonly refused: 'job-running'; readonly by: Job } | { readonly refused: 'too-many-jobs' }
  get(id: string): Job | undefined
  /** The newest first. */
  list(): readonly Job[]
  /** Asks a running job to end after what it has in hand. */
  cancel(id: string): Job | undefined
  /**
   * Ends all, and waits for what they have in hand, at most `graceMs`: in an outage that is longer. What is left then is
   * as after a crash.
   */
  stop(graceMs: number): Promise<void>
}

export type JobsOptions = {
  readonly maxRunning?: number
  /** How many that have ended are remembered. */
  readonly kept?: number
  readonly now: () => number
  readonly newId: () => string
}

export function createJobs({ maxRunning = 4, kept = 100, now, newId }: JobsOptions): Jobs {
  const jobs = new Map<string, { job: Job; readonly stop: AbortController; over: Promise<void> }>()
  const time = () => new Date(now()).toISOString()
  const running = () => [...jobs.values()].filter(({ job }) => job.status === 'running')

  function start(spec: JobSpec): ReturnType<Jobs['start']> {
    const inHand = running()
    const other = inHand.find(({ job }) => job.target === spec.target)
    if (other) return { refused: 'job-running', by: other.job }
    if (inHand.length >= maxRunning) return { refused: 'too-many-jobs' }
    const { kind, target, options } = spec
    const job: Job = { id: newId(), kind, target, options, status: 'running', startedAt: time() }
    const entry = { job, stop: new AbortController(), over: Promise.resolve() }
    jobs.set(job.id, entry)
    entry.over = run(spec, entry)
    return job
  }

  async function run(spec: JobSpec, entry: { job: Job; readonly stop: AbortController }): Promise<void> {
    const { signal } = entry.stop
    let end: Partial<Job>
    try {
      const report = await spec.work(signal, (progress) => (entry.job = { ...entry.job, progress }))
      const { ended, failure } = report
      end = { status: ended, report, ...(failure !== undefined && { failure }) }
    } catch (error) {
      end = signal.aborted ? { status: 'stopped' } : { status: 'failed', failure: (error as Error).message }
    }
    entry.job = { ...entry.job, ...end, endedAt: time() }
    spec.ended(entry.job)
    forget()
  }

  function forget(): void {
    const over = [...jobs.values()].filter(({ job }) => job.status !== 'running')
    for (const { job } of over.slice(0, Math.max(0, over.length - kept))) jobs.delete(job.id)
  }

  return {
    start,
    get: (id) => jobs.get(id)?.job,
    list: () => [...jobs.values()].map(({ job }) => job).toReversed(),
    cancel(id) {
      const entry = jobs.get(id)
      entry?.stop.abort()
      return entry?.job
    },
    async stop(graceMs) {
      for (const { stop } of jobs.values()) stop.abort()
      await within(
        graceMs,
        Promise.all([...jobs.values()].map(({ over }) => over)).then(() => {}),
      )
    },
  }
}
