import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { isPortFree, waitFor } from '@sluice/testing'

/** A whole Sluice, started as a user does, reached through its public surface only. */
export type System = {
  readonly ingest: string
  admin(service: string): string
  /** The pid that is in charge now, also after a restart. */
  pid(service: string): number
  /** What the start said after it was ready. */
  readonly notices: readonly Notice[]
  /** SIGTERM, as Ctrl-C does; the exit code. */
  stop(): Promise<number | null>
}

export type Notice = Readonly<Record<string, unknown>>

/** `npm start -- --no-demo --json` on ports of its own, against the given Kafka. */
export async function startSystem(
  brokers: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<System> {
  const temp = await mkdtemp(join(tmpdir(), 'sluice-e2e-'))
  const base = await freePortRange(20)
  const child = spawn(
    process.execPath,
    ['tools/start.ts', '--no-demo', '--json', '--port', String(base), '--admin-port', String(base + 1)],
    // A temp folder of its own, because the lock against a second start lies there.
    {
      cwd: ROOT,
      env: { ...process.env, ...settings, KAFKA_BROKERS: brokers, TMPDIR: temp },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const notices: Notice[] = []
  const errors: string[] = []
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  createInterface({ input: child.stdout! }).on('line', (line) => notices.push(JSON.parse(line) as Notice))
  createInterface({ input: child.stderr! }).on('line', (line) => errors.push(line))

  const ready = await waitFor(
    () => {
      if (child.exitCode !== null) return 'exited'
      return notices.find((notice) => notice['ready'] === true)
    },
    {
      timeoutMs: 90_000,
      describe: () => `the start to be ready; it said ${JSON.stringify(notices)} ${errors.join('\n')}`,
    },
  )
  if (ready === 'exited') throw new Error(`The start ended with ${child.exitCode}.\n${errors.join('\n')}`)

  const services = new Map((ready['services'] as Service[]).map((service) => [service.name, service]))
  const find = (name: string): Service => {
    const service = services.get(name)
    if (!service) throw new Error(`There is no service "${name}".`)
    return service
  }
  return {
    ingest: String(ready['ingest']),
    admin: (name) => find(name).admin,
    pid(name) {
      const restarted = notices.findLast(
        (notice) => notice['event'] === 'restarted' && notice['service'] === name,
      )
      return Number(restarted?.['pid'] ?? find(name).pid)
    },
    notices,
    stop: () => stop(child, exited, temp),
  }
}

/** One more gateway, as a second replica is: it shares nothing with others but Kafka. */
export async function startGateway(
  brokers: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<{ readonly ingest: string; readonly admin: string; stop(): Promise<number | null> }> {
  const port = await freePortRange(2)
  const child = spawn(process.execPath, ['services/gateway/src/main.ts'], {
    cwd: ROOT,
    env: {
      ...process.env,
      KAFKA_BROKERS: brokers,
      GATEWAY_PORT: String(port),
      ADMIN_PORT: String(port + 1),
      LOG_LEVEL: 'warn',
      ...settings,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  await waitFor(
    () =>
      fetch(`http://127.0.0.1:${port + 1}/readyz`).then(
        ({ ok }) => ok || undefined,
        () => undefined,
      ),
    { timeoutMs: 60_000, describe: () => 'the second gateway to be ready' },
  )
  return {
    ingest: `http://127.0.0.1:${port}`,
    admin: `http://127.0.0.1:${port + 1}`,
    stop() {
      child.kill('SIGTERM')
      return exited
    },
  }
}

type Service = { name: string; pid: number; admin: string }

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

async function stop(
  child: ChildProcess,
  exited: Promise<number | null>,
  temp: string,
): Promise<number | null> {
  child.kill('SIGTERM')
  const code = await exited
  await rm(temp, { recursive: true, force: true })
  return code
}

async function freePortRange(length: number): Promise<number> {
  for (let base = 21_000; base < 32_000; base += length) {
    const free = await Promise.all(Array.from({ length }, (_, offset) => isPortFree(base + offset)))
    if (free.every(Boolean)) return base
  }
  throw new Error('No free range of ports.')
}
