import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { waitFor } from '@sluice/testing'
import type { Exit, ProcessCounters } from '../books/history.ts'
import { findPorts } from './ports.ts'

/** One process of Sluice, from its start to its end. */
export type Member = {
  /** `gateway`, or the service. */
  readonly name: string
  readonly life: number
  readonly pid: number
  /** Where its admin server listens. */
  readonly admin: string
  /** Resolves when it is gone. */
  readonly ended: Promise<number | null>
  isRunning(): boolean
  signal(signal: NodeJS.Signals): void
  ready(): Promise<void>
  /** The value of a metric, of all labels together; undefined when it does not answer. */
  metric(name: string): Promise<number | undefined>
}

export type Fleet = {
  /**
   * Starts another process of this name. Does not wait until it is ready.
   * @param program to run in its place, from the root of the tree
   */
  start(name: string, program?: string): Promise<Member>
  /** The newest running process of this name. */
  find(name: string): Member
  /** SIGKILL, and waits until it is gone. */
  kill(member: Member): Promise<void>
  /** SIGTERM, and waits until it is gone; notes how it ended. */
  retire(member: Member): Promise<void>
  /** Reads the counters of everything that has no more work, then retires it, the gateway first. */
  retireAll(): Promise<void>
  /** How many files and sockets each running process has open; those that do not answer are left out. */
  openFiles(): Promise<ReadonlyMap<Member, number>>
  readonly counters: readonly ProcessCounters[]
  readonly exits: readonly Exit[]
  /** Ends whatever still runs. */
  stop(): Promise<void>
}

export type FleetOptions = {
  /** The address of Kafka for a process of this name. */
  readonly brokersFor: (name: string) => string
  readonly gatewayPort: number
  readonly env: Readonly<Record<string, string>>
  /** Where each process writes its log. */
  readonly logs: string
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

export function createFleet(options: FleetOptions): Fleet {
  const members: Member[] = []
  const counters: ProcessCounters[] = []
  const exits: Exit[] = []
  let lives = 0

  async function start(name: string, program = programOf(name)): Promise<Member> {
    const life = ++lives
    const [adminPort] = await findPorts(1)
    const log = openSync(join(options.logs, `${name}-${life}.log`), 'a')
    const child = spawn(process.execPath, [program], {
      cwd: ROOT,
      // The channel ends a process whose parent was killed.
      stdio: ['ignore', log, log, 'ipc'],
      env: {
        PATH: process.env['PATH'],
        KAFKA_BROKERS: options.brokersFor(name),
        GATEWAY_PORT: String(options.gatewayPort),
        ADMIN_PORT: String(adminPort),
        ...options.env,
      },
    })
    closeSync(log)
    const member = createMember(name, life, child, `http://127.0.0.1:${adminPort}`)
    members.push(member)
    return member
  }

  async function kill(member: Member): Promise<void> {
    counters.push({ ...NOTHING_COUNTED, process: member.name, life: member.life })
    member.signal('SIGKILL')
    await member.ended
  }

  async function retire(member: Member): Promise<void> {
    // It goes on working until it stops, and takes its last counts with it.
    counters.push({ ...NOTHING_COUNTED, process: member.name, life: member.life })
    await stopInPeace(member)
  }

  async function stopInPeace(member: Member): Promise<void> {
    const asked = performance.now()
    member.signal('SIGTERM')
    const code = await member.ended
    exits.push({ process: member.name, code, tookMs: Math.round(performance.now() - asked) })
  }

  return {
    start,
    find(name) {
      const found = members.findLast((member) => member.name === name && member.isRunning())
      if (!found) throw new Error(`No ${name} is running.`)
      return found
    },
    kill,
    retire,
    async retireAll() {
      const running = members.filter((member) => member.isRunning())
      counters.push(...(await Promise.all(running.map(readCounters))))
      for (const member of running.filter(({ name }) => name === 'gateway')) await stopInPeace(member)
      await Promise.all(running.filter(({ name }) => name !== 'gateway').map(stopInPeace))
    },
    async openFiles() {
      const running = members.filter((member) => member.isRunning())
      const counts = await Promise.all(running.map((member) => member.metric('process_open_fds')))
      return new Map(
        running.flatMap((member, index) => {
          const count = counts[index]
          return count === undefined ? [] : [[member, count] as const]
        }),
      )
    },
    counters,
    exits,
    async stop() {
      for (const member of members) if (member.isRunning()) member.signal('SIGKILL')
      await Promise.all(members.map(({ ended }) => ended))
    },
  }
}

function programOf(name: string): string {
  return name === 'gateway' ? 'services/gateway/src/main.ts' : `services/${name}/main.ts`
}

const NOTHING_COUNTED = { complete: false, accepted: 0, filtered: {}, ended: 0, deadLetters: 0 }

function createMember(name: string, life: number, child: ChildProcess, admin: string): Member {
  let running = true
  const ended = new Promise<number | null>((resolve) => {
    const end = (code: number | null) => {
      running = false
      resolve(code)
    }
    child.once('exit', end)
    child.once('error', () => end(null))
  })
  return {
    name,
    life,
    pid: child.pid ?? -1,
    admin,
    ended,
    isRunning: () => running,
    signal(signal) {
      if (!running) return
      child.kill(signal)
      // A stopped process cannot be ended by anything but SIGKILL until it goes on.
      if (signal === 'SIGTERM') child.kill('SIGCONT')
    },
    async ready() {
      const answer = async () => !running || (await fetch(`${admin}/readyz`)).ok
      await waitFor(answer, { timeoutMs: 90_000, intervalMs: 50, describe: `${name} to be ready` })
      if (!running) throw new Error(`${name} ended before it was ready.`)
    },
    async metric(metric) {
      const families = await readMetrics(admin)
      return families && sum(families, metric)
    },
  }
}

type Family = {
  readonly name: string
  readonly values: readonly { readonly value: number; readonly labels: Readonly<Record<string, string>> }[]
}

async function readMetrics(admin: string): Promise<readonly Family[] | undefined> {
  try {
    const response = await fetch(`${admin}/metrics`, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(5000),
    })
    return (await response.json()) as readonly Family[]
  } catch {
    return undefined
  }
}

async function readCounters(member: Member): Promise<ProcessCounters> {
  const families = await readMetrics(member.admin)
  const { name, life } = member
  if (!families) return { ...NOTHING_COUNTED, process: name, life }
  const filtered: Record<string, number> = {}
  for (const { value, labels } of valuesOf(families, 'sluice_filtered_events_total')) {
    const rule = labels['rule'] ?? ''
    filtered[rule] = (filtered[rule] ?? 0) + value
  }
  return {
    process: name,
    life,
    complete: true,
    accepted: sum(families, 'sluice_ingest_events_total', ({ outcome }) => outcome === 'accepted'),
    filtered,
    ended: sum(families, 'sluice_handled_events_total'),
    deadLetters: sum(families, 'sluice_dead_letters_total'),
  }
}

function valuesOf(families: readonly Family[], name: string): Family['values'] {
  return families.find((family) => family.name === name)?.values ?? []
}

function sum(
  families: readonly Family[],
  name: string,
  fits: (labels: Readonly<Record<string, string>>) => boolean = () => true,
): number {
  return valuesOf(families, name)
    .filter(({ labels }) => fits(labels))
    .reduce((total, { value }) => total + value, 0)
}
