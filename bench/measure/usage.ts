import { readFileSync } from 'node:fs'

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
