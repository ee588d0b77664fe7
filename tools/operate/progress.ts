import { createLogUpdate } from 'log-update'

/** How far a long work is: a bar on a terminal, a line every few seconds elsewhere. Written to stderr. */
export type Progress = {
  show(what: string, done: number, total: number): void
  /** Removes the bar. */
  end(): void
}

const LINE_EVERY_MS = 5000
const REDRAW_EVERY_MS = 100
const WIDTH = 30

export function createProgress(
  out: NodeJS.WriteStream = process.stderr,
  now: () => number = () => performance.now(),
): Progress {
  const update = out.isTTY ? createLogUpdate(out) : undefined
  let last = update ? Number.NEGATIVE_INFINITY : now()
  return {
    show(what, done, total) {
      if (now() - last < (update ? REDRAW_EVERY_MS : LINE_EVERY_MS)) return
      last = now()
      if (update) update(progressBar(what, done, total))
      else out.write(`${what}: ${percent(done, total)} (${done} of ${total})\n`)
    },
    end() {
      update?.clear()
    },
  }
}

/** `sending  [###########···················]  37 %  (370 of 1000)` */
export function progressBar(what: string, done: number, total: number): string {
  const filled = Math.round(WIDTH * share(done, total))
  return `${what}  [${'#'.repeat(filled)}${'·'.repeat(WIDTH - filled)}]  ${percent(done, total)}  (${done} of ${total})`
}

function percent(done: number, total: number): string {
  return `${Math.floor(100 * share(done, total))} %`
}

function share(done: number, total: number): number {
  return total <= 0 ? 1 : Math.min(1, Math.max(0, done / total))
}
