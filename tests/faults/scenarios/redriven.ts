import { waitFor } from '@sluice/testing'
import type { Member } from '../rig/fleet.ts'
import type { Scenario } from './scenario.ts'

const SERVICE = 'order-placed'
const TOKEN = 'a-token-of-the-fault-suite'
const LETTERS = `/v1/dead-letters/${SERVICE}/${SERVICE}`
/** How long a job may take. It bounds a failure only. */
const JOB_MS = 90_000

/**
 * F29. A release gives orders up. They are redriven while it still runs, and come back; then with the right release,
 * through an outage of Kafka, and all of them once more: each is handled once.
 */
export const redriven: Scenario = {
  name: 'redriven',
  title: 'dead letters are redriven: too early, during an outage, and twice',
  quick: false,
  mix: { types: ['order-placed', 'order-placed', 'page-viewed'], keys: 12, high: 0.3 },
  eventsPerSecond: 200,
  env: { ADMIN_TOKEN: TOKEN },
  repeats: false,
  async run({ rig, random, passes, taken, note }) {
    const { fleet, broker } = rig
    await fleet.retire(fleet.find(SERVICE))
    const failing = await fleet.start(SERVICE, 'tests/faults/rig/failing-release.ts')
    await failing.ready()
    await taken(300)
    const gateway = fleet.find('gateway')
    await done(gateway, { all: true, max: random.between(20, 60) })
    const cameBack = async () => (await survey(gateway)).newest.some(({ replayCount }) => replayCount > 0)
    await waitFor(cameBack, { timeoutMs: JOB_MS, describe: 'a letter that came back' })
    await fleet.retire(failing)
    await (await fleet.start(SERVICE)).ready()

    const { waiting } = await survey(gateway)
    // Slow enough for the outage to come while it runs.
    const slow = await redrive(gateway, { all: true, rate: 50 })
    const begun = async () => sentBy(await look(gateway, slow)) > 0
    await waitFor(begun, { timeoutMs: JOB_MS, describe: 'a first chunk' })
    const mend = await broker.gatewayProxy.cut()
    await passes(random.between(500, 2500))
    // Or an operator who is tired of waiting.
    if (random.chance(0.5)) await ask(gateway, 'DELETE', `/v1/jobs/${slow}`)
    await mend()
    const interrupted = await over(gateway, slow)
    note(`redriven in an outage: ${sentBy(interrupted)} of ${waiting}, then ${interrupted.status}`)

    await done(gateway, { all: true })
    const left = (await survey(gateway)).waiting
    if (left > 0) throw new Error(`A redrive ended, and ${left} letters are still waiting.`)
    note(`redriven once more: ${sentBy(await done(gateway, { all: true, again: true, maxReplays: 10 }))}`)
    await taken(50)
  },
}

type Job = {
  readonly id: string
  readonly status: 'running' | 'done' | 'stopped' | 'failed'
  readonly failure?: string
  readonly progress?: { readonly phase: string; readonly done: number }
  readonly report?: { readonly sent: number }
}

function sentBy({ report, progress }: Job): number {
  return report?.sent ?? (progress?.phase === 'sending' ? progress.done : 0)
}

async function redrive(gateway: Member, options: object): Promise<string> {
  return ((await ask(gateway, 'POST', `${LETTERS}/redrive`, options)) as Job).id
}

/** Redrives, and waits until that has ended well. */
async function done(gateway: Member, options: object): Promise<Job> {
  const job = await over(gateway, await redrive(gateway, options))
  if (job.status !== 'done') throw new Error(`A redrive ended as ${job.status}: ${job.failure}`)
  return job
}

type Survey = { readonly waiting: number; readonly newest: readonly { readonly replayCount: number }[] }

async function survey(gateway: Member): Promise<Survey> {
  return (await ask(gateway, 'GET', `${LETTERS}?limit=1000`)) as Survey
}

async function look(gateway: Member, id: string): Promise<Job> {
  return (await ask(gateway, 'GET', `/v1/jobs/${id}`)) as Job
}

/** The job when it has ended. */
async function over(gateway: Member, id: string): Promise<Job> {
  const ended = async () => {
    const job = await look(gateway, id)
    return job.status === 'running' ? undefined : job
  }
  return (await waitFor(ended, { timeoutMs: JOB_MS, describe: `the job ${id} to end` }))!
}

async function ask(gateway: Member, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${gateway.admin}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`)
  return answer
}
