import { readFileSync, writeFileSync } from 'node:fs'
import type { ProcessUsage } from '../report/result.ts'

/** What a process has used since it began. */
export type Usage = { readonly cpuMicros: number; readonly peakMemoryMb: number }

/**
 * Reads it from Linux' procfs, exact to 10 ms of CPU time: all threads, user and system. Zero for a process that
 * is gone.
 */
export function readUsage(pid: number): Usage {
  try {
    return parseUsage(readFileSync(`/proc/${pid}/stat`, 'utf8'), readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code !== 'ENOENT' &&
      (error as NodeJS.ErrnoException).code !== 'ESRCH'
    )
      throw error
    return { cpuMicros: 0, peakMemoryMb: 0 }
  }
}

/** USER_HZ: 100 on every Linux that Node runs on. */
const TICK_MICROS = 10_000
/** proc(5): counted behind the name, which is in brackets and may hold spaces. */
const UTIME = 11
const STIME = 12

export function parseUsage(stat: string, status: string): Usage {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const peakKb = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0
  return {
    cpuMicros: (Number(fields[UTIME]) + Number(fields[STIME])) * TICK_MICROS,
    peakMemoryMb: Number(peakKb) / 1024,
  }
}

/**
 * Lets the peak memory of a process begin anew from what it has now: of one that outlives a run. Does nothing
 * where Linux was built without it; the peak is then that of all runs until now.
 */
export function resetPeakMemory(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5') // proc_pid_clear_refs(5)
  } catch {
    // Not this Linux, or the process is gone, which the run itself finds out.
  }
}

/** What processes have used since `before` (CPU, by index) for `events`; replicas of one name added up. */
export function summariseUsage(
  processes: readonly { readonly name: string; readonly pid: number }[],
  before: readonly number[],
  events: number,
): ProcessUsage[] {
  const used = processes.map(({ name, pid }, index) => {
    const { cpuMicros, peakMemoryMb } = readUsage(pid)
    return { name, cpu: cpuMicros - before[index]!, peakMemoryMb }
  })
  return [...Map.groupBy(used, ({ name }) => name)].map(([name, replicas]) => ({
    name,
    count: replicas.length,
    cpuMicrosPerEvent: Number(
      (replicas.reduce((sum, { cpu }) => sum + cpu, 0) / Math.max(1, events)).toFixed(2),
    ),
    peakMemoryMb: Math.round(Math.max(...replicas.map(({ peakMemoryMb }) => peakMemoryMb))),
  }))
}
