/** A line without its end, or what stands for one that was longer than allowed. */
export type Line = Buffer | 'too-long'

export type LineSplitter = {
  /** Adds the lines that end in `chunk` to `lines`. They share its memory. */
  push(chunk: Buffer, lines: Line[]): void
  /** Adds the last line when nothing ended it. */
  end(lines: Line[]): void
}

/**
 * Splits bytes at line feeds, whatever the chunks; a carriage return before one belongs to it, and blank lines are left
 * out. A line of more than `maxBytes` is told as soon as that is known; its rest is skipped and nothing of it kept.
 */
export function createLineSplitter(maxBytes: number): LineSplitter {
  /** Pieces of the line that has not ended yet. */
  let begun: Buffer[] = []
  let begunBytes = 0
  let skipping = false

  function end(lines: Line[]): void {
    if (begunBytes > 0) add(begun.length === 1 ? begun[0]! : Buffer.concat(begun, begunBytes), lines)
    begun = []
    begunBytes = 0
    skipping = false
  }

  function add(line: Buffer, lines: Line[]): void {
    const trimmed = line[line.length - 1] === CARRIAGE_RETURN ? line.subarray(0, -1) : line
    if (trimmed.length > maxBytes) lines.push('too-long')
    else if (!isBlank(trimmed)) lines.push(trimmed)
  }

  return {
    push(chunk, lines) {
      let start = 0
      while (start < chunk.length) {
        const feed = chunk.indexOf(LINE_FEED, start)
        const piece = chunk.subarray(start, feed === -1 ? chunk.length : feed)
        start += piece.length + 1
        if (feed !== -1 && begunBytes === 0 && !skipping) {
          add(piece, lines)
          continue
        }
        if (!skipping && piece.length > 0) {
          begun.push(piece)
          begunBytes += piece.length
          // So that a line that comes byte by byte costs its bytes, not an object for each.
          if (begun.length === MAX_PIECES) begun = [Buffer.concat(begun, begunBytes)]
        }
        if (feed !== -1) end(lines)
        else if (begunBytes > maxBytes + 1) {
          lines.push('too-long')
          begun = []
          begunBytes = 0
          skipping = true
        }
      }
    },
    end,
  }
}

const MAX_PIECES = 1024

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === SPACE || byte === TAB)
}

const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
