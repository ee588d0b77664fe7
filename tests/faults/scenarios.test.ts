import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { keepEvidence } from './keep-evidence.ts'
import { describeRun } from './report.ts'
import { whyNoRig } from './rig/why-no-rig.ts'
import { runScenario } from './run-scenario.ts'
import { rigScenarios } from './scenarios/scenarios.ts'

// The part of the fault suite that runs with every `npm test`: the quick scenarios, once. All of it, and how to
// replay one: `npm run test:faults -- --help`.

const missing = await whyNoRig((line) => console.error(line))
if (missing) console.error(missing)

const seed = randomInt(1_000_000_000)

test.skipIf(missing !== undefined).each(rigScenarios.filter(({ quick }) => quick))(
  '$name',
  async (scenario) => {
    const run = await runScenario({
      scenario,
      seed,
      onProgress() {},
      signal: new AbortController().signal,
      async onFailure(failed, logs) {
        const folder = await keepEvidence(`${scenario.name}-${seed}`, failed, logs)
        console.error(
          `${folder} has the evidence. Replay: npm run test:faults -- --scenario ${scenario.name} --seed ${seed}`,
        )
      },
    })
    console.error(`${scenario.name}: ${describeRun(run).join('; ')}`)
    expect(run.verdict.violations.map(({ message }) => message)).toEqual([])
  },
)
