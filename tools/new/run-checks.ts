import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A command that has to end with 0. */
export type Check = { readonly name: string; readonly file: string; readonly args: readonly string[] }

/** A check that failed. The message has what it wrote. Caught by the command, which undoes what was written. */
export class CheckError extends Error {
  override readonly name = 'CheckError'
  readonly code = 'check-failed'
}

/** Brings new files into the layout that the linter wants, which also refuses what it refuses. */
export function formatCheck(root: string, paths: readonly string[]): Check {
  return {
    name: 'format and lint',
    file: bin(root, 'biome'),
    args: ['check', '--write', '--no-errors-on-unmatched', ...paths],
  }
}

/** Writes what is derived. */
export function deriveCheck(root: string): Check {
  return { name: 'derived files', file: process.execPath, args: [join(root, 'tools', 'derive.ts')] }
}

/** The types of everything. */
export function typeCheck(root: string): Check {
  return { name: 'types', file: bin(root, 'tsc'), args: ['-p', '.'] }
}

/**
 * The types of what a new type or service can break: the definitions and the services themselves. Everything takes twice
 * as long, and is what `npm test` checks.
 */
export function typeCheckOf(root: string, services: readonly string[]): Check {
  const folder = join(root, '.sluice', 'new')
  const include = ['packages/events', ...services.map((service) => `services/${service}`)]
  const project = { extends: '../../tsconfig.base.json', include: include.map((path) => `../../${path}`) }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project))
  return { name: 'types', file: bin(root, 'tsc'), args: ['-p', folder] }
}

/** The tests of the given services, and those of every definition. */
export function testCheck(root: string, services: readonly string[], also: readonly string[] = []): Check {
  const files = [
    ...services.map((service) => `services/${service}/`),
    'packages/events/src/catalogue.test.ts',
    ...also,
  ]
  return {
    name: 'tests and schema',
    file: bin(root, 'vitest'),
    // One worker that keeps what it has loaded: a fifth less for two files.
    args: ['run', '--project', 'unit', '--reporter=dot', '--no-isolate', '--maxWorkers=1', ...files],
  }
}

/**
 * Runs checks side by side, to the end.
 * @throws CheckError with the output of each that failed
 */
export async function runChecks(root: string, checks: readonly Check[], signal: AbortSignal): Promise<void> {
  const results = await Promise.all(
    checks.map(async (check) => ({ check, ...(await run(root, check, signal)) })),
  )
  signal.throwIfAborted()
  const failed = results.filter(({ code }) => code !== 0)
  if (failed.length === 0) return
  throw new CheckError(
    failed.map(({ check, output }) => `${check.name} failed:\n${output.trimEnd()}`).join('\n\n'),
  )
}

function run(
  cwd: string,
  { file, args }: Check,
  signal: AbortSignal,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    let output = ''
    const env = { ...process.env, NO_COLOR: '1' }
    const child = spawn(file, [...args], { cwd, env, signal, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk
      })
    }
    child.on('error', (error) => resolve({ code: 1, output: `${output}${error.message}` }))
    child.on('close', (code) => resolve({ code, output }))
  })
}

function bin(root: string, name: string): string {
  return join(root, 'node_modules', '.bin', name)
}
