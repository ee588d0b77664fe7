import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import {
  GenericContainer,
  getContainerRuntimeClient,
  getReaper,
  ImageName,
  type StartedTestContainer,
  Wait,
} from 'testcontainers'
import { LocalKafkaError } from './errors.ts'

const PORT = 9092
const ANSWER_TIMEOUT_MS = 10_000
const START_TIMEOUT_MS = 120_000
/** Enough for 200 MB at 10 Mbit/s; whoever has less waits less for the jars. */
const PULL_TIMEOUT_MS = 180_000
const WAITING = 'Waiting for the advertised address'
const SCRIPT = '/tmp/start-with-advertised-port.sh'
const PROPERTIES = fileURLToPath(new URL('../../../infra/kafka/server.properties', import.meta.url))

/**
 * Whether a Docker engine answers. An engine that takes connections and then says nothing counts as none. Says
 * nothing about whether it can fetch images.
 */
export async function dockerAnswers(timeoutMs = ANSWER_TIMEOUT_MS): Promise<boolean> {
  return within(timeoutMs, 'The Docker engine does not answer', getContainerRuntimeClient()).then(
    () => true,
    () => false,
  )
}

/**
 * Kafka in a container, with the settings of infra/kafka/server.properties. Clients are told the address they
 * reach it by, and its port is known only after the container runs: so the container first waits for a script,
 * which is written with that port and starts Kafka. `onNotice` hears of an image that has to be fetched.
 * @throws LocalKafkaError `kafka-start` when an image cannot be had or Kafka does not start. Never hangs: each
 * step that waits for a network or for Kafka has a deadline of minutes.
 */
export async function startKafkaContainer(
  image: string,
  onNotice: (line: string) => void = () => {},
): Promise<{ brokers: string; stop(): Promise<void> }> {
  await requireImage(image, onNotice)
  await requireReaper()
  const properties = await readFile(PROPERTIES, 'utf8')
  const container = await new GenericContainer(image)
    .withExposedPorts(PORT)
    .withEntrypoint(['sh'])
    .withCommand(['-c', `echo '${WAITING}'; while [ ! -f ${SCRIPT} ]; do sleep 0.1; done; exec sh ${SCRIPT}`])
    .withWaitStrategy(Wait.forLogMessage(WAITING))
    .start()
  try {
    const brokers = addressOf(container)
    await putScript(container, startScript(brokers, properties))
    // The log is read from its beginning: nothing is missed by asking for it only now.
    await requireLine(await container.logs(), 'Kafka Server started')
    return {
      brokers,
      stop: async () => {
        await container.stop()
      },
    }
  } catch (error) {
    await container.stop()
    throw error
  }
}

/** The environment by which the official image is given settings: `a.b.c` is KAFKA_A_B_C. */
export function toKafkaEnvironment(properties: string): Record<string, string> {
  const settings = properties
    .split('\n')
    .filter((line) => /^[a-z]/.test(line))
    .map((line) => {
      const equals = line.indexOf('=')
      return [`KAFKA_${line.slice(0, equals).toUpperCase().replaceAll('.', '_')}`, line.slice(equals + 1)]
    })
  return Object.fromEntries(settings)
}

/** The image's own start script, fed with the common settings and the listeners of this container. */
export function startScript(advertised: string, properties: string): string {
  const settings = {
    ...toKafkaEnvironment(properties),
    KAFKA_NODE_ID: '1',
    KAFKA_LISTENERS: `PLAINTEXT://:${PORT},CONTROLLER://:9093`,
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${advertised}`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_HEAP_OPTS: '-Xmx384m',
  }
  const exports = Object.entries(settings).map(([name, value]) => `export ${name}='${value}'`)
  return `${exports.join('\n')}\nexec /etc/kafka/docker/run\n`
}

/** Reads a log until a line has `text`; rejects with the last lines when it ends before, or takes too long. */
export async function requireLine(log: Readable, text: string, timeoutMs = START_TIMEOUT_MS): Promise<void> {
  const last: string[] = []
  const lines = createInterface({ input: log })
  // Not the log itself: a reader of lines does not notice that its input was destroyed, and waits for ever.
  const timer = setTimeout(() => lines.close(), timeoutMs)
  try {
    for await (const line of lines) {
      if (line.includes(text)) return
      last.push(line)
      if (last.length > 20) last.shift()
    }
  } finally {
    clearTimeout(timer)
    log.destroy()
  }
  throw new LocalKafkaError('kafka-start', `Kafka did not start in its container:\n${last.join('\n')}`)
}

/** Written by the user that the container runs as, who may not rename what a copy into it leaves to root. */
async function putScript(container: StartedTestContainer, script: string): Promise<void> {
  // Renamed when it is whole, so that the loop never runs half a script.
  const write = 'printf %s "$1" > "$0.part" && mv "$0.part" "$0"'
  const { exitCode, output } = await container.exec(['sh', '-c', write, SCRIPT, script])
  if (exitCode === 0) return
  throw new LocalKafkaError('kafka-start', `Kafka's container took no start script: ${output.trim()}`)
}

async function requireImage(image: string, onNotice: (line: string) => void): Promise<void> {
  const { image: images } = await getContainerRuntimeClient()
  const name = ImageName.fromString(image)
  if (await images.exists(name)) return
  onNotice(`Fetching ${image} with Docker, about 200 MB, once.`)
  await within(PULL_TIMEOUT_MS, 'The download takes too long', images.pull(name)).catch((cause) => {
    throw new LocalKafkaError('kafka-start', `Docker cannot fetch ${image}: ${reasonOf(cause)}`, { cause })
  })
}

/** Testcontainers' own container that removes ours should this process be killed. It has an image too. */
async function requireReaper(): Promise<void> {
  const client = await getContainerRuntimeClient()
  await within(PULL_TIMEOUT_MS, 'It takes too long', getReaper(client)).catch((cause) => {
    const hint = 'TESTCONTAINERS_RYUK_DISABLED=true does without it.'
    const message = `Testcontainers cannot start Ryuk, its cleaner: ${reasonOf(cause)}. ${hint}`
    throw new LocalKafkaError('kafka-start', message, { cause })
  })
}

function addressOf(container: StartedTestContainer): string {
  return `${container.getHost()}:${container.getMappedPort(PORT)}`
}

function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).trim()
}

async function within<T>(timeoutMs: number, otherwise: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${otherwise} (${timeoutMs / 1000} s)`)), timeoutMs)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
