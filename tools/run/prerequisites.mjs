// What a machine must have before a start is worth the download of its packages: a way to a Kafka. Plain
// JavaScript without dependencies, because it runs first; the doctor asks the same questions.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { Problem } from './say.mjs'

/** The broker of Kafka 4 needs it. */
const OLDEST_JAVA = 17

/**
 * Makes sure that a start will find a Kafka or can run one. Takes no longer than the first way that works.
 * Tests may also use a Docker engine that has yet to fetch the image, and they find one without the command.
 *
 * @param {import('./prerequisites.mjs').Machine} machine
 * @param {{ forTests?: boolean, dockerSocket?: string }} [options]
 * @throws {Problem} naming everything that is missing, and what to do about it
 */
export async function requirePrerequisites(machine, options = {}) {
  const { forTests = false, dockerSocket = '/var/run/docker.sock' } = options
  const given = machine.env.KAFKA_BROKERS
  if (given) {
    const found = await checkGivenBrokers(given)
    if (found.level === 'fix') throw new Problem(`KAFKA_BROKERS: ${found.detail}.\n→ ${found.remedy}`)
    return
  }
  if (forTests && (machine.env.DOCKER_HOST || existsSync(dockerSocket))) return
  const docker = checkDocker(machine)
  const jvm = Promise.all([checkJava(machine), checkMaven(machine)])
  const works = await Promise.any([
    docker.then((found) => requireOk([found])),
    jvm.then((found) => requireOk(found)),
    ...(forTests ? [dockerEngine(machine.env).then(requireAnswer)] : []),
  ]).catch(() => false)
  if (works) return

  const missing = [...(await jvm), await docker].filter(({ level }) => level !== 'ok')
  throw new Problem(
    [
      `${forTests ? 'These tests need' : 'Sluice needs'} a Kafka, and this machine cannot run one yet. Missing:`,
      ...missing.flatMap(({ name, detail, remedy }) => [
        `  ${name}: ${detail}`,
        ...(remedy === undefined ? [] : [`    → ${remedy}`]),
      ]),
      NO_KAFKA,
      ...(forTests ? ['The unit tests need none: npm run test:unit'] : []),
    ].join('\n'),
  )
}

/** The three ways to a Kafka in a sentence. */
export const NO_KAFKA = `A Kafka needs Docker with its image, or Java ${OLDEST_JAVA} and Maven, or KAFKA_BROKERS set to one that runs.`

/** Whether somebody takes connections at the addresses of KAFKA_BROKERS; says nothing about who it is. */
export async function checkGivenBrokers(given) {
  const brokers = given.split(',').map((broker) => broker.trim())
  const name = 'KAFKA_BROKERS'
  const odd = brokers.find((broker) => !isAddress(broker))
  if (odd !== undefined) {
    const remedy = 'Write host:port, several with commas in between: KAFKA_BROKERS=127.0.0.1:9092'
    return { name, level: 'fix', detail: `"${odd}" is not host:port`, remedy }
  }
  const answers = await Promise.all(brokers.map(accepts))
  const silent = brokers.filter((_, index) => !answers[index])
  if (silent.length === 0) return { name, level: 'ok', detail: `${given} takes connections` }
  const remedy = 'Start that Kafka, correct KAFKA_BROKERS, or unset it to run a local Kafka.'
  const level = silent.length === brokers.length ? 'fix' : 'warn'
  return { name, level, detail: `nothing answers at ${silent.join(', ')}`, remedy }
}

/** Whether Docker can run Kafka now: an engine that answers and has the image of docker-compose.yml. */
export async function checkDocker({ root, env }) {
  const name = 'Docker'
  const engine = await dockerEngine(env)
  if (engine === undefined) return { name, level: 'warn', detail: 'no engine answers' }
  const compose = join(root, 'docker-compose.yml')
  const image = existsSync(compose)
    ? /image:\s*(\S*kafka\S*)/.exec(readFileSync(compose, 'utf8'))?.[1]
    : undefined
  const present =
    image !== undefined && (await output('docker', ['image', 'inspect', image], env)) !== undefined
  if (present) return { name, level: 'ok', detail: `engine ${engine.trim()} with the image ${image}` }
  const detail = `engine ${engine.trim()}, without the image ${image ?? 'of docker-compose.yml'}`
  return { name, level: 'warn', detail, ...(image && { remedy: `docker pull ${image}` }) }
}

/** Whether there is a Java that can run Kafka: the one of `JAVA_HOME`, else the one on the PATH. */
export async function checkJava({ env }) {
  const name = 'Java'
  const java = env.JAVA_HOME ? join(env.JAVA_HOME, 'bin', 'java') : 'java'
  const banner = await output(java, ['-version'], env)
  const remedy = `Install a JDK ${OLDEST_JAVA} or newer (Debian or Ubuntu: apt-get install default-jre-headless).`
  if (banner === undefined) return { name, level: 'warn', detail: `"${java}" does not run`, remedy }
  const version = /version "([^"]+)"/.exec(banner)?.[1] ?? 'unknown'
  const major = Number.parseInt(version.replace(/^1\./, ''), 10)
  if (major >= OLDEST_JAVA) return { name, level: 'ok', detail: `version ${version}` }
  return { name, level: 'warn', detail: `version ${version} is too old for Kafka`, remedy }
}

/** Whether Kafka's jars are there or can be fetched. */
export async function checkMaven({ root, env }) {
  const name = 'Maven'
  if (hasKafkaJars(root)) return { name, level: 'ok', detail: 'not needed again: Kafka is fetched already' }
  const banner = await output('mvn', ['--batch-mode', '--version'], env)
  const version = /Apache Maven (\S+)/.exec(banner ?? '')?.[1]
  if (version !== undefined) return { name, level: 'ok', detail: `version ${version}` }
  const detail = '"mvn" does not run, and it fetches Kafka'
  const remedy = 'Install Maven 3.8 or newer (Debian or Ubuntu: apt-get install maven).'
  return { name, level: 'warn', detail, remedy }
}

/** Whether an earlier start fetched what infra/kafka/pom.xml names; `resolveKafkaJars` names and marks it. */
function hasKafkaJars(root) {
  const pom = join(root, 'infra', 'kafka', 'pom.xml')
  if (!existsSync(pom)) return false
  const version = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12)
  return existsSync(join(root, '.sluice', 'kafka', `libs-${version}`, '.complete'))
}

/** The version of the Docker engine that answers, or nothing. */
function dockerEngine(env) {
  return output('docker', ['version', '--format', '{{.Server.Version}}'], env)
}

function requireAnswer(answer) {
  if (answer !== undefined) return true
  throw new Error('not this way')
}

function requireOk(findings) {
  if (findings.every(({ level }) => level === 'ok')) return true
  throw new Error('not this way')
}

/** `host:port`, where an IPv6 address stands in brackets. */
function isAddress(text) {
  const port = Number(/^(?:[^\s:[\]]+|\[[^\s[\]]+\]):(\d{1,5})$/.exec(text)?.[1])
  return port >= 1 && port <= 65_535
}

function accepts(address) {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(colon + 1)) })
    const settle = (accepted) => {
      socket.destroy()
      resolve(accepted)
    }
    socket.setTimeout(3000, () => settle(false))
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
  })
}

/** What a command prints, on either stream, or nothing when it fails. */
export function output(command, args, env) {
  return new Promise((resolve) => {
    execFile(command, [...args], { env, timeout: 10_000 }, (error, stdout, stderr) =>
      resolve(error ? undefined : stripVTControlCharacters(`${stdout}${stderr}`)),
    )
  })
}
