import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { freemem, totalmem } from 'node:os'
import { join } from 'node:path'
import {
  checkDocker,
  checkGivenBrokers,
  checkJava,
  checkMaven,
  type Finding,
  type Machine,
  NO_KAFKA,
  output,
} from '../run/prerequisites.mjs'
import { describePort, isPortFree } from '../start/ports.ts'
import { type EntryFacts, findGaps } from './completeness.ts'

export type { Finding } from '../run/prerequisites.mjs'

/** Runs every check, side by side, and returns the findings in a fixed order. Never rejects. */
export async function findProblems(machine: Machine): Promise<Finding[]> {
  const checks = [checkNode(), checkPnpm(machine), checkKafka(machine), checkPorts(machine), checkMemory()]
  return (await Promise.all([...checks, checkDisk(machine), checkCatalogue(machine)])).flat()
}

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
  if (given !== undefined && given !== '') return [await checkGivenBrokers(given)]
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
  const detail = 'there is no way to run one'
  const none: Finding = { name: 'Kafka', level: 'fix', detail, remedy: NO_KAFKA }
  return [docker, java, maven, none]
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

/** Asked of a process of its own: the catalogue needs packages, and this may run before they are here. */
async function checkCatalogue({ root, env }: Machine): Promise<Finding[]> {
  const name = 'Catalogue'
  const script = join(root, 'tools', 'start', 'read-catalogue.ts')
  if (!existsSync(join(root, 'node_modules')) || !existsSync(script)) {
    return [{ name, level: 'ok', detail: 'not looked at before the packages are installed' }]
  }
  const answer = await output(process.execPath, [script], env)
  // A warning of Node's may stand before it.
  const facts = answer?.split('\n').find((line) => line.startsWith('{'))
  if (facts === undefined) {
    const remedy = 'Run npm run derive, then npm run test:unit: they say what is wrong with a definition.'
    return [{ name, level: 'fix', detail: 'packages/events cannot be loaded', remedy }]
  }
  const { entries, topics }: { entries: EntryFacts[]; topics: { topic: string }[] } = JSON.parse(facts)
  const gaps = findGaps(
    root,
    entries,
    topics.map(({ topic }) => topic),
  )
  const services = entries.flatMap((entry) => entry.services)
  if (gaps.length === 0) {
    return [
      { name, level: 'ok', detail: `${entries.length} types and ${services.length} services, each whole` },
    ]
  }
  const remedy =
    'What is derived comes back with npm run derive; a half-made type is undone by npm run new -- remove <type>.'
  return gaps.map((detail) => ({ name, level: 'fix', detail, remedy }))
}
