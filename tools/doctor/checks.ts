import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { connect } from 'node:net'
import { freemem, totalmem } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describePort, isPortFree } from '../start/ports.ts'

/**
 * What a check found. `ok`; `warn`: a start works, with a limit; `fix`: it prevents a start, and `remedy` says
 * what to do.
 */
export type Finding = {
  readonly name: string
  readonly level: 'ok' | 'warn' | 'fix'
  readonly detail: string
  readonly remedy?: string
}

export type Machine = { readonly root: string; readonly env: NodeJS.ProcessEnv }

/** Runs every check, side by side, and returns the findings in a fixed order. Never rejects. */
export async function findProblems(machine: Machine): Promise<Finding[]> {
  const checks = [checkNode(), checkPnpm(machine), checkKafka(machine), checkPorts(machine), checkMemory()]
  return (await Promise.all([...checks, checkDisk(machine)])).flat()
}

const OLDEST_JAVA = 17
const LIBATOMIC = 'On Debian or Ubuntu: apt-get install libatomic1'

async function checkNode(): Promise<Finding[]> {
  const { version, execPath } = process
  const major = Number.parseInt(process.versions.node, 10)
  if (major >= 26) return [{ name: 'Node', level: 'ok', detail: `${version} (${execPath})` }]
  const detail = `${version} (${execPath}) works; Node 26 is what Sluice is measured with`
  return [{ name: 'Node', level: 'warn', detail, remedy: LIBATOMIC }]
}

async function checkPnpm({ root, env }: Machine): Promise<Finding[]> {
  const name = 'Packages'
  if (existsSync(join(root, 'node_modules', '.sluice-installed'))) {
    return [{ name, level: 'ok', detail: 'installed' }]
  }
  const version = await output('pnpm', ['--version'], env)
  if (version !== undefined) {
    return [
      { name, level: 'ok', detail: `not installed yet; npm start does it (pnpm ${version.trim()} here)` },
    ]
  }
  const npx = await output('npx', ['--version'], env)
  if (npx !== undefined) {
    return [{ name, level: 'ok', detail: 'not installed yet; npm start brings pnpm and does it' }]
  }
  const remedy = 'Install npm (it comes with Node), or pnpm 12.'
  return [{ name, level: 'fix', detail: 'neither pnpm nor npx is here', remedy }]
}

/** One of the three ways to a Kafka must work, in the order in which a start tries them. */
async function checkKafka(machine: Machine): Promise<Finding[]> {
  const given = machine.env['KAFKA_BROKERS']
  if (given !== undefined && given !== '') return checkGivenBrokers(given)
  const [docker, java, maven] = await Promise.all([
    checkDocker(machine),
    checkJava(machine),
    checkMaven(machine),
  ])
  const works = docker.level === 'ok' || (java.level === 'ok' && maven.level === 'ok')
  if (works) {
    return [docker, java, maven].map(({ name, level, detail }) =>
      level === 'ok' ? { name, level, detail } : { name, level: 'ok', detail: `not needed (${detail})` },
    )
  }
  const remedy = 'A Kafka needs Docker, or Java 17 and Maven, or KAFKA_BROKERS set to one that runs.'
  const none: Finding = { name: 'Kafka', level: 'fix', detail: 'there is no way to run one', remedy }
  return [docker, java, maven, none]
}

async function checkGivenBrokers(given: string): Promise<Finding[]> {
  const brokers = given.split(',').map((broker) => broker.trim())
  const answers = await Promise.all(brokers.map(accepts))
  const silent = brokers.filter((_, index) => !answers[index])
  const name = 'KAFKA_BROKERS'
  if (silent.length === 0) return [{ name, level: 'ok', detail: `${given} takes connections` }]
  const remedy = 'Start that Kafka, correct KAFKA_BROKERS (host:port, comma separated), or unset it.'
  const level = silent.length === brokers.length ? 'fix' : 'warn'
  return [{ name, level, detail: `nothing answers at ${silent.join(', ')}`, remedy }]
}

async function checkDocker({ root, env }: Machine): Promise<Finding> {
  const name = 'Docker'
  const engine = await output('docker', ['version', '--format', '{{.Server.Version}}'], env)
  if (engine === undefined) return { name, level: 'warn', detail: 'no engine answers' }
  const compose = join(root, 'docker-compose.yml')
  const image = existsSync(compose)
    ? /image:\s*(\S*kafka\S*)/.exec(readFileSync(compose, 'utf8'))?.[1]
    : undefined
  const present =
    image !== undefined && (await output('docker', ['image', 'inspect', image], env)) !== undefined
  if (present) return { name, level: 'ok', detail: `engine ${engine.trim()} with the image ${image}` }
  const remedy = image === undefined ? undefined : `docker pull ${image}`
  const detail = `engine ${engine.trim()}, without the image ${image ?? 'of docker-compose.yml'}`
  return { name, level: 'warn', detail, ...(remedy && { remedy }) }
}

async function checkJava({ env }: Machine): Promise<Finding> {
  const name = 'Java'
  const java = env['JAVA_HOME'] ? join(env['JAVA_HOME'], 'bin', 'java') : 'java'
  const banner = await output(java, ['-version'], env)
  const remedy = `Install a JDK ${OLDEST_JAVA} or newer (Debian or Ubuntu: apt-get install default-jre-headless).`
  if (banner === undefined) return { name, level: 'warn', detail: `"${java}" does not run`, remedy }
  const version = /version "([^"]+)"/.exec(banner)?.[1] ?? 'unknown'
  const major = Number.parseInt(version.replace(/^1\./, ''), 10)
  if (major >= OLDEST_JAVA) return { name, level: 'ok', detail: `version ${version}` }
  return { name, level: 'warn', detail: `version ${version} is too old for Kafka`, remedy }
}

async function checkMaven({ root, env }: Machine): Promise<Finding> {
  const name = 'Maven'
  const banner = await output('mvn', ['--batch-mode', '--version'], env)
  const version = /Apache Maven (\S+)/.exec(banner ?? '')?.[1]
  if (version !== undefined) return { name, level: 'ok', detail: `version ${version}` }
  if (hasKafkaJars(root)) return { name, level: 'ok', detail: 'not needed again: Kafka is fetched already' }
  const detail = '"mvn" does not run'
  const remedy = 'Install Maven 3.8 or newer (Debian or Ubuntu: apt-get install maven).'
  return { name, level: 'warn', detail, remedy }
}

/** Whether an earlier start has fetched Kafka; `resolveKafkaJars` marks what is complete. */
function hasKafkaJars(root: string): boolean {
  const folder = join(root, '.sluice', 'kafka')
  if (!existsSync(folder)) return false
  return readdirSync(folder).some(
    (name) => name.startsWith('libs-') && existsSync(join(folder, name, '.complete')),
  )
}

/** The ports of a start without options. */
async function checkPorts({ root, env }: Machine): Promise<Finding[]> {
  // A folder per process: the gateway and the services.
  const folder = join(root, 'services')
  const processes = existsSync(folder) ? readdirSync(folder).length : 1
  const wanted = [
    { port: 8080, flag: '--port' },
    ...Array.from({ length: processes }, (_, index) => ({ port: 9080 + index, flag: '--admin-port' })),
    ...(env['KAFKA_BROKERS'] ? [] : [{ port: 9092, flag: '--kafka-port' }]),
  ]
  const findings: Finding[] = []
  for (const { port, flag } of wanted) {
    if (await isPortFree(port)) continue
    const remedy = `If that is not a Sluice that runs already: stop it, or npm start -- ${flag} <n>`
    findings.push({ name: 'Ports', level: 'warn', detail: await describePort(port), remedy })
  }
  if (findings.length > 0) return findings
  return [{ name: 'Ports', level: 'ok', detail: `${wanted.map(({ port }) => port).join(', ')} are free` }]
}

const GIB = 1024 ** 3

async function checkMemory(): Promise<Finding[]> {
  const name = 'Memory'
  const free = availableMemory()
  const detail = `${(free / GIB).toFixed(1)} GiB free of ${(totalmem() / GIB).toFixed(1)} GiB`
  if (free >= 1.5 * GIB) return [{ name, level: 'ok', detail }]
  const remedy = 'Kafka, the gateway and the services together take about 1.2 GiB: close something.'
  return [{ name, level: 'warn', detail, remedy }]
}

/** Linux counts its file cache as used in `freemem`; what matters is what can be had. */
function availableMemory(): number {
  try {
    const kib = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
    if (kib !== undefined) return Number(kib) * 1024
  } catch {
    // not Linux
  }
  return freemem()
}

async function checkDisk({ root }: Machine): Promise<Finding[]> {
  const name = 'Disk'
  const { bavail, bsize } = await statfs(root)
  const free = bavail * bsize
  const detail = `${(free / GIB).toFixed(1)} GiB free here`
  if (free >= 2 * GIB) return [{ name, level: 'ok', detail }]
  const remedy = 'The packages, Kafka and its data want about 2 GiB: make room.'
  return [{ name, level: free < GIB / 2 ? 'fix' : 'warn', detail, remedy }]
}

function accepts(address: string): Promise<boolean> {
  const colon = address.lastIndexOf(':')
  return new Promise((resolve) => {
    const port = Number(address.slice(colon + 1))
    if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) return resolve(false)
    const socket = connect({ host: address.slice(0, colon), port })
    const settle = (accepted: boolean) => {
      socket.destroy()
      resolve(accepted)
    }
    socket.setTimeout(3000, () => settle(false))
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
  })
}

/** What a command prints, on either stream, or nothing when it fails. */
function output(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, [...args], { env, timeout: 15_000 }, (error, stdout, stderr) =>
      resolve(error ? undefined : stripVTControlCharacters(`${stdout}${stderr}`)),
    )
  })
}
