import type { Readable } from 'node:stream'
import type { ProblemCode } from '../problems.ts'
import { whyNotDecompressed } from './decompress.ts'
import { createLineSplitter, type Line } from './split-lines.ts'

/**
 * How reading ended.
 * - `complete`: the client ended its lines.
 * - `gone`: the client is not there any more.
 * - a code: reading was given up.
 */
export type End = 'complete' | 'gone' | ProblemCode

export type LineCollector = {
  /** The next lines, at most {@link MAX_LINES}, as soon as there is one. Undefined: `end` says why there are no more. */
  take(): Promise<Line[] | undefined>
  readonly end: End | undefined
  /** Ends reading. What was not taken is dropped, and whatever comes is thrown away. */
  giveUp(code: ProblemCode): void
}

/** Taken at once: about what a turn of the event loop can bear. */
const MAX_LINES = 1000
/** Of what waits to be taken: then the client is not read from. */
const MAX_WAITING_BYTES = 256 * 1024

/** As much of a line is progress: who sends a byte now and then makes none. */
const PROGRESS_BYTES = 4096
const LINE_FEED = 0x0a

/**
 * Gathers lines from a body while nobody takes them, so that many are taken at once; never more than a little over
 * {@link MAX_WAITING_BYTES} and what the stream itself holds.
 * @param onProgress called when a line ended, blank ones too, or {@link PROGRESS_BYTES} came
 */
export function collectLines(body: Readable, maxLineBytes: number, onProgress: () => void): LineCollector {
  const splitter = createLineSplitter(maxLineBytes)
  let lines: Line[] = []
  let bytes = 0
  let sinceProgress = 0
  let end: End | undefined
  let wake: (() => void) | undefined

  function finish(how: End): void {
    if (end) return
    end = how
    if (how !== 'complete') lines = []
    wake?.()
    body.resume()
  }

  body
    .on('data', (chunk: Buffer) => {
      if (end) return
      sinceProgress += chunk.length
      if (sinceProgress >= PROGRESS_BYTES || chunk.includes(LINE_FEED)) {
        sinceProgress = 0
        onProgress()
      }
      splitter.push(chunk, lines)
      bytes += chunk.length
      // A line that has not ended is bounded by its splitter; nobody could take anything while it is not read on.
      if (lines.length === 0) return
      if (bytes >= MAX_WAITING_BYTES || lines.length >= MAX_LINES) body.pause()
      wake?.()
    })
    .on('end', () => {
      if (!end) splitter.end(lines)
      finish('complete')
    })
    .on('error', (error) => finish(whyNotDecompressed(error) ?? 'gone'))
    .on('close', () => finish('gone'))

  return {
    async take() {
      if (lines.length === 0 && !end) {
        body.resume()
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        wake = undefined
      }
      if (lines.length === 0) return undefined
      const taken = lines.length <= MAX_LINES ? lines : lines.slice(0, MAX_LINES)
      lines = lines.slice(taken.length)
      if (lines.length === 0) {
        bytes = 0
        body.resume()
      }
      return taken
    },
    get end() {
      return end
    },
    giveUp: finish,
  }
}
