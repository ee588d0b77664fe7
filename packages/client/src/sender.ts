import type { Clock } from './clock.ts'
import { conclude, type Entry, type Verdict } from './entry.ts'
import { type Batch, type BatchLimits, createLines, type Line } from './lines.ts'
import type { Outcome } from './outcome.ts'
import { createPoster, type PostOptions } from './post.ts'
import { type Answer, NO_ANSWER, readAnswer } from './read-answer.ts'

export type SenderOptions = PostOptions &
  BatchLimits & {
    readonly lingerMs: number
    readonly maxInFlight: number
    readonly backoff: Backoff
    readonly clock: Clock
    /**
     * Takes the outcome of an event.
     * @param judged whether the gateway decided about this very event, not about the request that it was in
     */
    readonly settle: (entry: Entry, outcome: Outcome, judged: boolean) => void
  }

/** Full jitter: between 0 and `min(maxMs, baseMs * 2^n)`. */
export type Backoff = { readonly baseMs: number; readonly maxMs: number }

/**
 * Sends entries until each has a verdict, or is settled by somebody else.
 *
 * When: at once while no request is open; otherwise when a request is full, or `lingerMs` after the first that waits.
 * So a lone event does not wait for company, and a stream of them fills requests while others are open.
 *
 * Again: events that were not taken hold their lines for a while, all of one answer for the same. When a request has no
 * answer that says something of its events, everything waits: that is about the gateway, not about them. Then one
 * request at a time tries whether it is back.
 */
export type Sender = {
  add(entry: Entry): void
  /** Sends what is ready now without lingering. */
  hurry(): void
  /** Gives up the requests that are open, and sends nothing more. */
  stop(): void
}

export function createSender(options: SenderOptions): Sender {
  const { lingerMs, maxInFlight, backoff, clock, settle } = options
  const lines = createLines(options)
  const poster = createPoster(options, clock)
  const pauses = new Set<() => void>()
  let open = 0
  let stopped = false
  let failures = 0
  let gate: { readonly until: number; readonly cancel: () => void } | undefined
  let linger: (() => void) | undefined
  let lingered = false
  let scheduled = false

  /** After the present run to completion, so that what is published in a loop goes together. */
  function schedule(): void {
    if (scheduled) return
    scheduled = true
    queueMicrotask(() => {
      scheduled = false
      pump()
    })
  }

  function pump(): void {
    while (!stopped && !gate && !lines.isEmpty() && open < (failures > 0 ? 1 : maxInFlight)) {
      if (open > 0 && !lingered && !lines.isFull()) {
        linger ??= clock.after(lingerMs, () => {
          linger = undefined
          lingered = true
          pump()
        })
        return
      }
      void send(lines.take())
    }
    if (!lines.isEmpty()) return
    lingered = false
    linger?.()
    linger = undefined
  }

  async function send(batch: Batch): Promise<void> {
    if (batch.entries.length === 0) return
    open++
    let sent: readonly Entry[] = []
    const raw = await poster.post(() => {
      sent = batch.entries.filter(({ settled }) => !settled)
      if (sent.length === 0) return undefined
      for (const entry of sent) {
        entry.attempts++
        entry.inFlight = true
      }
      return `[${sent.map(({ text }) => text).join()}]`
    })
    open--
    for (const entry of sent) entry.inFlight = false
    if (stopped) return
    let waitMs: number | undefined
    if (raw === 'no-token') judge(batch.entries, untold('refused', 'no-token'))
    else if (raw === 'lost') judge(sent, untold('unknown', NO_ANSWER))
    else if (raw !== 'not-sent') {
      const ids = sent.map(({ id }) => id)
      waitMs = judge(sent, readAnswer(raw, ids, clock.now()))
    }
    const held = lines.finish(batch)
    if (waitMs === undefined) lines.resume(held)
    else pause(held, waitMs)
    pump()
  }

  /** Settles what an answer decides. Returns how long the lines of the other events have to wait, if they have to. */
  function judge(entries: readonly Entry[], answer: Answer): number | undefined {
    if (answer.kind === 'again') {
      for (const entry of entries) note(entry, answer.verdict)
      holdAll(answer.waitMs)
      return undefined
    }
    if (answer.kind === 'verdicts' && answer.holdsAll) holdAll(answer.waitMs)
    else failures = 0
    if (answer.kind === 'divide' && entries.length > 1) {
      for (const entry of entries) {
        note(entry, answer.verdict)
        entry.together = Math.ceil(entries.length / 2)
      }
      return undefined
    }
    entries.forEach((entry, index) => {
      if (entry.settled) return
      const verdict = answer.kind === 'verdicts' ? answer.verdicts[index]! : answer.verdict
      if (isOpen(verdict)) note(entry, verdict)
      else settle(entry, conclude(entry, verdict), answer.kind !== 'verdict')
    })
    return answer.kind === 'verdicts' ? answer.waitMs : undefined
  }

  /** Holds the lines of events that were not taken. */
  function pause(held: readonly Line[], waitMs: number): void {
    if (held.length === 0) return
    const attempts = Math.max(...held.map(({ entries }) => entries[0]!.attempts))
    const cancel = clock.after(waitMs + backoffMs(attempts), () => {
      pauses.delete(cancel)
      lines.resume(held)
      pump()
    })
    pauses.add(cancel)
  }

  /** Holds everything. Several requests that fail in one outage are one failure. */
  function holdAll(waitMs: number): void {
    if (!gate) failures++
    const wait = waitMs + backoffMs(failures)
    const until = clock.now() + wait
    if (gate && gate.until >= until) return
    gate?.cancel()
    const cancel = clock.after(wait, () => {
      gate = undefined
      pump()
    })
    gate = { until, cancel }
  }

  function backoffMs(attempts: number): number {
    // 2 ** 1024 is infinite.
    return clock.random() * Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(attempts - 1, 1000))
  }

  return {
    add(entry) {
      lines.add(entry)
      schedule()
    },
    hurry() {
      lingered = true
      pump()
    },
    stop() {
      stopped = true
      poster.abort()
      gate?.cancel()
      linger?.()
      for (const cancel of pauses) cancel()
    },
  }
}

/** What stands for an answer that says nothing of its events. */
function untold(status: 'refused' | 'unknown', code: string): Answer {
  return { kind: 'again', verdict: { status, code }, waitMs: 0 }
}

/** Whether it is to be sent again. */
function isOpen({ status }: Verdict): boolean {
  return status === 'refused' || status === 'unknown'
}

function note(entry: Entry, { status, code }: Verdict): void {
  entry.code = code ?? status
  if (status === 'unknown') entry.mayBeStored = true
}
