import { type CatalogueEntry, catalogue } from '@sluice/events'
import {
  DEFAULT_MAX_REPLAYS,
  type DeadLetterQueue,
  FILTER_NAMES,
  findDeadLetterQueue,
  parseFilters,
  type Selection,
} from '@sluice/operations'
import { parseCommandLine, UsageError } from '../command-line.ts'
import { nearest } from './nearest.ts'
import { count, filtersOf, refuseOthers, requireSelection } from './option-values.ts'

/** What the command line of `npm run dlq` asks for. */
export type DlqCommand =
  | { readonly command: 'help' }
  | { readonly command: 'list'; readonly json: boolean }
  | {
      readonly command: 'letters'
      readonly json: boolean
      readonly queue: DeadLetterQueue
      readonly selection: Selection
      readonly limit: number
    }
  | {
      readonly command: 'show'
      readonly json: boolean
      readonly queue: DeadLetterQueue
      readonly offset: number
      /** Personal data too. */
      readonly raw: boolean
    }
  | {
      readonly command: 'redrive'
      readonly json: boolean
      readonly queue: DeadLetterQueue
      readonly selection: Selection
      readonly again: boolean
      readonly dryRun: boolean
      readonly maxReplays: number
      readonly max: number | undefined
      readonly rate: number | undefined
    }

export const DLQ_HELP = `Shows what services gave up, and sends it back to them. KAFKA_BROKERS and so on say where Kafka is;
127.0.0.1:9092 without.

  npm run dlq -- list                       by type, service, reason and kind of error; and what was rejected
  npm run dlq -- list <type>                letter by letter, the newest last
  npm run dlq -- show <type> <offset>       one letter: why, from where, its payload
  npm run dlq -- redrive <type> --all       sends back every letter that was not redriven yet
  npm run dlq -- redrive <type> --filter …  sends back a selection
  npm run dlq -- redrive <type> --offset n  sends back one
  npm run dlq -- rejected …                 the same for what the gateway rejected: rejected --help

  --service <name>     whose letters, where several services read the type
  --filter <name=…>    of list and redrive; may be given again: of different names all must fit, of one any.
                       Names: ${FILTER_NAMES.join(', ')}
                       since and until take times, like 2026-11-24T17:00Z, or 2h for two hours ago
  --raw                of show: the payload as it is stored, with its personal data
  --limit <n>          how many letters list shows (20)
  --dry-run            says what would be sent where, and sends nothing
  --rate <n>           so many letters a second and no more
  --max <n>            so many letters and no more
  --max-replays <n>    leaves letters that were redriven so often already (${DEFAULT_MAX_REPLAYS})
  --again              also what was redriven before; the service drops what it handled then, inside its window
  --json               prints JSON
  --help               this text

A redrive keeps the order of each key. What is sent is marked in the dead-letter topic: after a Ctrl-C, a crash or an
outage the same command goes on, with absolute times and what is left of --max; stopped or failed, a redrive prints it.
With --again there is no going on. Ends with 0, with 1 if it failed or something that was asked for was left undone, with 2
if the command cannot be followed.`

const SEE_HELP = 'npm run dlq -- --help says what there is.'

/** @throws UsageError */
export function parseDlqCommand(
  args: readonly string[],
  now: number,
  entries: readonly CatalogueEntry[] = catalogue,
): DlqCommand {
  const { values, positionals } = parseCommandLine(args, OPTIONS, DLQ_HELP)
  const { json } = values
  if (values.help) return { command: 'help' }
  const [command = 'list', type, place, ...rest] = positionals
  if (command === 'list' && type === undefined) {
    refuseOthers(values, [], SEE_HELP)
    return { command: 'list', json }
  }
  if (command !== 'list' && command !== 'show' && command !== 'redrive') {
    const near = nearest(command, ['list', 'show', 'redrive'])
    throw new UsageError(`There is no "${command}".${near ? ` Is it ${near}?` : ''} ${SEE_HELP}`)
  }
  if (type === undefined) throw new UsageError(`${command} needs a type. ${SEE_HELP}`)
  const queue = requireQueue(entries, type, values.service)
  if (command === 'show') {
    refuseOthers(values, ['service', 'raw'], SEE_HELP)
    if (place === undefined || rest.length > 0)
      throw new UsageError(`show needs a type and an offset. ${SEE_HELP}`)
    return { command, json, queue, offset: count('The offset', place, 0), raw: values.raw }
  }
  if (place !== undefined) throw new UsageError(`"${place}" is too much. ${SEE_HELP}`)
  const filters = filtersOf(values)
  const parsed = parseFilters(filters, now)
  if ('problem' in parsed) throw new UsageError(parsed.problem)
  const { selection } = parsed
  if (command === 'list') {
    refuseOthers(values, ['service', 'filter', 'limit'], SEE_HELP)
    return { command: 'letters', json, queue, selection, limit: count('--limit', values.limit ?? '20', 1) }
  }
  refuseOthers(values, REDRIVE, SEE_HELP)
  requireSelection(values.all, filters, SEE_HELP)
  return {
    command,
    json,
    queue,
    selection,
    again: values.again,
    dryRun: values['dry-run'],
    maxReplays: count('--max-replays', values['max-replays'] ?? String(DEFAULT_MAX_REPLAYS), 0),
    max: values.max === undefined ? undefined : count('--max', values.max, 1),
    rate: values.rate === undefined ? undefined : count('--rate', values.rate, 1),
  }
}

const REDRIVE = ['service', 'filter', 'offset', 'all', 'again', 'dry-run', 'max-replays', 'max', 'rate']

const OPTIONS = {
  service: { type: 'string' },
  filter: { type: 'string', multiple: true },
  offset: { type: 'string' },
  all: { type: 'boolean', default: false },
  limit: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  rate: { type: 'string' },
  max: { type: 'string' },
  'max-replays': { type: 'string' },
  again: { type: 'boolean', default: false },
  raw: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** @throws UsageError naming what there is. */
export function requireQueue(
  entries: readonly CatalogueEntry[],
  type: string,
  service: string | undefined,
): DeadLetterQueue {
  const found = findDeadLetterQueue(entries, type, service)
  if (!('problem' in found)) return found
  const { problem, wanted, known } = found
  const near = nearest(wanted === 'type' ? type : (service ?? ''), known)
  const hint =
    near === undefined ? `There ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}.` : `Is it ${near}?`
  throw new UsageError(`${problem} ${hint}`)
}
