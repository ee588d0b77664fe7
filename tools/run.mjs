// The one door to every root command: `node tools/run.mjs <command> [arguments]`.
//
// Plain JavaScript without dependencies, for any Node from 18 on: for a start and for tests it first makes sure
// that there can be a Kafka; then it finds the Node and the pnpm that Sluice needs, installs the packages when
// they changed, runs `tools/<command>.ts` and ends with its exit code.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installPackages } from './run/install.mjs'
import { requirePrerequisites } from './run/prerequisites.mjs'
import { Problem, say } from './run/say.mjs'
import { findNode, findPnpm } from './run/toolchain.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

// These run before anything is installed; they import nothing but Node's own modules.
const WITHOUT_PACKAGES = new Set(['doctor'])

// The kinds of tests that need a broker.
const WITH_KAFKA = new Set(['integration', 'e2e', 'faults'])

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Problem)) throw error
  say(error.message)
  process.exitCode = 1
}

async function main([command = '', ...args]) {
  const script = join(root, 'tools', `${command}.ts`)
  if (!/^[a-z-]+$/.test(command) || !existsSync(script)) {
    throw new Problem(
      `There is no command "${command}". package.json lists them; each is run as npm run <name>.`,
    )
  }
  const asksForHelp = args.some((arg) => arg === '--help' || arg === '-h')
  if (command === 'start' && !asksForHelp) await requirePrerequisites({ root, env: process.env })
  if (command === 'test-streams') await requirePrerequisites({ root, env: process.env }, { forTests: true })
  // No argument is every kind of test.
  if (command === 'test' && (args.length === 0 || args.some((arg) => WITH_KAFKA.has(arg)))) {
    await requirePrerequisites({ root, env: process.env }, { forTests: true })
  }
  const state = join(root, '.sluice', 'toolchain.json')
  const node = await findNode({ state })
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` }
  if (!WITHOUT_PACKAGES.has(command)) {
    await installPackages({ root, env, pnpm: () => findPnpm({ state, env }) })
  }
  return run(node, [script, ...args], env)
}

/**
 * Runs the command with our terminal. A Ctrl-C in a terminal reaches the whole foreground group, the command
 * included, but `kill <pid>` reaches this process alone: so both signals are passed on, and the command takes
 * a signal that comes twice within a moment as one. The IPC channel tells it when this process is gone.
 *
 * npm puts a shell between itself and us. `kill <npm>` ends npm and that shell, and nobody tells us: so under
 * npm we look whether our parent is still the same.
 */
function run(node, argv, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, argv, { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
    const parent = process.ppid
    const orphaned = () => {
      if (process.ppid === parent) return
      clearInterval(watch)
      child.kill('SIGTERM')
    }
    const watch = setInterval(orphaned, 500)
    if (process.env.npm_lifecycle_event === undefined) clearInterval(watch)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearInterval(watch)
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143))
    })
  })
}
