import { createLogUpdate } from 'log-update'
import { createColors } from 'picocolors'
import type { RunResult } from './result.ts'

/** Shows on stderr what the bench does: one line that changes in a terminal, a line per run elsewhere. */
export type Progress = {
  /** What runs now, of how many. From the second on it says how long the rest may take. */
  begin(done: number, total: number, what: string): void
  step(step: string): void
  /** Something that stays to be read. */
  say(line: string, tone?: 'good' | 'bad'): void
  close(): void
}

const WIDTH = 24

export function createProgress(out: NodeJS.WriteStream = process.stderr): Progress {
  const colors = createColors(Boolean(out.isTTY) && !process.env['NO_COLOR'])
  const update = createLogUpdate(out)
  let head = ''
  let beganMs = 0

  return {
    begin(done, total, what) {
      const filled = Math.round((done / total) * WIDTH)
      if (done === 0) beganMs = performance.now()
      const left =
        done === 0 ? '' : `, ${describeLeft(((performance.now() - beganMs) / done) * (total - done))} left`
      head = `${'█'.repeat(filled)}${colors.dim('░'.repeat(WIDTH - filled))} ${done + 1}/${total}${left}  ${what}`
      if (out.isTTY) update(head)
    },
    step(step) {
      if (out.isTTY) update(`${head}: ${step}`)
    },
    say(line, tone) {
      if (out.isTTY) update.clear()
      out.write(`${tone === 'bad' ? colors.red(line) : tone === 'good' ? colors.green(line) : line}\n`)
    },
    close() {
      if (out.isTTY) {
        update.clear()
        update.done()
      }
    },
  }
}

function describeLeft(ms: number): string {
  const minutes = ms / 60_000
  return minutes < 1 ? 'less than a minute' : `about ${Math.round(minutes)} min`
}

/** A line for a run that is over. */
export function sayResult(progress: Progress, result: RunResult): void {
  const { scenario, system, run, acceptedPerSecond, drainedPerSecond, endToEnd, failed } = result
  const parts = [`${scenario} ${system} run ${run}: ${acceptedPerSecond.toLocaleString('en')}/s accepted`]
  if (drainedPerSecond !== undefined) parts.push(`${drainedPerSecond.toLocaleString('en')}/s sustained`)
  const lane = endToEnd.high ?? endToEnd.all
  if (lane)
    parts.push(`${endToEnd.high ? 'high' : 'all'} p50 ${lane.p50.toFixed(1)} p99 ${lane.p99.toFixed(1)} ms`)
  if (result.endedEarly) parts.push(`posting ended by the backlog after ${result.seconds} s`)
  if (result.undrained > 0) parts.push(`${result.undrained.toLocaleString('en')} not drained in time`)
  if (failed !== undefined) parts.push(`FAILED: ${failed}`)
  progress.say(parts.join(', '), failed === undefined ? 'good' : 'bad')
}
