import type { BenchOptions, SystemName } from './options.ts'
import type { ScenarioName } from './scenarios.ts'

/** One run, or Kafka's own tool, which knows no scenarios. */
export type Step =
  | {
      readonly kind: 'run'
      readonly title: string
      readonly scenario: ScenarioName
      readonly system: SystemName
      /** As in the results. */
      readonly systemTitle: string
      readonly replicas: number
      readonly run: number
    }
  | { readonly kind: 'producer'; readonly title: string }

/**
 * What is run, in this order: everything once, then everything again. What is compared stands next to each other,
 * so that a machine that slows down meanwhile hits both.
 */
export function planSteps(
  options: Pick<BenchOptions, 'scenarios' | 'systems' | 'replicas' | 'runs'>,
): Step[] {
  const { scenarios, systems, replicas, runs } = options
  return Array.from({ length: runs }, (_, n) => n + 1).flatMap((run): Step[] => [
    ...scenarios.flatMap((scenario) =>
      systems
        // Nothing comes out of the limit's server: latency end to end and a flood's are not to be had from it.
        .filter((system) => system !== 'limits' || scenario !== 'D')
        .flatMap((system) =>
          (system === 'sluice' && scenario === 'A' ? replicas : replicas.slice(0, 1)).map((count): Step => {
            const systemTitle = nameSystem(system, count)
            const title = `${scenario} ${systemTitle} run ${run}`
            return { kind: 'run', title, scenario, system, systemTitle, replicas: count, run }
          }),
        ),
    ),
    ...(systems.includes('limits')
      ? [{ kind: 'producer', title: `Kafka's producer run ${run}` } as const]
      : []),
  ])
}

/** Of the three only Sluice comes in several sizes. */
function nameSystem(system: SystemName, replicas: number): string {
  if (system === 'limits') return 'no-op HTTP'
  return system === 'sluice' && replicas > 1 ? `sluice × ${replicas}` : system
}
