import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { catalogue, listServices } from '@sluice/events'
import { createStack } from './stack.ts'
import type { Step } from './step.ts'
import { runTrial } from './trial.ts'

// `npm run test:compose`. Progress goes to stderr, so that stdout holds the table alone.

const HELP = `Tries docker-compose.yml and the images on this machine's Docker engine: up, an event from the gateway to a
downstream topic, three replicas, every process restarted under load, down and up again. A project of its own on ports
of its own; nothing stays but the images.

  npm run test:compose -- [options]

  --seed n    repeats the events of an earlier run; random by default
  --streams   also Flink with its jobs and the flood guard, whose images take a GB and some minutes
  --help      this text`

const PROJECT = 'sluice-trial'

const options = readOptions(process.argv.slice(2))
if (typeof options === 'object') process.exitCode = await main(options)
else if (options === HELP) console.log(HELP)
else {
  console.error(options)
  process.exitCode = 2
}

type Options = { readonly seed: number; readonly streams: boolean }

/** The options, or what to say instead of a trial. */
function readOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' },
        streams: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.help) return HELP
    const seed = Number(values.seed ?? randomInt(1_000_000_000))
    return Number.isSafeInteger(seed)
      ? { seed, streams: values.streams }
      : `--seed must be a whole number, not "${values.seed}".`
  } catch (error) {
    return `${(error as Error).message} --help lists the options.`
  }
}

/** Not to be interrupted: also what was interrupted is taken away. */
async function takeAway(): Promise<void> {
  const { compose } = await createStack(PROJECT, new AbortController().signal)
  const profiles = ['--profile', 'observability', '--profile', 'streams']
  await compose(...profiles, 'down', '--volumes', '--remove-orphans', '--timeout', '5')
}

async function main({ seed, streams }: Options): Promise<number> {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.abort(new Error(`Stopped by ${signal}.`)))
  }
  const stack = await createStack(PROJECT, interrupted.signal)
  try {
    await stack.docker('version')
    await stack.compose('version')
  } catch (error) {
    console.error(`The trial needs a Docker engine with Compose v2. ${(error as Error).message}`)
    return 2
  }
  const steps: Step[] = []
  const services = [...new Set(listServices(catalogue).map(({ service }) => service))]
  try {
    // What a trial left behind that was killed.
    await takeAway()
    for await (const step of runTrial({ stack, services, seed, streams, signal: interrupted.signal })) {
      console.error(`ok  ${step.name}, ${step.seconds.toFixed(1)} s`)
      steps.push(step)
    }
    return 0
  } catch (error) {
    console.error(`FAILED, seed ${seed}: ${(error as Error).message}`)
    if (!interrupted.signal.aborted) console.error(await lastWords())
    return interrupted.signal.aborted ? 130 : 1
  } finally {
    await takeAway()
    if (steps.length > 0) console.log(table(steps))
  }

  async function lastWords(): Promise<string> {
    return stack
      .compose('--profile', 'streams', 'logs', '--no-color', '--tail', '15')
      .catch((error: Error) => error.message)
  }
}

function table(steps: readonly Step[]): string {
  const width = Math.max(...steps.map(({ name }) => name.length))
  return steps
    .map(({ name, seconds, seen }) => `${name.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s  ${seen}`)
    .join('\n')
}
