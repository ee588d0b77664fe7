import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { LocalKafkaError } from './errors.ts'
import { findJava } from './java.ts'

export type ResolveKafkaJarsOptions = {
  /** Where the jars are kept, e.g. `.sluice/kafka`; created when missing. */
  readonly cacheDir: string
  /** Short lines for a person who waits. */
  readonly onProgress?: (line: string) => void
}

const POM = fileURLToPath(new URL('../../../infra/kafka/pom.xml', import.meta.url))
const MARKER = '.complete'

/**
 * The folder with the jars of Apache Kafka that infra/kafka/pom.xml names. The first call lets Maven fetch
 * them (about 45 MB); later ones need neither Maven nor a network. A folder is complete or absent: it is named
 * after the pom's hash, filled under another name, and its marker lists what must be there. Two processes may
 * call this at the same time.
 * @throws LocalKafkaError `java-missing`, `maven-missing` or `kafka-jars`.
 */
export async function resolveKafkaJars(options: ResolveKafkaJarsOptions): Promise<string> {
  const { cacheDir, onProgress = () => {} } = options
  const libs = join(cacheDir, `libs-${hash('sha256', await readFile(POM)).slice(0, 12)}`)
  if (await isComplete(libs)) return libs

  await findJava()
  await mkdir(cacheDir, { recursive: true })
  const filling = await mkdtemp(join(cacheDir, 'filling-'))
  try {
    onProgress('Fetching Apache Kafka with Maven, about 45 MB, once.')
    await runMaven(filling, onProgress)
    await writeFile(join(filling, MARKER), `${(await jarsIn(filling)).join('\n')}\n`)
    // Another process may have finished first; what it made is as good.
    if (!(await isComplete(libs))) {
      await rm(libs, { recursive: true, force: true })
      await rename(filling, libs)
    }
  } catch (error) {
    if (await isComplete(libs)) return libs
    throw error
  } finally {
    await rm(filling, { recursive: true, force: true })
  }
  return libs
}

async function isComplete(libs: string): Promise<boolean> {
  try {
    const expected = (await readFile(join(libs, MARKER), 'utf8')).trim().split('\n')
    const present = new Set(await jarsIn(libs))
    return expected.length > 1 && expected.every((jar) => present.has(jar))
  } catch {
    return false
  }
}

async function jarsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.jar')).sort()
}

function runMaven(outputDirectory: string, onProgress: (line: string) => void): Promise<void> {
  const goal = [
    'dependency:copy-dependencies',
    `-DoutputDirectory=${outputDirectory}`,
    '-DincludeScope=runtime',
  ]
  const maven = spawn('mvn', ['-B', '-f', POM, ...goal], { stdio: ['ignore', 'pipe', 'pipe'] })
  const tail: string[] = []
  for (const stream of [maven.stdout, maven.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      tail.push(line)
      if (tail.length > 20) tail.shift()
      const jar = /Downloaded from .*\/([^/ ]+\.jar)/.exec(line)?.[1]
      if (jar) onProgress(`Fetched ${jar}`)
    })
  }
  return new Promise((resolve, reject) => {
    maven.on('error', (cause) => {
      const hint = 'Install Maven 3.8 or newer, or use Docker, or set KAFKA_BROKERS to a running Kafka.'
      reject(new LocalKafkaError('maven-missing', `"mvn" does not run. ${hint}`, { cause }))
    })
    maven.on('close', (code) => {
      if (code === 0) return resolve()
      const hint = 'Check the network and your Maven settings, then try again.'
      const message = `Maven could not fetch Apache Kafka (exit code ${code}). ${hint}\n${tail.join('\n')}`
      reject(new LocalKafkaError('kafka-jars', message))
    })
  })
}
