// Installs the workspace's packages when what they are installed from has changed.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Problem, say } from './say.mjs'

/** Folders whose direct children are packages of the workspace, and packages of their own. */
const PACKAGE_FOLDERS = ['packages', 'services']
const PACKAGES = ['.', 'tools', 'tests', 'bench']

/**
 * Installs what the lockfile says, unless exactly that is installed already.
 *
 * @param {object} options
 * @param {string} options.root the workspace
 * @param {NodeJS.ProcessEnv} options.env
 * @param {() => Promise<string>} options.pnpm finds pnpm; called only when it is needed
 * @throws {Problem} when pnpm fails; its output is in the message
 */
export async function installPackages({ root, env, pnpm }) {
  const mark = join(root, 'node_modules', '.sluice-installed')
  const wanted = fingerprint(root)
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return

  const path = await pnpm()
  const started = Date.now()
  say('Installing the packages …')
  const args = ['install', '--frozen-lockfile', '--prefer-offline', '--config.confirmModulesPurge=false']
  const { code, output } = await runQuietly(path, args, { cwd: root, env })
  if (code !== 0) {
    throw new Problem(
      `${output.trimEnd()}\n\nThe packages could not be installed (pnpm's words above).\n` +
        'Without a network, connect once and start again. If the lockfile is said to be outdated, run: pnpm install',
    )
  }
  writeFileSync(mark, wanted)
  say(`Installed in ${((Date.now() - started) / 1000).toFixed(1)} s.`)
}

/** A hash over all that decides what gets installed. */
export function fingerprint(root) {
  const manifests = [
    ...PACKAGES,
    ...PACKAGE_FOLDERS.flatMap((folder) => list(root, folder).map((name) => join(folder, name))),
  ].map((folder) => join(folder, 'package.json'))
  const patches = list(root, 'patches').map((name) => join('patches', name))
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests, ...patches]) {
    const path = join(root, file)
    if (existsSync(path)) hash.update(`${file}\n`).update(readFileSync(path)).update('\n')
  }
  return hash.digest('hex')
}

function list(root, folder) {
  const path = join(root, folder)
  return existsSync(path) ? readdirSync(path).sort() : []
}

function runQuietly(file, args, options) {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const gather = (chunk) => {
      output += chunk
    }
    child.stdout.on('data', gather)
    child.stderr.on('data', gather)
    child.on('error', (error) => resolve({ code: 1, output: error.message }))
    child.on('close', (code) => resolve({ code, output }))
  })
}
