import type { KafkaClient } from '@sluice/kafka'
import fc from 'fast-check'
import { closeBooks, type Totals, type Verdict } from '../books/close-books.ts'
import type { History } from '../books/history.ts'
import { type FaultName, PLACE_COUNT, runSchedule, type Schedule, type Step } from './run-schedule.ts'

const partition = fc.nat({ max: PLACE_COUNT - 1 })
const fault = fc.constantFrom<FaultName>('leader-moved', 'unknown-stored', 'unknown-not-stored')

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('send' as const), count: fc.integer({ min: 1, max: 8 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), turns: fc.integer({ min: 1, max: 30 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      partition,
      count: fc.integer({ min: 1, max: 3 }),
      fault,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('hold' as const),
      partition,
      ms: fc.integer({ min: 1, max: 40 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('outage' as const), ms: fc.integer({ min: 1, max: 20 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rebalance' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('expel' as const), turns: fc.integer({ min: 1, max: 20 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('poison' as const), partition }) },
)

const schedule: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(),
  window: fc.constantFrom(0, 3, 20_000),
  steps: fc.array(step, { minLength: 3, maxLength: 25 }),
})

/** What many schedules came to. `failed` is the smallest that broke a promise. */
export type Played = {
  readonly schedules: number
  readonly totals: Totals
  readonly failed?: { readonly schedule: Schedule; readonly history: History; readonly verdict: Verdict }
}

/**
 * Plays random schedules, the same for the same seed as far as the machine's own timing lets them, and stops at
 * the first that breaks a promise, made as small as it still breaks one.
 */
export async function playSchedules(options: {
  readonly seed: number
  readonly count: number
  readonly spoil?: (client: KafkaClient) => KafkaClient
  readonly onProgress?: (played: number) => void
}): Promise<Played> {
  const { spoil } = options
  let totals: Totals | undefined
  let schedules = 0
  let failed: Played['failed']
  const property = fc.asyncProperty(schedule, async (one) => {
    const history = await runSchedule(one, spoil && { spoil })
    const verdict = closeBooks(history)
    schedules++
    totals = totals ? add(totals, verdict.totals) : verdict.totals
    options.onProgress?.(schedules)
    if (verdict.violations.length === 0) return true
    failed = { schedule: one, history, verdict }
    return false
  })
  await fc.check(property, { seed: options.seed, numRuns: options.count })
  return { schedules, totals: totals!, ...(failed && { failed }) }
}

function add(a: Totals, b: Totals): Totals {
  const sum = (one: object, other: object): unknown =>
    Object.fromEntries(
      Object.entries(one).map(([name, value]) => {
        const more = other[name as keyof object] as unknown
        return [name, typeof value === 'number' ? value + (more as number) : sum(value, more as object)]
      }),
    )
  return sum(a, b) as Totals
}
