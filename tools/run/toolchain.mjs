// Finds Node and pnpm: the machine's own where they are new enough, else those that npm's npx brings. What
// npx brought is remembered by path, so that the next run needs neither the network nor npx.

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { Problem, say } from './say.mjs'

/** The oldest Node that runs the sources as they are. */
export const OLDEST_NODE = 24

/** What is brought, best first. Node 26 needs libatomic, which a minimal machine lacks; 24 does not. */
export const NODE_VERSIONS = ['26.10.0', '24.21.0']
export const PNPM_VERSION = '12.21.0'

/**
 * The path of a Node that runs the sources.
 *
 * @param {object} options
 * @param {string} options.state the file that remembers paths
 * @param {string} [options.version] the version that runs this file
 * @param {(file: string, args: string[], options?: object) => Promise<string>} [options.execute]
 * @throws {Problem} when there is none and none can be brought
 */
export async function findNode({ state, version = process.versions.node, execute = executeFile }) {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return process.execPath
  const remembered = recall(state, 'node', NODE_VERSIONS)
  if (remembered !== undefined) return remembered

  const failures = []
  for (const wanted of NODE_VERSIONS) {
    say(`Node ${version} is too old for the sources (they need ${OLDEST_NODE}); bringing Node ${wanted} …`)
    try {
      const path = await bring('node', wanted, execute)
      await execute(path, ['--version'])
      if (failures.length > 0) say(`Node ${wanted} it is, because ${failures.join('; ')}.`)
      remember(state, 'node', wanted, path)
      return path
    } catch (error) {
      failures.push(`Node ${wanted} did not run (${firstLine(error)})`)
    }
  }
  throw new Problem(
    `Sluice needs Node ${OLDEST_NODE} or newer, and none could be brought: ${failures.join('; ')}.\n` +
      'Is the network there? Otherwise install Node yourself and start again.',
  )
}

/**
 * The path of a pnpm of the right major version.
 *
 * @param {object} options
 * @param {string} options.state the file that remembers paths
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {(file: string, args: string[], options?: object) => Promise<string>} [options.execute]
 * @throws {Problem} when there is none and none can be brought
 */
export async function findPnpm({ state, env = process.env, execute = executeFile }) {
  const remembered = recall(state, 'pnpm', [PNPM_VERSION])
  if (remembered !== undefined) return remembered
  const machine = await execute('pnpm', ['--version'], { env, cwd: tmpdir() }).catch(() => '')
  if (Number.parseInt(machine, 10) === Number.parseInt(PNPM_VERSION, 10)) return 'pnpm'

  say(`Bringing pnpm ${PNPM_VERSION} …`)
  try {
    const path = await bring('pnpm', PNPM_VERSION, execute)
    await execute(path, ['--version'], { env, cwd: tmpdir() })
    remember(state, 'pnpm', PNPM_VERSION, path)
    return path
  } catch (error) {
    throw new Problem(
      `Sluice installs its packages with pnpm ${PNPM_VERSION}, which could not be brought: ${firstLine(error)}.\n` +
        `Is the network there? Otherwise: npm install --global pnpm@${PNPM_VERSION}`,
    )
  }
}

/** Asks npx for a package and answers the real path of its binary. npx runs far from our package.json. */
async function bring(name, version, execute) {
  const npx = ['--yes', `--package=${name}@${version}`, '-c', `command -v ${name}`]
  const output = await execute('npx', npx, { cwd: tmpdir() })
  const path = output.trim().split('\n').at(-1) ?? ''
  if (!existsSync(path)) throw new Error(`npx brought no ${name}`)
  return realpathSync(path)
}

function recall(state, name, versions) {
  const { version, path } = read(state)[name] ?? {}
  return versions.includes(version) && existsSync(path) ? path : undefined
}

function remember(state, name, version, path) {
  mkdirSync(dirname(state), { recursive: true })
  writeFileSync(state, `${JSON.stringify({ ...read(state), [name]: { version, path } }, null, 2)}\n`)
}

function read(state) {
  try {
    return JSON.parse(readFileSync(state, 'utf8'))
  } catch {
    return {} // absent or damaged: both mean that nothing is remembered
  }
}

function executeFile(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    execFile(file, args, { ...options, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(lastLine(stderr) || error.message))
    })
  })
}

function firstLine(error) {
  return error.message.split('\n')[0].replace(/\.$/, '')
}

function lastLine(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('npm warn'))
  // npm ends with where its log is; what went wrong stands first.
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? ''
}
