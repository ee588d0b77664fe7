import { randomUUID } from 'node:crypto'
import { orderPlaced, paymentFailed } from '@sluice/events'
import { listJobs, waitFor } from '@sluice/testing'
import { postEvent, SOURCE } from './post-event.ts'
import type { Stack } from './stack.ts'
import { type Step, step } from './step.ts'

/** Bounds a failure only: a job manager that comes back plans every job anew. */
const PATIENCE_MS = 600_000

/** The profile "streams" on a stack that is up: what decides, and that it outlives its processes. A step at a time. */
export async function* tryStreams(options: {
  readonly stack: Stack
  /** Of the gateway. */
  readonly url: string
  readonly signal: AbortSignal
}): AsyncGenerator<Step> {
  const { stack, url, signal } = options
  const jobs = await listJobs()
  const overview = `http://127.0.0.1:${stack.ports.flink}/jobs/overview`
  const compose = (...args: readonly string[]) => stack.compose('--profile', 'streams', ...args)
  const up = (...services: readonly string[]) =>
    compose('up', '--detach', '--no-build', '--wait', ...services)

  yield await step('images of Flink and the flood guard', async () => {
    await compose('build', 'flink-jobmanager', 'flood-guard')
    return '2 images'
  })
  yield await step('profile streams up', async () => {
    await up()
    const running = await runningJobs(overview)
    if (running.size !== jobs.length) throw new Error(`Jobs that run: ${[...running.keys()].join(', ')}.`)
    return `${running.size} jobs run`
  })
  yield await step('the third failed payment of a customer', async () => {
    const customer = randomUUID()
    for (let payment = 0; payment < 3; payment++) await postPayment(url, customer)
    return untilRaised(url, customer, signal)
  })
  yield await step('task manager killed before the third', async () => {
    const customer = randomUUID()
    await postPayment(url, customer)
    await postPayment(url, customer)
    await compose('kill', 'flink-taskmanager')
    await postPayment(url, customer)
    await up('flink-taskmanager')
    return untilRaised(url, customer, signal)
  })
  yield await step('job manager killed, its jobs forgotten', async () => {
    const before = await runningJobs(overview)
    const customer = randomUUID()
    await postPayment(url, customer)
    await postPayment(url, customer)
    await compose('kill', 'flink-jobmanager')
    await up('flink-jobmanager')
    let now = new Map<string, string>()
    const anew = async () => {
      now = await runningJobs(overview)
      return jobs.every((job) => now.has(job) && now.get(job) !== before.get(job))
    }
    await waitFor(anew, {
      signal,
      timeoutMs: PATIENCE_MS,
      intervalMs: 500,
      describe: () => `every job to run anew; there are ${[...now.keys()].join(', ')}`,
    })
    const log = await compose('logs', '--no-color', 'flink-jobs')
    const resumed = jobs.filter((job) => log.includes(`${job} goes on from `))
    if (resumed.length < jobs.length)
      throw new Error(`Only these went on from a checkpoint: ${resumed.join(', ')}.`)
    await postPayment(url, customer)
    return `${resumed.length} jobs went on from checkpoints; ${await untilRaised(url, customer, signal)}`
  })
  yield await step('the flood guard counts', async () => {
    const counts = async () => {
      await postOrder(url, randomUUID())
      const response = await fetch(`http://127.0.0.1:${stack.ports.floodGuard}/v1/top-talkers`)
      const { talkers } = (await response.json()) as { talkers: { source: string; type: string }[] }
      return talkers.some(({ source, type }) => source === SOURCE && type === 'order-placed')
    }
    await waitFor(counts, {
      signal,
      timeoutMs: PATIENCE_MS,
      intervalMs: 500,
      describe: `${SOURCE} among the top talkers`,
    })
    return `${SOURCE} is among the top talkers`
  })
}

/** Ids of the jobs whose tasks all run, by name. */
async function runningJobs(overview: string): Promise<Map<string, string>> {
  const { jobs } = (await (await fetch(overview)).json()) as { jobs: Job[] }
  const running = jobs.filter(({ state, tasks }) => state === 'RUNNING' && tasks.running === tasks.total)
  return new Map(running.map(({ name, jid }) => [name, jid]))
}

type Job = {
  readonly jid: string
  readonly name: string
  readonly state: string
  readonly tasks: { readonly running: number; readonly total: number }
}

/** Posts orders of a customer until one is raised; says how long that took. */
async function untilRaised(url: string, customer: string, signal: AbortSignal): Promise<string> {
  const started = performance.now()
  let decidedBy = ''
  const raised = async () => {
    decidedBy = (await postOrder(url, customer)).decidedBy
    return decidedBy.startsWith('decision:payment-trouble/')
  }
  await waitFor(raised, {
    signal,
    timeoutMs: PATIENCE_MS,
    intervalMs: 100,
    describe: () => `an order to be raised; the last was decided by ${decidedBy}`,
  })
  return `an order was raised ${((performance.now() - started) / 1000).toFixed(1)} s later`
}

function postOrder(url: string, id: string) {
  const { customer, ...order } = orderPlaced.example
  const data = { ...order, orderId: randomUUID(), customer: { ...customer, id } }
  return postEvent(url, { type: 'order-placed', data })
}

function postPayment(url: string, id: string) {
  const { customer, ...payment } = paymentFailed.example
  const data = { ...payment, paymentId: randomUUID(), customer: { ...customer, id } }
  return postEvent(url, { type: 'payment-failed', data })
}
