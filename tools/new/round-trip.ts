import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  deadLetterTopic,
  type EventDefinition,
  encodeEvent,
  laneTopic,
  PARTITIONS_PER_TYPE,
} from '@sluice/events'
import { partitionOf } from '@sluice/kafka'
import { HANDLED_EVENTS } from '@sluice/telemetry'
import { buildEvent, freePort, waitFor } from '@sluice/testing'
import { answersKafka } from '@sluice/testing/broker-probe'
import { createTopics } from '../start/create-topics.ts'
import { createFleet } from '../start/fleet.ts'
import type { ReloadAnswer } from '../start/follow-catalogue.ts'
import { requireGivenKafka } from '../start/given-kafka.ts'
import { kafkaFromEnvironment } from '../start/kafka-from-environment.ts'
import type { MetricsJson } from '../start/measure.ts'
import { planStart } from '../start/plan.ts'
import { readCatalogue } from '../start/read-catalogue.ts'
import { registerAnew } from '../start/register-anew.ts'
import { askInstance, NoAnswerError } from '../start/single-instance.ts'
import { CheckError } from './run-checks.ts'

/** What is tried: an event of the type, handled by each of the services. */
export type Trial = {
  readonly root: string
  readonly type: string
  readonly services: readonly string[]
  /** Types that the services produce. */
  readonly outputs: readonly string[]
  /** Valid data of a type that producers post; or the definition, of a type that they may not. */
  readonly event: { readonly data: unknown } | { readonly derived: EventDefinition }
  /** Whether others read the type already, who would take the event for a real one. */
  readonly readByOthers: boolean
  readonly signal: AbortSignal
}

/** How it was tried, and what is there now. */
export type TrialResult = {
  readonly where: 'running' | 'kafka'
  /** Where the services that stay have their admin servers; empty where none stays. */
  readonly joined: readonly {
    readonly name: string
    readonly pid: number
    readonly admin: string | undefined
  }[]
  readonly ingest: string | undefined
  readonly topics: readonly string[]
  /** `false`: the services took up their work, but no event was made up for a Kafka that is not this machine's. */
  readonly handled: boolean
}

const RELOAD_TIMEOUT_MS = 90_000
const READY = { patience: 1, timeoutMs: 60_000 }
const GRACE_MS = 10_000
const LOCAL_KAFKA = '127.0.0.1:9092'

/**
 * Sends an event through the new services: those of the Sluice that runs here, which they join for good; or, where only a
 * Kafka runs, through processes that are stopped afterwards. `undefined` when there is neither.
 * @throws CheckError when something does not start, or does not handle the event
 */
export async function tryRoundTrip(trial: Trial): Promise<TrialResult | undefined> {
  const answer = await askToReload(trial.root)
  if (answer?.ok === false)
    throw new CheckError(`The Sluice that runs here could not take it over: ${answer.detail}`)
  if (answer !== undefined) {
    const { ingest, brokers, given, joined, topics } = answer
    const handled = mayMakeUp(given, trial)
    if (handled) await send({ ...trial, services: joined.map(({ name }) => name) }, ingest, brokers, joined)
    return { where: 'running', joined, ingest, topics, handled }
  }
  const given = process.env['KAFKA_BROKERS']
  if (given) await requireGivenKafka(process.env)
  else if (!(await answersKafka(LOCAL_KAFKA))) return undefined
  return tryAlone(trial, given || LOCAL_KAFKA, mayMakeUp(Boolean(given), trial))
}

/** On a Kafka of somebody else's, whoever reads the type already would act on an event that never happened. */
function mayMakeUp(given: boolean, { readByOthers }: Trial): boolean {
  return !(given && readByOthers)
}

/**
 * Asks the Sluice that runs here to be what the catalogue says now; `undefined` when none does. One that does not answer
 * in time has answered that it is not ok.
 */
export async function askToReload(
  root: string,
  timeoutMs = RELOAD_TIMEOUT_MS,
): Promise<ReloadAnswer | undefined> {
  try {
    return await askInstance<ReloadAnswer>({ root, request: 'reload', timeoutMs })
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error
    return { ok: false, detail: error.message }
  }
}

async function tryAlone(trial: Trial, brokers: string, makeUp: boolean): Promise<TrialResult> {
  const { root, services } = trial
  const facts = await readCatalogue(process.env)
  const own = facts.entries
    .filter(({ definition }) => definition.type === trial.type)
    .map(({ definition }) => ({ definition, services }))
  // What the trial needs alone: a Kafka of somebody else's is not filled with the topics of the whole catalogue.
  const types = new Set([trial.type, ...trial.outputs])
  const plans = facts.topics.filter(({ topic }) => types.has(topic.split('.')[1]!))
  const env = { ...process.env, KAFKA_BROKERS: brokers }
  const admin = await kafkaFromEnvironment(env, 'new').admin()
  const { created } = await createTopics(admin, plans).finally(() => admin.close())
  await registerAnew(env)
  const ports = await Promise.all([...services, 'gateway', 'ingest'].map(() => freePort()))
  const plan = planStart(
    root,
    own,
    { ingestPort: ports.at(-1)!, adminPort: ports.at(-2)!, kafkaPort: 1 },
    brokers,
    env,
  )
  const processes = plan.services.map((service, index) => withAdmin(service, ports[index]!))
  const logDir = join(root, '.sluice', 'logs', 'new')
  mkdirSync(logDir, { recursive: true })
  const fleet = createFleet({ logDir, onNotice: () => {} })
  try {
    const group =
      makeUp && 'data' in trial.event ? [...processes, withAdmin(plan.gateway, ports.at(-2)!)] : processes
    const ready = await fleet.start(group, READY)
    if (makeUp) await send(trial, plan.ingest, brokers, ready)
    return { where: 'kafka', joined: [], ingest: undefined, topics: created, handled: makeUp }
  } finally {
    await fleet.stop(GRACE_MS)
  }
}

function withAdmin<Plan extends { readonly env?: Readonly<Record<string, string>> }>(
  plan: Plan,
  port: number,
): Plan {
  return {
    ...plan,
    admin: `http://127.0.0.1:${port}`,
    env: { ...plan.env, ADMIN_PORT: String(port), SHARE_PORTS: 'off' },
  }
}

type Process = { readonly name: string; readonly admin: string | undefined }

async function send(
  trial: Trial,
  ingest: string,
  brokers: string,
  processes: readonly Process[],
): Promise<void> {
  const { type, event, signal } = trial
  if ('data' in event) await post(ingest, type, event.data, signal)
  else await produce(event.derived, brokers)
  for (const { name, admin } of processes.filter((one) => trial.services.includes(one.name))) {
    const ended = await waitFor(
      () => (signal.aborted ? 'aborted' : findEnd(type, admin!, trial.readByOthers)),
      {
        timeoutMs: 60_000,
        intervalMs: 50,
        describe: `${name} to handle an event`,
      },
    ).catch((error: Error) => {
      throw new CheckError(error.message, { cause: error })
    })
    signal.throwIfAborted()
    if (ended === 'dead-letter') {
      throw new CheckError(`${name} made the example a dead letter; ${deadLetterTopic(type, name)} says why.`)
    }
  }
}

async function post(ingest: string, type: string, data: unknown, signal: AbortSignal): Promise<void> {
  const response = await fetch(`${ingest}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type, source: '/tools/new', data }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]),
  })
  const text = await response.text()
  if (response.status !== 202) throw new CheckError(`The gateway did not take the example: ${text}`)
}

/** As the service that derives it would: producers may not post it. */
async function produce(definition: EventDefinition, brokers: string): Promise<void> {
  const event = buildEvent(definition, { id: `new-${Date.now()}`, source: '/tools/new' })
  const kafka = kafkaFromEnvironment({ ...process.env, KAFKA_BROKERS: brokers }, 'new')
  const producer = kafka.producer({ name: 'new' })
  try {
    const key = definition.key(event.data)
    const topic = laneTopic(definition.type, event.priority)
    const partition = partitionOf(key, PARTITIONS_PER_TYPE)
    const [outcome] = await producer.produce([
      { topic, partition, records: [{ key, value: encodeEvent(event) }] },
    ])
    if (outcome?.status !== 'stored')
      throw new CheckError(`Kafka did not take the example for ${topic}: ${outcome?.detail}`)
  } finally {
    await producer.close()
  }
}

/** How events of the type have ended so far; an older one may well be a dead letter. */
async function findEnd(type: string, admin: string, olderOnes: boolean): Promise<string | undefined> {
  const response = await fetch(`${admin}/metrics`, { headers: { accept: 'application/json' } })
  const metrics = (await response.json()) as MetricsJson
  const values = metrics.find((metric) => metric.name === HANDLED_EVENTS.name)?.values ?? []
  const ends = values.filter(({ value, labels }) => value > 0 && labels['type'] === type)
  const outcomes = ends.map(({ labels }) => labels['outcome'])
  if (outcomes.includes('handled')) return 'handled'
  return outcomes.includes('dead-letter') && !olderOnes ? 'dead-letter' : undefined
}
