import type { History } from '../books/history.ts'
import type { Run } from '../run-scenario.ts'
import { playSchedules } from './schedules.ts'

/** The scenario that needs no Kafka: the cheapest place to find what only an odd order of events shows. */
export const SCHEDULES = {
  name: 'schedules',
  title: 'leader moves, lost answers, rebalances and crashes in any order, on the memory broker',
  count: 2000,
}

/** All schedules of a seed as one run; its history is that of the smallest schedule that broke a promise. */
export async function runSchedules(options: {
  readonly seed: number
  readonly onProgress: (line: string) => void
  /** Called with a run that broke a promise. */
  readonly onFailure: (run: Run) => Promise<void>
  readonly signal: AbortSignal
}): Promise<Run> {
  const started = performance.now()
  const played = await playSchedules({
    seed: options.seed,
    count: SCHEDULES.count,
    onProgress(count) {
      options.signal.throwIfAborted()
      if (count % 250 === 0) options.onProgress(`${count} of ${SCHEDULES.count} schedules`)
    },
  })
  options.signal.throwIfAborted()
  const { failed, schedules, totals } = played
  const run: Run = {
    scenario: SCHEDULES.name,
    seed: options.seed,
    verdict: { violations: failed?.verdict.violations ?? [], totals },
    history: failed?.history ?? NOTHING,
    recoveries: [],
    notes: [
      `${schedules} schedules`,
      ...(failed ? [`the smallest that fails: ${JSON.stringify(failed.schedule)}`] : []),
    ],
    seconds: (performance.now() - started) / 1000,
  }
  if (failed) await options.onFailure(run)
  return run
}

const NOTHING: History = {
  sent: [],
  answers: [],
  planted: [],
  records: [],
  commits: [],
  counters: [],
  recoveries: [],
  exits: [],
  holdings: [],
  services: [],
  repeatsAllowed: true,
}
