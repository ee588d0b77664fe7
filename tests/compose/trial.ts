import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { laneTopic, orderPlaced } from '@sluice/events'
import { type Admin, createKafkaJsClient, type KafkaClient } from '@sluice/kafka'
import { waitFor } from '@sluice/testing'
import { runCommand } from '../e2e/run-command.ts'
import { readTopics as followTopics } from '../e2e/topic-log.ts'
import { closeBooks } from '../faults/books/close-books.ts'
import type { History, Place } from '../faults/books/history.ts'
import { createEvents, type LoadMix } from '../faults/load/make-events.ts'
import { type LoadProducer, startProducer } from '../faults/load/producer.ts'
import { createRandom } from '../faults/load/seeded-random.ts'
import { startObserver } from '../faults/rig/observe.ts'
import { readTopics } from '../faults/rig/read-topics.ts'
import { inspectImages } from './inspect-images.ts'
import { checkGrafana, checkPrometheus } from './observability.ts'
import { postEvent } from './post-event.ts'
import type { Stack } from './stack.ts'
import { type Step, step } from './step.ts'
import { tryStreams } from './streams.ts'
import { LANES_OF, TOPICS, takeStock } from './take-stock.ts'

export type TrialOptions = {
  readonly stack: Stack
  /** Every consumer service, in catalogue order. */
  readonly services: readonly string[]
  readonly seed: number
  /** Whether the profile "streams" is tried too. */
  readonly streams: boolean
  readonly signal: AbortSignal
}

const MIX: LoadMix = { types: ['order-placed', 'payment-failed', 'page-viewed'], keys: 20, high: 0.2 }
const EVENTS_PER_SECOND = 100
/** Has to go by under load before and after each restart. */
const EVENTS_BETWEEN = 100
const REPLICAS = 3
const SCALED = ['--scale', `order-placed=${REPLICAS}`]
/** Bounds a failure only. */
const PATIENCE_MS = 180_000

/** The trial, a step at a time. Ends with an error at the first thing that is not as it has to be. */
export async function* runTrial(options: TrialOptions): AsyncGenerator<Step> {
  const { stack, services, seed, streams, signal } = options
  const processes = ['gateway', ...services]
  const url = `http://127.0.0.1:${stack.ports.ingest}`
  const brokers = `127.0.0.1:${stack.ports.kafka}`
  const single: string[] = []

  yield await step('images built', async () => {
    await stack.compose('build')
    return `${processes.length + 1} images`
  })
  yield await step('up', async () => {
    await bringUp(stack, [])
    return `${processes.length} processes ready, topics made`
  })
  yield await step('images and containers as they have to be', () =>
    inspectImages(stack, ['topics', ...processes]),
  )
  yield await step('an event, read downstream from this machine', async () => {
    single.push(await postOne(url, brokers))
    return 'order-placed made stock-reserved'
  })
  yield await step(`order-placed times ${REPLICAS}`, async () => {
    await bringUp(stack, SCALED)
    return `partitions of each member: ${(await dealtPartitions(stack)).join(', ')}`
  })

  yield await step('credentials, mounted as docs/operations.md says', () => tryCredentials(stack, url))

  const client = connect(brokers)
  const observer = startObserver({
    client,
    services: MIX.types.map((type) => ({ service: type, type })),
    lanesOf: (type) => LANES_OF.get(type) ?? [],
    outputTopics: TOPICS.filter((topic) => !MIX.types.some((type) => topic.startsWith(`events.${type}.`))),
  })
  const producer = startProducer({
    url,
    makeEvent: createEvents(seed.toString(36), createRandom(seed), MIX),
    eventsPerSecond: EVENTS_PER_SECOND,
    connections: 4,
    answerTimeoutMs: 10_000,
  })
  try {
    await plantPoison(client)
    yield await step('every query of the dashboard, and the alert', async () => {
      await taken(producer, EVENTS_BETWEEN, signal)
      await stack.observe('prometheus')
      return checkPrometheus(
        stack.ports.prometheus,
        new Map(processes.map((name) => [name, replicasOf(name)])),
      )
    })
    yield await step('Grafana', () => checkGrafana(stack))
    for (const name of processes) {
      yield await step(`${name} made anew under load`, async () => {
        await taken(producer, EVENTS_BETWEEN, signal)
        const since = Date.now()
        const anew = ['--force-recreate', '--scale', `${name}=${replicasOf(name)}`, name]
        await stack.compose('up', '--detach', '--no-build', '--no-deps', '--wait', ...anew)
        await taken(producer, EVENTS_BETWEEN, signal)
        requireNo5xx(producer)
        return `no 5xx; without an answer at most ${(longestPause(producer, since) / 1000).toFixed(1)} s`
      })
    }
    yield await step('all handled', async () => {
      await producer.finish(PATIENCE_MS)
      const left = await observer.caughtUp(PATIENCE_MS)
      if (left) throw new Error(`Not everything was handled: ${left}.`)
      await observer.sample()
      requireNo5xx(producer)
      const { sent, answers, statuses } = producer.ledger
      const again = answers.filter(({ status }) => status === 'unknown').length
      return `${sent.length} events, ${again} sent again; ${[...statuses].map(([status, times]) => `${times} × ${status}`).join(', ')}`
    })
  } finally {
    await producer.stop()
    await observer.stop()
  }

  const before = await withAdmin(client, (admin) => takeStock(admin))
  yield await step('stopped, down, and up again', async () => {
    await stack.compose('stop')
    for (const name of processes) {
      for (const { exitCode } of await stack.containers(name))
        if (exitCode !== 0) throw new Error(`${name} ended with ${exitCode}.`)
    }
    await stack.compose('--profile', 'observability', 'down')
    await bringUp(stack, [])
    const after = await withAdmin(client, (admin) => takeStock(admin))
    if (after !== before) throw new Error(`Kafka held, before and after:\n${before}\n${after}`)
    single.push(await postOne(url, brokers))
    return 'every exit code 0; every offset as it was; an event goes through'
  })
  yield await step('the books of all of it', async () => {
    const records = (await withAdmin(client, (admin) => readTopics(client, admin, TOPICS))).filter(
      ({ event }) => !single.some((id) => event?.id === id || event?.correlationid === id),
    )
    const { sent, answers } = producer.ledger
    const { violations, totals } = closeBooks({
      sent: sent.map(({ data, priority, ...event }) => event),
      answers,
      planted: [findPoison(records)],
      records,
      commits: observer.samples,
      counters: [],
      recoveries: [],
      exits: [],
      holdings: [],
      services: MIX.types.map((type) => ({ service: type, type })),
      repeatsAllowed: true,
    })
    if (violations.length > 0) throw new Error(violations.map(({ message }) => message).join('\n'))
    const { inputs, outputs } = totals.repeats
    return `${totals.accepted} accepted, ${totals.lost} lost, ${totals.doubled} doubled, ${totals.outOfOrder} out of order; written again: ${inputs} inputs, ${outputs} outputs`
  })
  if (streams) yield* tryStreams({ stack, url, signal })
}

async function bringUp(stack: Stack, scale: readonly string[]): Promise<void> {
  await stack.compose('up', '--detach', '--no-build', '--wait', ...scale)
}

function replicasOf(name: string): number {
  return name === 'order-placed' ? REPLICAS : 1
}

/** Posts an order and waits for its reservation; its id. */
async function postOne(url: string, brokers: string): Promise<string> {
  const id = randomUUID()
  await postEvent(url, { type: 'order-placed', id, data: orderPlaced.example })
  const log = await followTopics(brokers, LANES_OF.get('stock-reserved')!)
  try {
    await log.find(({ causationid }) => causationid === id, 'the reservation of the order')
  } finally {
    await log.close()
  }
  return id
}

/** A gateway with a file of credentials; then without one again. Nothing that it posts is valid, so nothing is stored. */
async function tryCredentials(stack: Stack, url: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-credentials-'))
  try {
    // The image's user is neither the owner nor in the group.
    await chmod(folder, 0o755)
    const file = join(folder, 'credentials.json')
    const keys = async (...args: readonly string[]) => {
      const { status, stdout, stderr } = await runCommand('keys', [...args, '--json', '--file', file], {})
      if (status !== 0) throw new Error(`npm run keys: ${stderr}`)
      return JSON.parse(stdout) as { readonly id: string; readonly key: string }
    }
    const { id, key } = await keys('create', 'trial', '--types', 'order-placed')
    await chmod(file, 0o644)
    const override = join(folder, 'override.json')
    const gateway = {
      environment: { GATEWAY_CREDENTIALS_FILE: '/etc/sluice/credentials.json' },
      volumes: [`${folder}:/etc/sluice:ro`],
    }
    await writeFile(override, JSON.stringify({ services: { gateway } }))
    const anew = ['up', '--detach', '--no-build', '--no-deps', '--wait', 'gateway']
    await stack.compose('--file', 'docker-compose.yml', '--file', override, ...anew)
    const ask = async (headers: Record<string, string>) => {
      const body = JSON.stringify({ type: 'order-placed', data: {} })
      const response = await fetch(`${url}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      })
      await response.text()
      return response.status
    }
    const seen = [await ask({}), await ask({ authorization: `Bearer ${key}` })]
    if (seen.join() !== '401,422') throw new Error(`Without and with a key: ${seen.join(' and ')}.`)
    await keys('revoke', id)
    await waitFor(async () => (await ask({ authorization: `Bearer ${key}` })) === 401, {
      describe: 'the key to be refused, though the gateway was not started again',
    })
    await stack.compose(...anew)
    return 'nobody without a key; a key until it is revoked, without a restart'
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** How many partitions each member of the group has, once each has some. Asks Kafka's own tool. */
async function dealtPartitions(stack: Stack): Promise<number[]> {
  let dealt: number[] = []
  const command =
    '/opt/kafka/bin/kafka-consumer-groups.sh --bootstrap-server localhost:19092 --describe --members'
  const ask = async () => {
    const lines = (
      await stack.compose('exec', '-T', 'kafka', ...command.split(' '), '--group', 'order-placed')
    ).split('\n')
    dealt = lines
      .filter((line) => line.startsWith('order-placed '))
      .map((line) => Number(line.trim().split(/\s+/).at(-1)))
    return dealt.length === REPLICAS && dealt.every((partitions) => partitions > 0)
  }
  await waitFor(ask, {
    timeoutMs: PATIENCE_MS,
    describe: () => `${REPLICAS} members with work; there are ${dealt.join(', ')}`,
  })
  return dealt
}

async function taken({ ledger }: LoadProducer, count: number, signal: AbortSignal): Promise<void> {
  const so = () =>
    ledger.answers.filter(({ status }) => status === 'accepted' || status === 'duplicate').length
  const goal = so() + count
  await waitFor(() => so() >= goal, {
    signal,
    timeoutMs: PATIENCE_MS,
    intervalMs: 50,
    describe: () => `${goal - so()} more events to be taken`,
  })
}

function requireNo5xx({ ledger }: LoadProducer): void {
  const wrong = [...ledger.statuses.keys()].filter((status) => status >= 500)
  if (wrong.length > 0) throw new Error(`The gateway answered with ${wrong.join(', ')}.`)
}

/** The longest time between two answers, in milliseconds. */
function longestPause({ ledger }: LoadProducer, since: number): number {
  const times = ledger.answers
    .filter(({ at, status }) => at >= since && status !== 'unknown')
    .map(({ at }) => at)
  return times.reduce((longest, at, index) => Math.max(longest, at - (times[index - 1] ?? since)), 0)
}

const POISON = { topic: laneTopic('page-viewed', 'low'), partition: 0, key: 'poison-0' }

/** A record that is no event, so that there is a dead letter to be seen. */
async function plantPoison(client: KafkaClient): Promise<void> {
  const producer = client.producer({ name: 'poison' })
  const { key, ...place } = POISON
  const [outcome] = await producer.produce([{ ...place, records: [{ key, value: 'no event' }] }])
  await producer.close()
  if (outcome!.status !== 'stored') throw new Error(`The poison could not be stored: ${outcome!.status}.`)
}

function findPoison(records: History['records']): Place {
  const found = records.find(({ topic, key }) => topic === POISON.topic && key === POISON.key)
  if (!found) throw new Error('The poison is not where it was stored.')
  return found
}

function connect(brokers: string): KafkaClient {
  return createKafkaJsClient({
    brokers: [brokers],
    clientId: 'trial',
    connectTimeoutMs: 3000,
    requestTimeoutMs: 10_000,
  })
}

async function withAdmin<T>(client: KafkaClient, what: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = await client.admin()
  try {
    return await what(admin)
  } finally {
    await admin.close()
  }
}
