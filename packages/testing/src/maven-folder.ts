import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { LocalKafkaError, type LocalKafkaErrorCode } from './errors.ts'
import { findJava } from './java.ts'

export type MavenFolder = {
  /** The path of the pom that says what is wanted. */
  readonly pom: string
  /** Folders of sources that are compiled; a change in them makes it anew. None where the pom is all. */
  readonly sources?: readonly string[]
  /** It gets the folder as `outputDirectory`. */
  readonly goal: readonly string[]
  /** For people: "Apache Kafka", and "45 MB". */
  readonly what: string
  readonly size: string
  /** What was not fetched, for programs. */
  readonly code: LocalKafkaErrorCode
  /** What to do instead of having Maven. */
  readonly instead: string
  /** Where the folder is; created when missing. */
  readonly cacheDir: string
  /** Short lines for a person who waits. */
  readonly onProgress: (line: string) => void
}

const MARKER = '.complete'

/**
 * A folder with the jars that a pom names, filled by Maven the first time; later calls need neither Maven nor a network.
 * It is complete or absent: it is named after the hash of the pom and its sources, filled under another name, and its marker lists what must
 * be there. Two processes may call this at the same time.
 * @throws LocalKafkaError `java-missing`, `maven-missing`, or the given code
 */
export async function resolveMavenFolder(wanted: MavenFolder): Promise<string> {
  const { cacheDir } = wanted
  const folder = join(cacheDir, `libs-${(await hashOf(wanted)).slice(0, 12)}`)
  if (await isComplete(folder)) return folder

  // Maven needs it too, and says less about it.
  await findJava()
  await mkdir(cacheDir, { recursive: true })
  const filling = await mkdtemp(join(cacheDir, 'filling-'))
  try {
    wanted.onProgress(
      wanted.sources === undefined
        ? `Fetching ${wanted.what} with Maven, about ${wanted.size}, once.`
        : `Building ${wanted.what} with Maven; the first time it fetches about ${wanted.size}.`,
    )
    await runMaven(wanted, filling)
    await writeFile(join(filling, MARKER), `${(await jarsIn(filling)).join('\n')}\n`)
    // Another process may have finished first; what it made is as good.
    if (!(await isComplete(folder))) {
      await rm(folder, { recursive: true, force: true })
      await rename(filling, folder)
    }
  } catch (error) {
    if (await isComplete(folder)) return folder
    throw error
  } finally {
    await rm(filling, { recursive: true, force: true })
  }
  return folder
}

/** Without sources the pom's own hash, which the doctor knows, too. */
async function hashOf({ pom, sources = [] }: MavenFolder): Promise<string> {
  const content = createHash('sha256').update(await readFile(pom))
  for (const source of sources) {
    const entries = await readdir(source, { recursive: true, withFileTypes: true })
    const files = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
    for (const file of files.sort())
      content.update(`\0${relative(source, file)}\0`).update(await readFile(file))
  }
  return content.digest('hex')
}

async function isComplete(folder: string): Promise<boolean> {
  try {
    const expected = (await readFile(join(folder, MARKER), 'utf8')).trim().split('\n')
    const present = new Set(await jarsIn(folder))
    return expected.length > 1 && expected.every((jar) => present.has(jar))
  } catch {
    return false
  }
}

async function jarsIn(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.jar')).sort()
}

function runMaven(wanted: MavenFolder, outputDirectory: string): Promise<void> {
  const { pom, goal, what, code: errorCode, instead, onProgress } = wanted
  // The plugin notes what it has unpacked; beside the pom that would hold for another folder, too.
  const folders = [
    `-DoutputDirectory=${outputDirectory}`,
    `-DmarkersDirectory=${join(outputDirectory, 'unpacked')}`,
  ]
  const args = ['-B', '-f', pom, ...goal, ...folders]
  const maven = spawn('mvn', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const tail: string[] = []
  for (const stream of [maven.stdout, maven.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      tail.push(line)
      if (tail.length > 20) tail.shift()
      const file = /Downloaded from .*\/([^/ ]+\.(?:jar|tar\.gz))/.exec(line)?.[1]
      if (file) onProgress(`Fetched ${file}`)
    })
  }
  return new Promise((resolve, reject) => {
    maven.on('error', (cause) => {
      const hint = `Install Maven 3.8 or newer, or ${instead}.`
      reject(new LocalKafkaError('maven-missing', `"mvn" does not run. ${hint}`, { cause }))
    })
    maven.on('close', (code) => {
      if (code === 0) return resolve()
      const hint = 'Check the network and your Maven settings, then try again.'
      const noCompiler = tail.some((line) => line.includes('No compiler is provided'))
      const message = noCompiler
        ? `Maven found no compiler for ${what}: Java here is a runtime only. Install a JDK.`
        : `Maven could not fetch or build ${what} (exit code ${code}). ${hint}\n${tail.join('\n')}`
      reject(new LocalKafkaError(errorCode, message))
    })
  })
}
