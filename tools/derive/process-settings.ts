import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { SettingDescription } from '@sluice/service'

export type ProcessSettings = { readonly name: string; readonly settings: readonly SettingDescription[] }

/**
 * The settings of every process under `services/`, by name. Each process is started with `--print-settings` and
 * asked: so no tool imports a service, and a service may keep its settings wherever it likes.
 * Rejects when a process does not answer with its settings; the message has what it wrote instead.
 */
export async function askProcesses(root: string): Promise<ProcessSettings[]> {
  const mains = readdirSync(join(root, 'services'))
    .sort()
    .flatMap((name) => {
      const main = ['main.ts', 'src/main.ts']
        .map((file) => join(root, 'services', name, file))
        .find((file) => existsSync(file))
      return main === undefined ? [] : [{ name, main }]
    })
  return Promise.all(mains.map(async ({ name, main }) => ({ name, settings: await ask(main) })))
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
