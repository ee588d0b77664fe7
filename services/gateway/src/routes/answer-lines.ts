import { Readable } from 'node:stream'
import type { Logger } from '@sluice/telemetry'
import type { Candidate } from '../body/candidate.ts'
import { collectLines } from '../body/collect-lines.ts'
import { readLine } from '../body/read-line.ts'
import type { ProblemCode } from '../problems.ts'
import { createCounts, encodeLines, encodeStreamError, encodeSummary, type Result } from '../results.ts'

export type AnswerLinesOptions = {
  /** `firstIndex` is that of the first of the events. */
  readonly ingest: (candidates: readonly Candidate[], firstIndex: number) => Promise<readonly Result[]>
  readonly maxLineBytes: number
  /** Whether the results of accepted events are left out. */
  readonly minimal: boolean
  /** How long the client may make no progress, neither in sending nor in reading, before the stream is ended. */
  readonly stallMs: number
  readonly log: Logger
}

export type LineAnswer = {
  /** Lines of results, then the summary or the error that ended the stream. Errs when nobody reads it any more. */
  readonly answer: Readable
  /** Ends the stream: what was taken is answered, then an error says where to go on. */
  stop(): void
}

/** How long a client that is told that its stream has ended may take to notice. */
const LINGER_MS = 2000

/**
 * Answers lines of events with lines of results, in order, while they come. What has come meanwhile is ingested at
 * once when the part before it is settled: so a key keeps its order over the whole stream, and a flood makes large
 * parts by itself. Nothing more is read while the client does not read its answer.
 * @param sent what the client sends; `body` unless that is made from it
 */
export function answerLines(body: Readable, sent: Readable, options: AnswerLinesOptions): LineAnswer {
  const { ingest, maxLineBytes, minimal, log } = options
  let stallMs = options.stallMs
  let waitsFor: 'lines' | 'kafka' | 'reader' = 'lines'
  let timer = setTimeout(onStall, stallMs)
  const lines = collectLines(body, maxLineBytes, () => timer.refresh())
  const answer = Readable.from(writeLines(), { objectMode: false, highWaterMark: 64 * 1024 })
  answer.once('close', () => clearTimeout(timer))
  // Who reads it hears of it, too; without a listener it would end the process.
  answer.on('error', () => {})

  return {
    answer,
    stop() {
      lines.giveUp('stopping')
      stallMs = Math.min(stallMs, LINGER_MS)
      clearTimeout(timer)
      timer = setTimeout(onStall, stallMs)
    },
  }

  function onStall(): void {
    if (waitsFor === 'lines') lines.giveUp('request-timeout')
    else if (waitsFor === 'reader') answer.destroy(new Error('The client does not read its answer.'))
    else timer.refresh()
  }

  async function* writeLines(): AsyncGenerator<string> {
    const counts = createCounts()
    let taken = 0
    try {
      for (let some = await lines.take(); some; some = await lines.take()) {
        waitsFor = 'kafka'
        const results = await ingest(
          some.map((line) => readLine(line, maxLineBytes)),
          taken,
        )
        const text = encodeLines(results, taken, minimal, counts)
        taken += results.length
        waitsFor = 'reader'
        timer.refresh()
        if (text !== '') yield text
        waitsFor = 'lines'
        timer.refresh()
      }
    } catch (error) {
      // Thrown in here when the answer is destroyed.
      if (answer.destroyed) return
      log.error({ err: error }, 'a stream failed: a bug')
      lines.giveUp('internal')
    }
    const { end } = lines
    waitsFor = 'reader'
    timer.refresh()
    if (end === 'complete') yield encodeSummary(counts)
    else if (end !== 'gone') {
      yield encodeStreamError(end as ProblemCode, taken)
      // A connection that is closed on a client that is sending loses what the client has not read.
      await ended(sent, LINGER_MS)
    }
  }
}

/** Resolves when nothing more comes, or after `ms`. */
function ended(body: Readable, ms: number): Promise<void> {
  if (body.readableEnded || body.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    for (const event of ['end', 'close'] as const) {
      body.once(event, () => {
        clearTimeout(timer)
        resolve()
      })
    }
  })
}
