import type { CatalogueEntry } from '@sluice/events'
import { defaultSince, INSTANT_FORMS } from '@sluice/operations'
import { parseCommandLine, UsageError } from '../command-line.ts'
import { instant } from './option-values.ts'
import { requireEntry } from './tail-options.ts'

export type WhereCommand = {
  readonly id: string
  readonly source: string | undefined
  readonly tenant: string | undefined
  readonly type: string | undefined
  readonly since: number
  readonly json: boolean
}

export const WHERE_HELP = `Says where an event is now, every way it took, and what followed from it.

  npm run where -- <id> [options]

  --source <source>  only an event of this source
  --tenant <tenant>  only an event of this tenant
  --type <type>      only an event of this type
  --since <time>     how far back to look: ${INSTANT_FORMS}; without it, as far back as the id is old if it
                     says so (UUIDv7), a day otherwise
  --json             prints JSON
  --help             this text

How far each service is with it: waiting (or in hand right now), retrying, dead-letter, handled.
Kafka: KAFKA_BROKERS and so on, as for the services; without it that of npm start. Ends with 0 if it was found, with 1 if
not or if it failed, with 2 if the command cannot be followed.`

/** @throws UsageError */
export function parseWhereCommand(
  args: readonly string[],
  { now, entries }: { readonly now: number; readonly entries: readonly CatalogueEntry[] },
): WhereCommand | 'help' {
  const { values, positionals } = parseCommandLine(args, OPTIONS, WHERE_HELP)
  if (values.help) return 'help'
  const [id, ...rest] = positionals
  if (!id || rest.length > 0) throw new UsageError(`Name one id: npm run where -- <id>.\n\n${WHERE_HELP}`)
  if (values.type !== undefined) requireEntry(entries, values.type)
  return {
    id,
    source: values.source,
    tenant: values.tenant,
    type: values.type,
    since: values.since === undefined ? defaultSince(id, now) : instant('--since', values.since, now),
    json: values.json,
  }
}

const OPTIONS = {
  source: { type: 'string' },
  tenant: { type: 'string' },
  type: { type: 'string' },
  since: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const
