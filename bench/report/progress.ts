import { createLogUpdate } from 'log-update'
import { createColors } from 'picocolors'
import type { RunResult } from './result.ts'

/** Shows on stderr what the bench does: one line that changes in a terminal, a line per run elsewhere. */
export type Progress = {
  /** What runs now, of how many. */
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

  return {
    begin(done, total, what) {
      const filled = Math.round((done / total) * WIDTH)
      head = `${'█'.repeat(filled)}${colors.dim('░'.repeat(WIDTH - filled))} ${done + 1}/${total} ${what}`
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

/** A line for a run that is over. */
export function sayResult(progress: Progress, result: RunResult): void {
  const { scenario, system, run, acceptedPerSecond, endToEndPerSecond, endToEnd, failed } = result
  const parts = [`${scenario} ${system} run ${run}: ${acceptedPerSecond.toLocaleString('en')}/s accepted`]
  if (endToEndPerSecond !== undefined) parts.push(`${endToEndPerSecond.toLocaleString('en')}/s end to end`)
  const lane = endToEnd.high ?? endToEnd.all
  if (lane)
    parts.push(`${endToEnd.high ? 'high' : 'all'} p50 ${lane.p50.toFixed(1)} p99 ${lane.p99.toFixed(1)} ms`)
  if (failed !== undefined) parts.push(`FAILED: ${failed}`)
  progress.say(parts.join(', '), failed === undefined ? 'good' : 'bad')
}
