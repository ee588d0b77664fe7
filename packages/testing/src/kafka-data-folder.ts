import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LocalKafkaError } from './errors.ts'
import type { KafkaUser } from './kafka-properties.ts'

/**
 * A data folder holds
 *
 *     data/               Kafka's log.dirs
 *     format.json         what it was formatted with, written before the folder gets its name
 *     server.properties   of the last start
 *     kafka.log           of the last start
 *     kafka.pid           while a JVM runs
 */
const OURS = ['data', 'format.json', 'server.properties', 'kafka.log', 'kafka.pid']

export type DataFolder = {
  readonly dataDir: string
  readonly kafkaVersion: string
  readonly users: readonly KafkaUser[]
  /** Formats `<folder>/data`. */
  readonly format: (folder: string) => Promise<void>
  readonly onNotice: (line: string) => void
}

/**
 * Makes sure that `dataDir` is formatted and can be used with this Kafka. What cannot be used is moved aside,
 * never deleted. Formats under another name and renames, so that a formatted folder is whole. Says whether it
 * is new. Not for two processes with one folder at the same time.
 * @throws LocalKafkaError `kafka-data` when the folder holds something else altogether.
 */
export async function prepareDataFolder(folder: DataFolder): Promise<'fresh' | 'kept'> {
  const { dataDir, onNotice } = folder
  const problem = await findProblem(folder)
  if (problem === undefined) return 'kept'
  if (problem !== 'absent') await moveAside(dataDir, problem, onNotice)

  const formatting = `${dataDir}.formatting`
  await rm(formatting, { recursive: true, force: true })
  await mkdir(formatting, { recursive: true })
  await folder.format(formatting)
  await writeFile(join(formatting, 'format.json'), JSON.stringify(formatOf(folder)))
  await mkdir(dirname(dataDir), { recursive: true })
  await rename(formatting, dataDir)
  return 'fresh'
}

/**
 * Whether topics have been stored in the folder: Kafka keeps each partition in a folder `<topic>-<number>`. They
 * can be there although Kafka knows none of them, when its metadata was damaged.
 */
export async function holdsTopics(dataDir: string): Promise<boolean> {
  const names = await readdir(join(dataDir, 'data')).catch(() => [])
  return names.some((name) => /^(?!__cluster_metadata-).+-\d+$/.test(name))
}

/** Renames a folder to `<dataDir>.stale-<timestamp>` and says so. */
export async function moveAside(
  dataDir: string,
  why: string,
  onNotice: (line: string) => void,
): Promise<void> {
  const stale = `${dataDir}.stale-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
  await rename(dataDir, stale)
  onNotice(
    `The Kafka data in ${dataDir} cannot be used (${why}). Moved to ${stale}; starting with an empty Kafka.`,
  )
}

/** The version in the name of a jar that every Kafka has. */
export async function kafkaVersionOf(libs: string): Promise<string> {
  for (const name of await readdir(libs)) {
    const version = /^kafka-clients-(.+)\.jar$/.exec(name)?.[1]
    if (version) return version
  }
  throw new LocalKafkaError('kafka-jars', `There is no Kafka in ${libs}. Delete the folder and start again.`)
}

async function findProblem(folder: DataFolder): Promise<string | undefined> {
  const { dataDir, kafkaVersion } = folder
  const names = existsSync(dataDir) ? await readdir(dataDir) : []
  if (names.length === 0) return 'absent'
  if (!names.some((name) => OURS.includes(name))) {
    throw new LocalKafkaError(
      'kafka-data',
      `${dataDir} holds something that is not Kafka's. Choose another folder.`,
    )
  }
  const format = await readFormat(dataDir)
  if (format === undefined) return 'it was never formatted completely'
  if (isNewer(format.kafka, kafkaVersion))
    return `it was written by Kafka ${format.kafka}, this is ${kafkaVersion}`
  if (format.users !== formatOf(folder).users) return 'it was formatted for other SCRAM users'
  const meta = await readFile(join(dataDir, 'data', 'meta.properties'), 'utf8').catch(() => '')
  for (const line of [/^version=1$/m, /^node\.id=1$/m, /^cluster\.id=\S+$/m, /^directory\.id=\S+$/m]) {
    if (!line.test(meta)) return 'its meta.properties is broken'
  }
  return undefined
}

type Format = { readonly kafka: string; readonly users: string }

function formatOf({ kafkaVersion, users }: DataFolder): Format {
  return { kafka: kafkaVersion, users: hash('sha256', JSON.stringify(users)) }
}

async function readFormat(dataDir: string): Promise<Format | undefined> {
  try {
    const format = JSON.parse(await readFile(join(dataDir, 'format.json'), 'utf8')) as Partial<Format>
    return typeof format.kafka === 'string' && typeof format.users === 'string'
      ? (format as Format)
      : undefined
  } catch {
    return undefined
  }
}

function isNewer(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) > 0
}
