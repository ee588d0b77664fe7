import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { SettingDescription } from '@sluice/service'

export type ProcessSettings = { readonly name: string; readonly settings: readonly SettingDescription[] }

/**
 * The settings of every process under `services/`, by name. A process is started with `--print-settings` and asked: so
 * no tool imports a service. Of the consumer services, whose `main.ts` is beside their handler, the first speaks for all:
 * `runConsumer` runs every one, and takes no settings of a service's own.
 * Rejects when a process does not answer with its settings; the message has what it wrote instead.
 */
export async function askProcesses(root: string): Promise<ProcessSettings[]> {
  const names = readdirSync(join(root, 'services')).sort()
  const having = (file: string) => names.filter((name) => existsSync(join(root, 'services', name, file)))
  const consumers = having('main.ts')
  const others = having('src/main.ts').map((name) => ({ main: `${name}/src/main.ts`, names: [name] }))
  const groups =
    consumers.length === 0 ? others : [...others, { main: `${consumers[0]}/main.ts`, names: consumers }]
  const asked = await Promise.all(
    groups.map(async ({ main, names }) => {
      const settings = await ask(join(root, 'services', main))
      return names.map((name) => ({ name, settings }))
    }),
  )
  return asked.flat().sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function ask(main: string): Promise<SettingDescription[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, '--print-settings'], {
    timeout: ANSWER_MS,
  })
  try {
    return JSON.parse(stdout)
  } catch (cause) {
    throw new Error(`${main} --print-settings answered with: ${stdout.slice(0, 500)}`, { cause })
  }
}

/** Bounds a process that runs instead of answering; generous, because a machine may be busy. */
const ANSWER_MS = 60_000
