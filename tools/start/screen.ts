import { createLogUpdate } from 'log-update'
import { createColors } from 'picocolors'
import { layoutLine, layoutScreen, type ScreenContent } from './layout.ts'

/**
 * How a start talks to whoever started it.
 * - `terminal`: a line per step, then one status screen redrawn in place.
 * - `plain`: lines only, a summary every ten seconds.
 * - `json`: stdout has JSON lines only; everything for people goes to stderr.
 */
export type ScreenMode = 'terminal' | 'plain' | 'json'

export type Screen = {
  readonly mode: ScreenMode
  /** Runs a step and says what it was and how long it took. `describe` may add what came out of it. */
  step<Result>(
    title: string,
    work: (progress: (line: string) => void) => Promise<Result>,
    describe?: (result: Result) => string,
  ): Promise<Result>
  /** Something that should stay to be read. */
  say(line: string): void
  /** Something for machines; only the mode `json` shows it. */
  tell(object: Readonly<Record<string, unknown>>): void
  show(content: ScreenContent): void
  /** Leaves the last screen as it is. */
  close(): void
}

const SUMMARY_EVERY_SECONDS = 10

export function createScreen(
  mode: ScreenMode,
  out: NodeJS.WriteStream = process.stdout,
  err: NodeJS.WriteStream = process.stderr,
): Screen {
  const people = mode === 'json' ? err : out
  const colors = createColors(mode === 'terminal' && !process.env['NO_COLOR'])
  const update = createLogUpdate(people)
  let lastSummary = 0

  function say(line: string): void {
    if (mode === 'terminal') update.clear()
    people.write(`${line}\n`)
  }

  return {
    mode,
    say,
    async step(title, work, describe) {
      const started = performance.now()
      const progress = (line: string) => {
        if (mode === 'terminal') update(`${colors.dim('…')} ${title}${line === '' ? '' : `: ${line}`}`)
        else if (line !== '') say(`  ${line}`)
      }
      progress('')
      const result = await work(progress)
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      const detail = describe?.(result)
      const text = detail === undefined ? title : `${title}: ${detail}`
      say(`${colors.green('✓')} ${text} ${colors.dim(`(${seconds} s)`)}`)
      return result
    },
    tell(object) {
      if (mode === 'json') out.write(`${JSON.stringify(object)}\n`)
    },
    show(content) {
      if (mode === 'terminal') update(`\n${layoutScreen(content, colors)}`)
      if (mode === 'plain' && content.upSeconds - lastSummary >= SUMMARY_EVERY_SECONDS) {
        lastSummary = content.upSeconds
        say(layoutLine(content.upSeconds, content.types))
      }
    },
    close() {
      if (mode === 'terminal') update.done()
    },
  }
}
