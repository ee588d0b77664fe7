import { setTimeout as delay } from 'node:timers/promises'
import { nowMicros } from '../measure/clock.ts'
import { createLatency, type LatencySummary } from '../measure/latency.ts'
import { answerParent } from '../process/conversation.ts'
import { runClosedLoop } from './closed-loop.ts'
import type { Target } from './connection.ts'
import { runOpenLoop } from './open-loop.ts'
import { outcome } from './outcome.ts'
import { createPoster, type Ending, type Journal, type Timings } from './poster.ts'
import { encodeRequests } from './request.ts'
import { dueTimes } from './schedule.ts'
import { chooseTemplates } from './templates.ts'

/** One stream of requests. Several run side by side. */
export type Load = {
  /** All types by default. */
  readonly type?: string
  readonly batchSize: number
  readonly connections: number
  /** Requests a second of an open loop; a closed loop without it. */
  readonly perSecond?: number
}

export type PhaseOrder = {
  /** Four characters, a name of its own for each phase. */
  readonly run: string
  readonly targets: readonly Target[]
  readonly loads: readonly Load[]
  readonly seconds: number
}

export type PhaseReport = {
  readonly startMicros: number
  readonly endMicros: number
  /** By sequence number. */
  readonly outcomes: Uint8Array
  readonly accepted: number
  readonly acceptedInTime: number
  readonly notStored: number
  readonly unknown: number
  /** Until the answer, of each load. */
  readonly answered: readonly (LatencySummary | undefined)[]
  /** How late the generator sent what was due, of each load. */
  readonly late: readonly (LatencySummary | undefined)[]
}

const START_AFTER_MS = 20

/** The phase in hand, or the last one. */
let journal: Journal | undefined

/** Runs all loads of a phase to their end. */
async function runPhase({ run, targets, loads, seconds }: PhaseOrder): Promise<PhaseReport> {
  // Encoding takes longer than a request may be late; it is over before the clock starts.
  const encoded = loads.map(({ type, batchSize }) => {
    const chosen = chooseTemplates((template) => type === undefined || template.type === type)
    return encodeRequests(run, targets[0]!.path, chosen, batchSize)
  })
  const startMicros = nowMicros() + START_AFTER_MS * 1000
  const ending: Ending = { atMicros: startMicros + seconds * 1_000_000 }
  const ofPhase: Journal = {
    next: 0,
    outcomes: new Uint8Array(1 << 16),
    ending,
    accepted: 0,
    acceptedInTime: 0,
  }
  journal = ofPhase
  const timings: Timings[] = loads.map(() => ({ answered: createLatency(), late: createLatency() }))
  await delay(START_AFTER_MS)
  await Promise.all(
    loads.map(async ({ connections, perSecond }, index) => {
      const requests = encoded[index]!
      const largest = Math.max(...requests.map(({ bytes }) => bytes.length))
      const posters = Array.from({ length: connections }, (_, n) =>
        createPoster(targets[n % targets.length]!, ofPhase, timings[index]!, largest),
      )
      if (perSecond === undefined) await runClosedLoop(posters, requests, ending)
      else await runOpenLoop(posters, requests, dueTimes(startMicros, ending.atMicros, perSecond), ending)
      for (const poster of posters) poster.close()
    }),
  )
  const outcomes = ofPhase.outcomes.slice(0, ofPhase.next)
  return {
    startMicros,
    endMicros: ending.atMicros,
    outcomes,
    accepted: ofPhase.accepted,
    acceptedInTime: ofPhase.acceptedInTime,
    notStored: countOf(outcomes, outcome.notStored),
    unknown: countOf(outcomes, outcome.unknown),
    answered: timings.map(({ answered }) => answered.summary()),
    late: timings.map(({ late }) => late.summary()),
  }
}

function countOf(outcomes: Uint8Array, wanted: number): number {
  let count = 0
  for (const one of outcomes) if (one === wanted) count++
  return count
}

/** How many events of the phase in hand were accepted until now. */
function acceptedSoFar(): number {
  return journal?.accepted ?? 0
}

/** Ends the posting of the phase in hand now; what is under way is still answered. */
function endPosting(): void {
  if (journal) journal.ending.atMicros = Math.min(journal.ending.atMicros, nowMicros())
}

const answers = { runPhase, acceptedSoFar, endPosting }
export type GeneratorAnswers = typeof answers

answerParent(answers)
