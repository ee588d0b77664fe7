import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { waitFor } from '@sluice/testing'

export type Fixture = {
  readonly child: ChildProcess
  /** All that it wrote so far. */
  readonly output: { stdout: string; stderr: string }
  /** Resolves when it is gone. */
  readonly exit: Promise<{ code: number | null; signal: string | null }>
  /** Waits until it has written this. */
  wrote(text: string, times?: number): Promise<void>
  /** Waits for its admin server. */
  admin(): Promise<string>
}

const running = new Set<Fixture>()

/** Starts a script of this folder under our Node, with nothing in its environment but `env`. */
export function spawnFixture(
  script: string,
  env: Record<string, string>,
  { args = [], ipc = false }: { args?: string[]; ipc?: boolean } = {},
): Fixture {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, [file, ...args], {
    env,
    stdio: ['pipe', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout!.on('data', (chunk) => (output.stdout += chunk))
  child.stderr!.on('data', (chunk) => (output.stderr += chunk))
  const fixture: Fixture = {
    child,
    output,
    // Not the event `close`: Node leaves it out after we have disconnected.
    exit: Promise.all([once(child, 'exit'), once(child.stdout!, 'end'), once(child.stderr!, 'end')]).then(
      ([[code, signal]]) => ({ code, signal }),
    ),
    async wrote(text, times = 1) {
      await waitFor(() => output.stdout.split(text).length > times, {
        timeoutMs: 20_000,
        describe: () => `"${text}" in:\n${output.stdout}${output.stderr}`,
      })
    },
    async admin() {
      await fixture.wrote('"msg":"started"')
      return /"admin":"([^"]+)"/.exec(output.stdout)![1]!
    },
  }
  running.add(fixture)
  void fixture.exit.then(() => running.delete(fixture))
  return fixture
}

/** Ends what a failed test left. */
export async function endFixtures(): Promise<void> {
  const left = [...running]
  for (const { child } of left) child.kill('SIGKILL')
  await Promise.all(left.map(({ exit }) => exit))
}
