import { setTimeout as delay } from 'node:timers/promises'
import type { TopicPartition } from '@sluice/kafka'
import { waitFor } from '@sluice/testing'
import { kindOf } from './books/accounts.ts'
import { closeBooks, type Verdict } from './books/close-books.ts'
import type { History, Holding, Place, Recovery, StoredRecord } from './books/history.ts'
import { createEvents } from './load/make-events.ts'
import { startProducer } from './load/producer.ts'
import { createRandom } from './load/seeded-random.ts'
import { readTopics } from './rig/read-topics.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { type Scenario, SESSION_TIMEOUT_MS, type Stage } from './scenarios/scenario.ts'

/** A run and what it came to. */
export type JudgedRun = {
  readonly scenario: string
  readonly seed: number
  readonly verdict: Verdict
  readonly recoveries: readonly Recovery[]
  readonly notes: readonly string[]
  readonly seconds: number
}

/** With all that it was judged by. */
export type Run = JudgedRun & { readonly history: History }

export type RunOptions = {
  readonly scenario: Scenario
  readonly seed: number
  /** Short lines about how far it is. */
  readonly onProgress: (line: string) => void
  /** Gives up, and leaves nothing behind. */
  readonly signal: AbortSignal
  /** Called with a run that broke a promise, or could not be finished, while its logs are still there. */
  readonly onFailure: (run: Run | undefined, logs: string) => Promise<void>
}

type Poison = { readonly key: string; readonly value: string | null }

/** Events flow this long before the fault and after it. */
const WARM_UP_EVENTS = 200
const AFTERMATH_EVENTS = 200
/** A connection or two more is chance; one more for each fault is a leak. */
const MOST_MORE_FILES = 16
/** How long Sluice may take to finish everything when all is well again. It bounds a failure only. */
const SETTLE_MS = 120_000

/**
 * One run: a whole Sluice is started, events flow, the scenario does its worst, all is mended and finished; then
 * every topic is read and the books are closed.
 */
export async function runScenario(options: RunOptions): Promise<Run> {
  const { scenario, seed, onProgress, signal } = options
  signal.throwIfAborted()
  const started = performance.now()
  // Where a repeat is a violation, a machine that stands still for a while must not cause one.
  const sessionTimeoutMs = scenario.repeats ? SESSION_TIMEOUT_MS : 5 * SESSION_TIMEOUT_MS
  onProgress('starting Kafka and Sluice')
  const rig = await startRig({
    services: [...new Set(scenario.mix.types)],
    env: { CONSUMER_SESSION_TIMEOUT_MS: String(sessionTimeoutMs), ...scenario.env },
    ...(scenario.without && { without: scenario.without }),
    onNotice: onProgress,
  })
  // Everything that waits for Sluice ends soon after its processes have gone.
  const giveUp = () => void rig.fleet.stop()
  signal.addEventListener('abort', giveUp)
  let run: Run | undefined
  try {
    signal.throwIfAborted()
    run = await perform(rig, options, started)
    if (run.verdict.violations.length > 0) await options.onFailure(run, rig.logs)
    return run
  } catch (error) {
    signal.throwIfAborted()
    if (!run) await options.onFailure(undefined, rig.logs)
    throw new Error(`${scenario.name}, seed ${seed}: ${(error as Error).message}`, { cause: error })
  } finally {
    signal.removeEventListener('abort', giveUp)
    onProgress('stopping')
    await rig.stop()
  }
}

async function perform(rig: Rig, options: RunOptions, started: number): Promise<Run> {
  const { scenario, seed, onProgress, signal } = options
  const random = createRandom(seed)
  const producer = startProducer({
    url: rig.url,
    makeEvent: createEvents(seed.toString(36), createRandom(seed + 1), scenario.mix),
    eventsPerSecond: scenario.eventsPerSecond,
    connections: 4,
    answerTimeoutMs: 10_000,
  })
  let planted = 0
  const expected: { who: string; what: string; limitMs: number; since: number }[] = []
  const holdings: Holding[] = []
  const notes: string[] = []
  const takenSoFar = () =>
    producer.ledger.answers.filter(({ status }) => status === 'accepted' || status === 'duplicate').length

  const stage: Stage = {
    rig,
    producer,
    random,
    passes: (ms) => delay(ms, undefined, { signal }),
    async taken(count) {
      const goal = takenSoFar() + count
      await waitFor(() => takenSoFar() >= goal, {
        signal,
        timeoutMs: SETTLE_MS,
        intervalMs: 20,
        describe: () => `${count} more events to be taken; ${goal - takenSoFar()} are missing`,
      })
    },
    async catchesUp(member) {
      const isThrough = async () =>
        ((await member.metric('sluice_handled_events_total')) ?? 0) > 0 &&
        ((await member.metric('sluice_consumer_lag_seconds')) ?? 0) < 1
      await waitFor(isThrough, {
        signal,
        timeoutMs: SETTLE_MS,
        intervalMs: 50,
        describe: `${member.name} to catch up`,
      })
    },
    expectsRecovery: (who, limitMs, what) => expected.push({ who, what, limitMs, since: Date.now() }),
    async plant(at, values) {
      const poison = values.map((value) => ({ key: `poison-${planted++}`, value }))
      await plantRecords(rig, at, poison)
    },
    holds: (holding) => holdings.push(holding),
    note: (text) => notes.push(text),
  }

  try {
    await stage.taken(WARM_UP_EVENTS)
    const openBefore = await rig.fleet.openFiles()
    onProgress(scenario.title)
    await scenario.run(stage)
    await stage.taken(AFTERMATH_EVENTS)
    onProgress('finishing what is in flight')
    await producer.finish(SETTLE_MS)
    const left = await rig.observer.caughtUp(SETTLE_MS)
    if (left) notes.push(`never finished: ${left}`)
    await rig.observer.sample()
    for (const [member, after] of await rig.fleet.openFiles()) {
      const before = openBefore.get(member)
      if (before === undefined) continue
      holdings.push({ process: member.name, what: 'open files', before, after, mostMore: MOST_MORE_FILES })
    }
    await rig.fleet.retireAll()
    onProgress('reading every topic')
    const topics = await rig.topics()
    const records = await rig.withAdmin((admin) => readTopics(rig.client, admin, topics))
    const { sent, answers } = producer.ledger
    const history: History = {
      sent: sent.map(({ data, priority, ...event }) => event),
      answers,
      planted: Array.from({ length: planted }, (_, index) => findPlanted(`poison-${index}`, records)),
      records,
      commits: rig.observer.samples,
      counters: rig.fleet.counters,
      recoveries: expected.map((one) => recoveryOf(one, producer.ledger, records)),
      exits: rig.fleet.exits,
      holdings,
      services: rig.services,
      repeatsAllowed: scenario.repeats,
    }
    return {
      scenario: scenario.name,
      seed,
      verdict: closeBooks(history),
      history,
      recoveries: history.recoveries,
      notes,
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    await producer.stop()
  }
}

async function plantRecords(rig: Rig, at: TopicPartition, records: readonly Poison[]): Promise<void> {
  const producer = rig.client.producer({ name: 'poison' })
  try {
    const [outcome] = await producer.produce([{ ...at, records }])
    if (outcome!.status !== 'stored') throw new Error(`Poison could not be stored: ${outcome!.status}.`)
  } finally {
    await producer.close()
  }
}

/** Where a record was stored that was planted under this key; a place that cannot be, when it was not. */
function findPlanted(key: string, records: readonly StoredRecord[]): Place {
  const found = records.find((record) => record.key === key && kindOf(record.topic).kind === 'lane')
  return found ?? { topic: key, partition: -1, offset: -1 }
}

/**
 * From the end of the fault to the first sign of work on something new: an acceptance, or an output of an event that
 * was accepted after it. What was under way already proves nothing.
 */
function recoveryOf(
  { who, what, limitMs, since }: { who: string; what: string; limitMs: number; since: number },
  { sent, answers }: Pick<History, 'sent' | 'answers'>,
  records: readonly StoredRecord[],
): Recovery {
  const later = answers.filter(({ status, at }) => status === 'accepted' && at >= since)
  const causes = new Set(later.map(({ event }) => sent[event]!.id))
  const signs =
    who === 'gateway'
      ? later.map(({ at }) => at)
      : records
          .filter(({ event }) => event?.source === `/services/${who}` && causes.has(event.causationid ?? ''))
          .map(({ timestamp }) => timestamp)
          .filter((at) => at >= since)
  if (signs.length === 0) return { what, limitMs }
  return { what, limitMs, tookMs: signs.reduce((first, at) => Math.min(first, at)) - since }
}
