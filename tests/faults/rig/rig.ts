import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalogue, laneTopic, PARTITIONS_PER_TYPE, planTopics, REJECTED_TOPIC } from '@sluice/events'
import { type Admin, createKafkaJsClient, type KafkaClient, type TopicSpec } from '@sluice/kafka'
import { OUTCOME_TOPIC } from '../books/history.ts'
import { type Broker, startBroker } from './broker.ts'
import { createFleet, type Fleet } from './fleet.ts'
import { type Observer, startObserver } from './observe.ts'
import { findPorts } from './ports.ts'
import { startToxiproxy } from './start-toxiproxy.ts'

/** Sluice on a Kafka of its own, with toxiproxy in between. */
export type Rig = {
  readonly broker: Broker
  readonly fleet: Fleet
  readonly observer: Observer
  /** Past the proxies. */
  readonly client: KafkaClient
  readonly services: readonly { readonly service: string; readonly type: string }[]
  /** The gateway's ingest endpoint; stays the same when it is started again. */
  readonly url: string
  /** Every topic that exists. */
  topics(): Promise<readonly string[]>
  lanesOf(type: string): readonly string[]
  /** Creates those of the planned topics that are not there. */
  createTopics(): Promise<void>
  /** Runs something with a connection of its own, past the proxies. */
  withAdmin<T>(what: (admin: Admin) => Promise<T>): Promise<T>
  readonly logs: string
  /** Ends every process and forgets all data. */
  stop(): Promise<void>
}

export type RigOptions = {
  /** The services to run; by their type's name. */
  readonly services: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Planned topics that are not created yet. */
  readonly without?: readonly string[]
  readonly onNotice: (line: string) => void
}

/** Brings everything up and waits until it is ready. What was started is stopped again when something fails. */
export async function startRig(options: RigOptions): Promise<Rig> {
  const stops: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one()
  }
  try {
    const logs = await mkdtemp(join(tmpdir(), 'sluice-faults-logs-'))
    stops.push(() => rm(logs, { recursive: true, force: true }))
    const toxiproxy = await startToxiproxy(options.onNotice)
    stops.push(toxiproxy.stop)
    const broker = await startBroker(toxiproxy, options.onNotice)
    stops.push(broker.stop)
    const client = createKafkaJsClient({
      brokers: [broker.direct],
      clientId: 'faults',
      connectTimeoutMs: 2000,
      requestTimeoutMs: 10_000,
    })
    const withAdmin: Rig['withAdmin'] = async (what) => {
      const admin = await client.admin()
      try {
        return await what(admin)
      } finally {
        await admin.close()
      }
    }
    const createTopics = async (without: readonly string[] = []) => {
      await withAdmin((admin) => admin.createTopics(specs().filter(({ topic }) => !without.includes(topic))))
    }
    await createTopics(options.without)
    const [gatewayPort] = await findPorts(1)
    const fleet = createFleet({
      brokersFor: (name) => (name === 'gateway' ? broker.gatewayProxy : broker.servicesProxy).address,
      gatewayPort: gatewayPort!,
      // Each end leaves a record, for the books.
      env: { OUTCOMES: 'on', ...options.env },
      logs,
    })
    stops.push(fleet.stop)
    const members = []
    for (const name of ['gateway', ...options.services]) members.push(await fleet.start(name))
    await Promise.all(members.map((member) => member.ready())).catch(async (error) => {
      throw new Error(`${error.message}\n${await lastLines(logs)}`, { cause: error })
    })

    const services = options.services.map((service) => ({ service, type: service }))
    const lanesOf = (type: string) => LANES_OF.get(type) ?? []
    const observer = startObserver({ client, services, lanesOf, outputTopics: OUTPUT_TOPICS })
    stops.push(observer.stop)
    return {
      broker,
      fleet,
      observer,
      client,
      services,
      url: `http://127.0.0.1:${gatewayPort}`,
      topics: () =>
        withAdmin(async (admin) =>
          (await admin.listTopics()).filter((topic) => OURS.test(topic) && topic !== REJECTED_TOPIC),
        ),
      lanesOf,
      createTopics: () => createTopics(),
      withAdmin,
      logs,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Where events are that were taken, and what became of them. */
const OURS = /^events\./

const LANES_OF = new Map(
  catalogue.map(({ definition: { type, lanes } }) => [type, lanes.map((lane) => laneTopic(type, lane))]),
)

const OUTPUT_TOPICS = catalogue
  .filter(({ definition }) => definition.origin === 'derived')
  .flatMap(({ definition: { type } }) => LANES_OF.get(type)!)

function specs(): TopicSpec[] {
  const books = {
    topic: OUTCOME_TOPIC,
    partitions: PARTITIONS_PER_TYPE,
    maxBatchBytes: 1024 * 1024,
    compacted: false,
  }
  return [...planTopics(catalogue, { quarantine: true, control: true }), books].map(
    ({ topic, partitions, maxBatchBytes, compacted }) => ({
      topic,
      partitions,
      replicationFactor: 1,
      config: {
        'cleanup.policy': compacted ? 'compact' : 'delete',
        'max.message.bytes': String(maxBatchBytes),
      },
    }),
  )
}

/** The end of every log in the folder. */
async function lastLines(folder: string): Promise<string> {
  const logs = (await readdir(folder)).map(async (name) => {
    const lines = (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n')
    return [`${name}:`, ...lines.slice(-5).map((line) => `  ${line}`)]
  })
  return (await Promise.all(logs)).flat().join('\n')
}
