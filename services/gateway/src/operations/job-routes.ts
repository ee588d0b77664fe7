import type { Counter } from '@sluice/telemetry'
import type { JobEnd, JobSpec } from './jobs.ts'
import { type Route, type RouteAnswer, type RouteParts, refuse } from './route.ts'

/** Looking at jobs, and stopping them. */
export function jobRoutes({ jobs }: RouteParts): Route[] {
  return [
    { method: 'GET', path: '/v1/jobs', answer: () => ({ body: { jobs: jobs.list() } }) },
    {
      method: 'GET',
      path: '/v1/jobs/:id',
      answer({ params }) {
        const job = jobs.get(params['id']!)
        return job ? { body: job } : refuse('no-job')
      },
    },
    {
      method: 'DELETE',
      path: '/v1/jobs/:id',
      answer({ params }) {
        const job = jobs.cancel(params['id']!)
        if (!job) return refuse('no-job')
        return { status: 202, body: job, audit: { action: 'stop', job: job.id } }
      },
    },
  ]
}

export type StartJob = Pick<JobSpec, 'kind' | 'target' | 'options'> & {
  /** Of the options what may stand in the log; all without. */
  readonly audited?: Readonly<Record<string, unknown>>
  readonly count: Counter
  /** @param onProgress also takes how many records were sent by now */
  work(signal: AbortSignal, onProgress: (progress: unknown, sent: number) => void): Promise<JobEnd>
}

/** Answers at once with 202 and the job, or with why there is none. Its end is logged like its start. */
export function startJob(
  { jobs, log }: RouteParts,
  asker: Readonly<Record<string, unknown>>,
  { kind, target, options, audited = options, count, work }: StartJob,
): RouteAnswer {
  let counted = 0
  const started = jobs.start({
    kind,
    target,
    options,
    work: (signal, onProgress) =>
      work(signal, (progress, sent) => {
        count.add(sent - counted)
        counted = sent
        onProgress(progress)
      }),
    ended({ id, status, failure }) {
      log.info(
        { audit: true, ...asker, action: kind, job: id, target, status, sent: counted, failure },
        'the job of an operator ended',
      )
    },
  })
  if ('refused' in started) {
    if (started.refused === 'too-many-jobs') return refuse('too-many-jobs')
    return { problem: { code: 'job-running', members: { job: started.by.id } } }
  }
  return {
    status: 202,
    location: `/v1/jobs/${started.id}`,
    body: started,
    audit: { action: kind, job: started.id, target, options: audited },
  }
}
