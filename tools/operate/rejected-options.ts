import { type RejectedSelection, rejectedFilters } from '@sluice/operations'
import { parseCommandLine, UsageError } from '../command-line.ts'
import { type GatewayPlace, gatewayPlace } from './ask-gateway.ts'
import { nearest } from './nearest.ts'
import { count, filtersOf, refuseOthers, requireSelection } from './option-values.ts'

/** What the command line of `npm run dlq -- rejected` asks for. */
export type RejectedCommand =
  | { readonly command: 'help' }
  | { readonly command: 'groups'; readonly json: boolean }
  | {
      readonly command: 'list'
      readonly json: boolean
      readonly selection: RejectedSelection
      readonly limit: number
    }
  | {
      readonly command: 'show'
      readonly json: boolean
      readonly offset: number
      /** Personal data too. */
      readonly raw: boolean
    }
  | RejectedRedriveCommand

export type RejectedRedriveCommand = GatewayPlace & {
  readonly command: 'redrive'
  readonly json: boolean
  readonly selection: RejectedSelection
  readonly notAllowed: boolean
  readonly dryRun: boolean
  readonly max: number | undefined
  readonly rate: number | undefined
}

export const REJECTED_HELP = `Shows what the gateway rejected, and has it judged once more. KAFKA_BROKERS and so on say where Kafka is;
127.0.0.1:9092 without. A redrive is the gateway's work: ADMIN_TOKEN is what it takes from operators.

  npm run dlq -- rejected                       by type and code
  npm run dlq -- rejected list                  event by event, the newest last
  npm run dlq -- rejected show <offset>         one event: why, whose, what was posted
  npm run dlq -- rejected redrive --all         lets in what passes today, as if it had just been posted
  npm run dlq -- rejected redrive --filter …    of a selection
  npm run dlq -- rejected redrive --offset n    of one

  --filter <name=…>    of list and redrive; may be given again: of different names all must fit, of one any.
                       Names: ${rejectedFilters.names.join(', ')}
                       since and until take times, like 2026-11-24T17:00Z, or 2h for two hours ago
  --raw                of show: what was posted as it is stored, with its personal data
  --limit <n>          how many events list shows (20)
  --dry-run            says what would be let in, and sends nothing
  --rate <n>           so many events a second and no more
  --max <n>            so many events and no more
  --not-allowed        lets in also what its credential might not post
  --gateway <url>      the gateway's admin port (http://127.0.0.1:<ADMIN_PORT>, 9080 without)
  --json               prints JSON
  --help               this text

What is let in keeps its id, its tenant and when it was received. It is marked in the quarantine: a second redrive sends
nothing, and after a stop, a crash or an outage the same command goes on. What is rejected again stays where it is. Ends with
0, with 1 if it failed or something was rejected again, with 2 if the command cannot be followed.`

const SEE_HELP = 'npm run dlq -- rejected --help says what there is.'

/** @throws UsageError */
export function parseRejectedCommand(
  args: readonly string[],
  now: number,
  env: NodeJS.ProcessEnv,
): RejectedCommand {
  const { values, positionals } = parseCommandLine(args, OPTIONS, REJECTED_HELP)
  const { json } = values
  if (values.help) return { command: 'help' }
  const [command, ...rest] = positionals
  if (command === undefined) {
    refuseOthers(values, [], SEE_HELP)
    return { command: 'groups', json }
  }
  if (command !== 'list' && command !== 'show' && command !== 'redrive') {
    const near = nearest(command, ['list', 'show', 'redrive'])
    throw new UsageError(`There is no "${command}".${near ? ` Is it ${near}?` : ''} ${SEE_HELP}`)
  }
  if (command === 'show') {
    refuseOthers(values, ['raw'], SEE_HELP)
    if (rest.length !== 1) throw new UsageError(`show needs an offset. ${SEE_HELP}`)
    return { command, json, offset: count('The offset', rest[0]!, 0), raw: values.raw }
  }
  if (rest.length > 0) throw new UsageError(`"${rest[0]}" is too much. ${SEE_HELP}`)
  const filters = filtersOf(values)
  const parsed = rejectedFilters.parse(filters, now)
  if ('problem' in parsed) throw new UsageError(parsed.problem)
  const { selection } = parsed
  if (command === 'list') {
    refuseOthers(values, ['filter', 'limit'], SEE_HELP)
    return { command, json, selection, limit: count('--limit', values.limit ?? '20', 1) }
  }
  refuseOthers(
    values,
    ['filter', 'offset', 'all', 'not-allowed', 'dry-run', 'max', 'rate', 'gateway'],
    SEE_HELP,
  )
  requireSelection(values.all, filters, SEE_HELP)
  return {
    command,
    json,
    ...gatewayPlace(values.gateway, env, 'Rejected events are judged by a running gateway'),
    selection,
    notAllowed: values['not-allowed'],
    dryRun: values['dry-run'],
    max: values.max === undefined ? undefined : count('--max', values.max, 1),
    rate: values.rate === undefined ? undefined : count('--rate', values.rate, 1),
  }
}

const OPTIONS = {
  filter: { type: 'string', multiple: true },
  offset: { type: 'string' },
  all: { type: 'boolean', default: false },
  limit: { type: 'string' },
  'not-allowed': { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  rate: { type: 'string' },
  max: { type: 'string' },
  gateway: { type: 'string' },
  raw: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const
