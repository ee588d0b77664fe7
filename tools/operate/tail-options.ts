import { type CatalogueEntry, isLane, type Lane } from '@sluice/events'
import { HAPPENINGS, type Happening, INSTANT_FORMS } from '@sluice/operations'
import { parseCommandLine, UsageError } from '../command-line.ts'
import { nearest } from './nearest.ts'
import { count, instant } from './option-values.ts'

export type TailCommand = {
  readonly entry: CatalogueEntry
  readonly lanes: readonly Lane[] | undefined
  readonly from: 'now' | 'start' | number
  readonly keys: readonly string[] | undefined
  readonly ids: readonly string[] | undefined
  readonly statuses: readonly Happening[] | undefined
  readonly max: number
  readonly json: boolean
}

export const TAIL_HELP = `Follows an event type live: a line for each thing that happens to an event of it, until Ctrl-C.

  npm run tail -- <type> [options]

  --lane <lane>      high, normal or low; may be given more than once, like the filters
  --since <time>     begins with what was written then: ${INSTANT_FORMS}
  --from-start       begins with the oldest that Kafka has; without both, with what comes from now on.
                     What is older comes partition by partition, not in the order of time
  --key <key>        only events of this key
  --id <id>          only this event
  --status <status>  only what happened so:
                     stored       it came into its lane; whether it is handled by now is not known from that
                     retried      a service failed, and tries it again when it is due
                     dead-letter  a service gave it up
                     redriven     a redrive or a replay put it into its lane again
                     handled, duplicate, skipped, filtered: only where the books are kept (OUTCOMES=on)
  --max <n>          ends after so many lines
  --json             prints a JSON object a line
  --help             this text

Kafka: KAFKA_BROKERS and so on, as for the services; without it that of npm start. Ends with 0, also by Ctrl-C; with 1 if
it failed, with 2 if the command cannot be followed. npm run where -- <id> says how far one event is.`

/** @throws UsageError */
export function parseTailCommand(
  args: readonly string[],
  { now, entries }: { readonly now: number; readonly entries: readonly CatalogueEntry[] },
): TailCommand | 'help' {
  const { values, positionals } = parseCommandLine(args, OPTIONS, TAIL_HELP)
  if (values.help) return 'help'
  const [type, ...rest] = positionals
  if (type === undefined || rest.length > 0)
    throw new UsageError(`Name one event type: npm run tail -- <type>.\n\n${TAIL_HELP}`)
  const entry = requireEntry(entries, type)
  if (values.since !== undefined && values['from-start'])
    throw new UsageError('--since and --from-start cannot both be followed.')
  return {
    entry,
    lanes: values.lane?.map((lane) => requireLane(lane, entry)),
    from: values['from-start']
      ? 'start'
      : values.since === undefined
        ? 'now'
        : instant('--since', values.since, now),
    keys: values.key,
    ids: values.id,
    statuses: values.status?.map(requireHappening),
    max: values.max === undefined ? Number.POSITIVE_INFINITY : count('--max', values.max, 1),
    json: values.json,
  }
}

const OPTIONS = {
  lane: { type: 'string', multiple: true },
  since: { type: 'string' },
  'from-start': { type: 'boolean', default: false },
  key: { type: 'string', multiple: true },
  id: { type: 'string', multiple: true },
  status: { type: 'string', multiple: true },
  max: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** @throws UsageError that names what is near, or all there is. */
export function requireEntry(entries: readonly CatalogueEntry[], type: string): CatalogueEntry {
  const entry = entries.find(({ definition }) => definition.type === type)
  if (entry) return entry
  const known = entries.map(({ definition }) => definition.type)
  const near = nearest(type, known)
  const advice = near ? `Did you mean ${near}?` : `There are ${known.join(', ')}.`
  throw new UsageError(`There is no event type "${type}". ${advice}`)
}

function requireLane(lane: string, { definition }: CatalogueEntry): Lane {
  if (isLane(lane) && definition.lanes.includes(lane)) return lane
  throw new UsageError(`${definition.type} has no lane "${lane}". It has ${definition.lanes.join(', ')}.`)
}

function requireHappening(status: string): Happening {
  const found = HAPPENINGS.find((one) => one === status)
  if (found) return found
  throw new UsageError(`There is no status "${status}". There are ${HAPPENINGS.join(', ')}.`)
}
