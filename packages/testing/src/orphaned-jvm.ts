import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { LocalKafkaError } from './errors.ts'

/** Notes which JVM runs and which process, this one, will stop it. */
export async function writePidFile(pidFile: string, jvm: number): Promise<void> {
  await writeFile(pidFile, `${jvm} ${process.pid}\n`)
}

/**
 * Stops the JVM that an earlier process started and did not live to stop. The pid file alone proves nothing,
 * since pids are used again: the process must also have `mark`, a path of its own folder, in its command line.
 * @throws LocalKafkaError `kafka-data`, or `flink-start`, when whoever started that JVM still runs.
 */
export async function stopOrphanedJvm(
  pidFile: string,
  mark: string,
  onNotice: (line: string) => void,
  what: 'Kafka' | 'Flink' = 'Kafka',
): Promise<void> {
  const [pid = 0, starter = 0] = (await readFile(pidFile, 'utf8').catch(() => '')).split(/\s+/).map(Number)
  if (!Number.isInteger(pid) || pid <= 1) return
  const jvm = await lookUp(pid)
  if (jvm?.command.includes(mark)) {
    // The system gives an orphan another parent.
    if (jvm.parent === starter) {
      const hint = `Stop process ${starter} first, or choose another folder.`
      throw new LocalKafkaError(
        what === 'Kafka' ? 'kafka-data' : 'flink-start',
        `${what} (pid ${pid}) is running on this data folder. ${hint}`,
      )
    }
    onNotice(`Stopping the ${what} (pid ${pid}) that an earlier run left behind.`)
    await terminate(pid, 10_000)
  }
  await rm(pidFile, { force: true })
}

/** SIGTERM, and SIGKILL after `graceMs`. Resolves when the process is gone. */
export async function terminate(pid: number, graceMs: number): Promise<void> {
  const deadline = Date.now() + graceMs
  send(pid, 'SIGTERM')
  while (await lookUp(pid)) {
    if (Date.now() >= deadline) send(pid, 'SIGKILL')
    await delay(25)
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended in the meantime.
  }
}

type ProcessEntry = { readonly parent: number; readonly command: string }

/** A process's parent and whole command line; nothing when it is gone, or dead and only not waited for. */
async function lookUp(pid: number): Promise<ProcessEntry | undefined> {
  try {
    if (process.platform === 'linux') {
      // "pid (name) state parent …", where the name may hold anything.
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim()
      return command === '' ? undefined : { parent, command }
    }
    const { stdout } = await promisify(execFile)('ps', [
      '-ww',
      '-o',
      'ppid=,stat=,command=',
      '-p',
      String(pid),
    ])
    const [parent, state = 'Z', ...command] = stdout.trim().split(/\s+/)
    return state.startsWith('Z') ? undefined : { parent: Number(parent), command: command.join(' ') }
  } catch {
    return undefined
  }
}
