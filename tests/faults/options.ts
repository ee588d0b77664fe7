import { parseArgs } from 'node:util'
import { SCHEDULES } from './memory/run-schedules.ts'
import { rigScenarios } from './scenarios/scenarios.ts'

export type FaultOptions = {
  /** Names. */
  readonly scenarios: readonly string[]
  readonly seed: number
  readonly repeat: number
  /** Times the events a second that each scenario has by itself. */
  readonly load: number
  readonly json: boolean
}

const ALL = [SCHEDULES, ...rigScenarios]

/** The command line does not say what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'usage'
}

export const FAULTS_HELP = `Runs Sluice on a real Kafka, breaks something on purpose, and closes the books by identity.

  npm run test:faults -- [options]

  --scenario a,b   which of
${ALL.map(({ name, title }) => `                     ${name.padEnd(20)} ${title}`).join('\n')}
  --seed n         repeats the choices of an earlier run; random by default
  --repeat n       how often each is run, the seed counting up; 1 by default
  --load n         n times as many events a second, on Kafka; 1 by default
  --json           print the results as JSON
  --help           this text

A run that breaks a promise, or cannot be finished, makes the exit code 1; what it left is kept in .sluice/faults.`

/** @throws UsageError */
export function parseFaultOptions(args: readonly string[], randomSeed: () => number): FaultOptions | 'help' {
  let values: ReturnType<typeof parse>
  try {
    values = parse(args)
  } catch (error) {
    throw new UsageError(`${(error as Error).message} --help lists the options.`)
  }
  if (values.help) return 'help'
  return {
    scenarios: (values.scenario?.split(',') ?? ALL.map(({ name }) => name)).map(requireName),
    seed: values.seed === undefined ? randomSeed() : wholeNumber('--seed', values.seed, 0),
    repeat: wholeNumber('--repeat', values.repeat, 1),
    load: wholeNumber('--load', values.load, 1),
    json: values.json,
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string' },
      seed: { type: 'string' },
      repeat: { type: 'string', default: '1' },
      load: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}

function requireName(name: string): string {
  if (ALL.some((scenario) => scenario.name === name)) return name
  const names = ALL.map((scenario) => scenario.name).join(', ')
  throw new UsageError(`There is no scenario "${name}"; there are ${names}.`)
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= least && text.trim() !== '') return value
  throw new UsageError(`${option} must be a whole number from ${least}, not "${text}".`)
}
