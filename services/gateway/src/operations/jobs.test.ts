import { waitFor } from '@sluice/testing'
import { describe, expect, it } from 'vitest'
import { createJobs, type Job, type JobSpec } from './jobs.ts'

function setup(options: { maxRunning?: number; kept?: number } = {}) {
  let made = 0
  const ended: Job[] = []
  const jobs = createJobs({ now: () => 0, newId: () => `job-${++made}`, ...options })
  const spec = (target: string, work: JobSpec['work']): JobSpec => ({
    ...{ kind: 'redrive', target, options: {}, work },
    ended: (job) => void ended.push(job),
  })
  return { jobs, spec, ended }
}

const untilStopped: JobSpec['work'] = (signal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve({ ended: 'stopped' })))

describe('jobs', () => {
  it('tell how far they are and how they ended', async () => {
    const { jobs, spec, ended } = setup()
    const job = jobs.start(
      spec('a', async (_, onProgress) => {
        onProgress({ done: 1 })
        return { ended: 'failed', failure: 'too large' }
      }),
    ) as Job
    expect(job.status).toBe('running')
    await waitFor(() => ended.length > 0)
    expect(jobs.get(job.id)).toMatchObject({ status: 'failed', progress: { done: 1 }, failure: 'too large' })
  })

  it('that throw have failed, unless they were stopped', async () => {
    const { jobs, spec, ended } = setup()
    jobs.start(
      spec('a', async () => {
        throw new Error('no Kafka')
      }),
    )
    const stopped = jobs.start(
      spec('b', async (signal) => {
        await waitFor(() => signal.aborted)
        throw new Error('aborted')
      }),
    ) as Job
    jobs.cancel(stopped.id)
    await waitFor(() => ended.length === 2)
    expect(ended).toMatchObject([{ status: 'failed', failure: 'no Kafka' }, { status: 'stopped' }])
  })

  it('are one for each target, and few at a time', async () => {
    const { jobs, spec } = setup({ maxRunning: 2 })
    const first = jobs.start(spec('a', untilStopped)) as Job
    expect(jobs.start(spec('a', untilStopped))).toEqual({ refused: 'job-running', by: first })
    jobs.start(spec('b', untilStopped))
    expect(jobs.start(spec('c', untilStopped))).toEqual({ refused: 'too-many-jobs' })
    await jobs.stop(10_000)
    expect(jobs.list().map(({ status }) => status)).toEqual(['stopped', 'stopped'])
    expect(jobs.start(spec('a', async () => ({ ended: 'done' })))).toHaveProperty('id')
    await jobs.stop(10_000)
  })

  it('that hang in an outage are not waited for beyond the grace', async () => {
    const { jobs, spec } = setup()
    const { promise, resolve } = Promise.withResolvers<{ ended: 'failed' }>()
    jobs.start(spec('a', () => promise))
    await jobs.stop(1)
    expect(jobs.list().map(({ status }) => status)).toEqual(['running'])
    resolve({ ended: 'failed' })
  })

  it('are forgotten when there are many, but never while they run', async () => {
    const { jobs, spec, ended } = setup({ kept: 2 })
    jobs.start(spec('long', untilStopped))
    for (let n = 0; n < 5; n++) {
      jobs.start(spec('a', async () => ({ ended: 'done' })))
      await waitFor(() => ended.length === n + 1)
    }
    expect(jobs.list().map(({ id }) => id)).toEqual(['job-6', 'job-5', 'job-1'])
    await jobs.stop(10_000)
  })
})
