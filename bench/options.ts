import { parseArgs } from 'node:util'
import { type ScenarioName, scenarios } from './scenarios.ts'

export const SYSTEM_NAMES = ['sluice', 'monolith', 'limits'] as const
export type SystemName = (typeof SYSTEM_NAMES)[number]

export type BenchOptions = {
  readonly scenarios: readonly ScenarioName[]
  readonly systems: readonly SystemName[]
  readonly seconds: number
  readonly warmupSeconds: number
  readonly brokerWarmupSeconds: number
  readonly runs: number
  /** The first for every scenario, the others for A. */
  readonly replicas: readonly number[]
  readonly json: boolean
  readonly out: boolean
  readonly profile: boolean
  readonly compare: string | undefined
}

/** The command line does not say what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'usage'
}

export const BENCH_HELP = `Measures Sluice, the bus that it replaces, and what this machine allows at most.

  npm run bench -- [options]

  --scenario A,B     which of
${Object.values(scenarios)
  .map(({ name, title }) => `                       ${name}  ${title}`)
  .join('\n')}
  --system a,b       which of ${SYSTEM_NAMES.join(', ')}
  --seconds 15       how long each run posts
  --warmup 10        how long it posts before that, unmeasured
  --broker-warmup 45 how long the Kafka of all runs is under load before the first
  --runs 3           how often each is run, in turns; 8 for --compare, the fewest that can show a difference
  --replicas 1,2,3   processes of Sluice's gateway and of each service; those after the first for A only
  --compare <rev>    Sluice of another commit against this tree, in turns; reports the ratio
  --profile          keep CPU profiles of the system in .sluice/bench/profiles
  --out              keep the results in bench/results/<date>-<commit>.json
  --json             print the results as JSON
  --help             this text

A run that loses an event or writes one twice is a failed run; the exit code is then 1.`

/** @throws UsageError */
export function parseBenchOptions(args: readonly string[]): BenchOptions | 'help' {
  let values: ReturnType<typeof parse>
  try {
    values = parse(args)
  } catch (error) {
    throw new UsageError(`${(error as Error).message} --help lists the options.`)
  }
  if (values.help) return 'help'
  const options: BenchOptions = {
    scenarios: oneOf('--scenario', values.scenario, Object.keys(scenarios) as ScenarioName[]),
    systems: oneOf('--system', values.system, SYSTEM_NAMES),
    seconds: atLeast('--seconds', values.seconds, 0.1),
    warmupSeconds: atLeast('--warmup', values.warmup, 0),
    brokerWarmupSeconds: atLeast('--broker-warmup', values['broker-warmup'], 0),
    runs: whole('--runs', values.runs ?? (values.compare === undefined ? '3' : '8')),
    replicas: (values.replicas ?? (values.compare === undefined ? '1,2,3' : '1'))
      .split(',')
      .map((count) => whole('--replicas', count)),
    json: values.json,
    out: values.out,
    profile: values.profile,
    compare: values.compare,
  }
  if (options.compare !== undefined && options.replicas.length > 1) {
    throw new UsageError('--compare takes one number of --replicas.')
  }
  return options
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', default: Object.keys(scenarios).join(',') },
      system: { type: 'string', default: SYSTEM_NAMES.join(',') },
      seconds: { type: 'string', default: '15' },
      warmup: { type: 'string', default: '10' },
      'broker-warmup': { type: 'string', default: '45' },
      runs: { type: 'string' },
      replicas: { type: 'string' },
      compare: { type: 'string' },
      profile: { type: 'boolean', default: false },
      out: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  }).values
}

function oneOf<Name extends string>(flag: string, list: string, known: readonly Name[]): Name[] {
  return list.split(',').map((item) => {
    const name = known.find((one) => one.toLowerCase() === item.trim().toLowerCase())
    if (name === undefined) throw new UsageError(`${flag} knows ${known.join(', ')}, not "${item}".`)
    return name
  })
}

function atLeast(flag: string, text: string, min: number): number {
  const value = Number(text)
  if (!(value >= min)) throw new UsageError(`${flag} must be a number from ${min}, not "${text}".`)
  return value
}

function whole(flag: string, text: string): number {
  const value = atLeast(flag, text, 1)
  if (!Number.isInteger(value)) throw new UsageError(`${flag} must be a whole number, not "${text}".`)
  return value
}
