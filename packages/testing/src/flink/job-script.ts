import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../../../streams/flink/', import.meta.url))

/** Where the jobs are that Sluice runs. */
export const JOBS_DIR = join(FOLDER, 'jobs')

/** The names of the jobs in a folder: each file's, without `.sql`. */
export async function listJobs(jobsDir = JOBS_DIR): Promise<string[]> {
  const files = await readdir(jobsDir)
  return files.flatMap((file) => (file.endsWith('.sql') ? [file.slice(0, -'.sql'.length)] : [])).sort()
}

export type JobScriptOptions = {
  readonly brokers: string
  /** Where the job's file is. Default: streams/flink/jobs. */
  readonly jobsDir?: string
  /** Over the defaults of streams/flink/settings.env. */
  readonly settings?: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * The statements of a job, with those before it that say what it reads and writes.
 * @throws Error when a file names a setting that there is none of
 */
export async function readJobScript(job: string, options: JobScriptOptions): Promise<string[]> {
  const { brokers, jobsDir = JOBS_DIR, settings, now } = options
  const defaults = parseSettings(await readFile(join(FOLDER, 'settings.env'), 'utf8'))
  const { START_BACK = '', ...values } = { ...defaults, ...settings }
  const [connect, tables, own] = await Promise.all(
    [join(FOLDER, 'connect.sql'), join(FOLDER, 'tables.sql'), join(jobsDir, `${job}.sql`)].map(
      async (file) => {
        const sql = await readFile(file, 'utf8')
        const given = { JOB: job, KAFKA_BROKERS: brokers, START_MS: String(now - toMs(START_BACK)) }
        return splitStatements(fillIn(sql, { ...values, ...given }))
      },
    ),
  )
  return [...connect!, ...tables!.filter((statement) => isWanted(statement, own!)), ...own!]
}

/** Whether a job names this table or view, or one that is made of it: Flink checks each that it is told of. */
function isWanted(statement: string, script: readonly string[]): boolean {
  const name = /^CREATE TEMPORARY (?:TABLE|VIEW) (\w+)/.exec(statement)?.[1]?.replace(SUFFIX, '')
  return script.some((own) => new RegExp(`\\b${name}(_unreadable)?\\b`).test(own))
}

const SUFFIX = /_(records|plain|both|unreadable)$/

/** What an environment says otherwise than streams/flink/settings.env. Where it names a schema registry, events are framed. */
export async function streamSettings(env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const names = Object.keys(parseSettings(await readFile(join(FOLDER, 'settings.env'), 'utf8')))
  const given = names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))
  return { ...(env['SCHEMA_REGISTRY_URL'] && { EVENT_FORMS: 'both' }), ...Object.fromEntries(given) }
}

/** `NAME=value` lines; empty ones and comments are left out. */
export function parseSettings(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => /^[A-Z]/.test(line))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

/** Puts a value in place of each `${NAME}`. */
export function fillIn(sql: string, values: Readonly<Record<string, string>>): string {
  return sql.replace(/\$\{([A-Z_]+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined)
      throw new Error(`There is no setting ${name}; streams/flink/settings.env lists them.`)
    return value
  })
}

/**
 * The statements of a script, without their semicolons and without comments. One that ends in a text or a name is none,
 * and a statement set is one statement with those inside.
 */
export function splitStatements(sql: string): string[] {
  const statements: string[] = []
  let statement = ''
  for (const [token] of sql.matchAll(/--[^\n]*|'(?:[^']|'')*'|`[^`]*`|;|-|[^-'`;]+/g)) {
    if (token.startsWith('--')) continue
    const isOpen = /^\s*EXECUTE\s+STATEMENT\s+SET\b/.test(statement) && !/\bEND\s*$/.test(statement)
    if (token !== ';' || isOpen) {
      statement += token
      continue
    }
    statements.push(statement.trim())
    statement = ''
  }
  if (statement.trim() !== '') throw new Error(`The last statement does not end: ${statement.trim()}`)
  return statements
}

/** Of `minutes:seconds`. */
function toMs(time: string): number {
  const [minutes = Number.NaN, seconds = Number.NaN] = time.split(':').map(Number)
  return (minutes * 60 + seconds) * 1000
}
