import { LANES, type Lane } from '@sluice/events'
import { dueMicrosOf, EVENT_ID_LENGTH, sequenceOf, templateOf } from '../load/event-id.ts'
import { outputSlot, templates } from '../load/templates.ts'
import { answerParent } from '../process/conversation.ts'
import { nowMicros } from './clock.ts'
import { type FetchPlan, fetchForever } from './fetch-loop.ts'
import { createLatency, type Latency, type LatencySummary } from './latency.ts'
import { type Balance, createLedger, type Ledger } from './ledger.ts'
import type { Timeline } from './timeline.ts'

export type ObserveOrder = { readonly port: number; readonly plans: readonly FetchPlan[] }

export type PhaseState = {
  readonly complete: number
  /** When an output was last seen, microseconds; undefined before the first. */
  readonly lastSeenMicros: number | undefined
}

export type PhaseFindings = {
  readonly balance: Balance
  readonly timeline: Timeline
  /** From when an event was due until its last output was seen; by its lane. */
  readonly endToEnd: Partial<Record<Lane, LatencySummary>>
  readonly all: LatencySummary | undefined
  /** Records that no phase of this run caused: left by somebody else. */
  readonly foreign: number
}

type Phase = {
  readonly run: Buffer
  readonly ledger: Ledger
  readonly latencies: Readonly<Record<Lane, Latency>>
  readonly timeline: { at: number; total: number }[]
  lastSeenMicros: number | undefined
}

let phase: Phase | undefined
/** The names of all phases until now, with what follows them in an id. */
const ownPhases = new Set<string>()
let foreign = 0
/** The clock is read once per answer of Kafka: all its records became visible at that moment. */
let receivedMicros: number | undefined

const CAUSE = Buffer.from('"causationid":"')

function see(bytes: Buffer, keyAt: number, keyLength: number, valueAt: number, valueLength: number): void {
  receivedMicros ??= nowMicros()
  const found = bytes.indexOf(CAUSE, valueAt)
  const idAt = found + CAUSE.length
  if (!phase || found === -1 || idAt + EVENT_ID_LENGTH > valueAt + valueLength) {
    foreign++
    return
  }
  if (phase.run.compare(bytes, idAt, idAt + phase.run.length) !== 0) {
    if (!ownPhases.has(bytes.toString('latin1', idAt, idAt + phase.run.length))) foreign++
    return
  }
  const template = templates[templateOf(bytes, idAt)]!
  phase.lastSeenMicros = receivedMicros
  const slot = outputSlot(bytes[keyAt + keyLength - 1]!)
  if (!phase.ledger.see(sequenceOf(bytes, idAt), slot, template.outputs)) return
  phase.latencies[template.lane].record(receivedMicros - dueMicrosOf(bytes, idAt))
}

function answered(): void {
  if (phase && receivedMicros !== undefined) {
    const total = phase.ledger.complete()
    if (total !== phase.timeline.at(-1)?.total) phase.timeline.push({ at: receivedMicros, total })
  }
  receivedMicros = undefined
}

/** Begins to read; does not end. */
function observe({ port, plans }: ObserveOrder): void {
  for (const plan of plans) {
    fetchForever(port, plan, { record: see, answered }).catch((error) => {
      console.error(error)
      process.exit(1)
    })
  }
}

/** From now on only the outputs of this run's events count. */
function beginPhase(run: string): void {
  const latencies = { high: createLatency(), normal: createLatency(), low: createLatency() }
  ownPhases.add(`${run}-`)
  phase = {
    run: Buffer.from(`${run}-`),
    ledger: createLedger(),
    latencies,
    timeline: [],
    lastSeenMicros: undefined,
  }
}

function state(): PhaseState {
  return { complete: phase!.ledger.complete(), lastSeenMicros: phase!.lastSeenMicros }
}

function balance(outcomes: Uint8Array): Balance {
  return phase!.ledger.balance(outcomes)
}

function findings(outcomes: Uint8Array): PhaseFindings {
  const { latencies, timeline } = phase!
  const all = createLatency()
  const endToEnd: Partial<Record<Lane, LatencySummary>> = {}
  for (const lane of LANES) {
    const summary = latencies[lane].summary()
    if (!summary) continue
    endToEnd[lane] = summary
    all.add(latencies[lane])
  }
  return { balance: balance(outcomes), timeline, endToEnd, all: all.summary(), foreign }
}

const answers = { observe, beginPhase, state, balance, findings }
export type ObserverAnswers = typeof answers

answerParent(answers)
