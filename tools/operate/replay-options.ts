import { type CatalogueEntry, catalogue } from '@sluice/events'
import { RUN_PATTERN } from '@sluice/operations'
import { parseCommandLine, UsageError } from '../command-line.ts'
import { requireQueue } from './dlq-options.ts'
import { count, instant } from './option-values.ts'

export type ReplayCommand = {
  readonly entry: CatalogueEntry
  readonly service: string
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly to: number
  readonly run: string
  readonly rate: number | undefined
  readonly dryRun: boolean
  readonly json: boolean
}

export const REPLAY_HELP = `Sends the events of a time range through their lanes once more, for one service. KAFKA_BROKERS and so on say where
Kafka is; 127.0.0.1:9092 without.

  npm run replay -- <type> --from <time> [options]

  --from <time>        events stored at this time or later: 2026-11-24T17:00Z, or 2h for two hours ago
  --to <time>          and before this one; now without
  --service <name>     who is to handle them again, where several services read the type
  --run <name>         goes on with an earlier run, which printed its name; give the same times
  --rate <n>           so many events a second and no more
  --dry-run            says how many there are, and sends nothing
  --json               prints JSON
  --help               this text

Other services pass the copies over. They stand in line with new events: --rate leaves room for these. The order of each
key inside a lane is kept. How far a run is, Kafka keeps. Ends with 0, with 1 if it failed or was stopped before its end,
with 2 if the command cannot be followed.`

const SEE_HELP = 'npm run replay -- --help says what there is.'

/** @throws UsageError */
export function parseReplayCommand(
  args: readonly string[],
  {
    now,
    newRun,
    entries = catalogue,
  }: { now: number; newRun: () => string; entries?: readonly CatalogueEntry[] },
): ReplayCommand | 'help' {
  const { values, positionals } = parseCommandLine(args, OPTIONS, REPLAY_HELP)
  if (values.help) return 'help'
  const [type, ...rest] = positionals
  if (type === undefined || rest.length > 0) throw new UsageError(`A replay needs one type. ${SEE_HELP}`)
  const { service, definition } = requireQueue(entries, type, values.service)
  if (values.from === undefined) throw new UsageError(`A replay needs --from. ${SEE_HELP}`)
  const from = instant('--from', values.from, now)
  // What is stored from now on is handled as it comes.
  const to = Math.min(now, values.to === undefined ? now : instant('--to', values.to, now))
  if (from >= to) throw new UsageError('--from must be before --to, and before now.')
  const run = values.run ?? newRun()
  if (!RUN_PATTERN.test(run)) {
    throw new UsageError(`--run takes up to 64 letters, digits, dots, dashes and underscores, not "${run}".`)
  }
  return {
    entry: entries.find((entry) => entry.definition === definition)!,
    service,
    from,
    to,
    run,
    rate: values.rate === undefined ? undefined : count('--rate', values.rate, 1),
    dryRun: values['dry-run'],
    json: values.json,
  }
}

const OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  service: { type: 'string' },
  run: { type: 'string' },
  rate: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const
