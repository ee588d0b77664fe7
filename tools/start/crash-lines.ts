/** Longer ones are cut, so that a line stays a line on most terminals. */
const LONGEST = 140
const MOST = 3

/** Lines that say nothing alone: stack frames, carets, brackets, Node's farewell. */
const NOISE = /^\s*(at .*|[\^~]+|[{}[\]();,]*|Node\.js v\S+)$/

/**
 * What a crashed process wrote, for the screen: at most three short lines, of a JSON log line its level, its
 * message and its error's. Of an explanation the first lines count, of a log the last.
 */
export function shortenLines(lines: readonly string[], which: 'first' | 'last'): string[] {
  const telling = lines
    .filter((line) => !NOISE.test(line))
    .map((line) => cut(readLogLine(line) ?? line.trim()))
  return which === 'first' ? telling.slice(0, MOST) : telling.slice(-MOST)
}

function readLogLine(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const { level, msg, err } = JSON.parse(line) as {
      level?: unknown
      msg?: unknown
      err?: { message?: unknown }
    }
    const words = [msg, err?.message].filter((word) => typeof word === 'string' && word !== '')
    if (words.length === 0) return undefined
    // An error that is logged alone is its own message.
    const text = [...new Set(words)].join(': ')
    return level === undefined ? text : `${LEVELS.get(level) ?? level}: ${text}`
  } catch {
    return undefined
  }
}

const LEVELS = new Map<unknown, string>([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
])

function cut(line: string): string {
  const [first = ''] = line.split('\n')
  return first.length > LONGEST ? `${first.slice(0, LONGEST - 1)}…` : first
}
