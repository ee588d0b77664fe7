import { catalogue, isLane, LANES, type Lane } from '@sluice/events'
import { instantText, parseDuration } from '@sluice/operations'
import { parseCommandLine, UsageError } from '../command-line.ts'
import { type GatewayPlace, gatewayPlace } from './ask-gateway.ts'
import { nearest } from './nearest.ts'
import { count, duration, instant, refuseOthers } from './option-values.ts'

const ACTIONS = ['suppress', 'raise', 'lower', 'allow'] as const
const SCOPE = ['type', 'source', 'tenant', 'key', 'content'] as const

/** What the command line of `npm run decisions` asks for. */
export type DecisionsCommand =
  | { readonly command: 'help' }
  | (Place & { readonly command: 'list'; readonly query: Readonly<Record<string, string>> })
  | (Place & { readonly command: 'add'; readonly decision: NewDecision })
  | (Place & { readonly command: 'lift'; readonly id: string; readonly who: string; readonly why: string })

type Place = GatewayPlace & { readonly json: boolean }

/** As the gateway takes it. */
export type NewDecision = {
  readonly action: (typeof ACTIONS)[number]
  readonly scope: Readonly<Partial<Record<(typeof SCOPE)[number], string>>>
  readonly priority?: Lane
  readonly id?: string
  readonly evidence?: unknown
  readonly from?: string
  readonly until?: string
  readonly for?: string
  readonly who: string
  readonly why: string
}

export const DECISIONS_HELP = `Shows what stream jobs and people have decided about events to come, decides, and lifts decisions. Asks a running
gateway: ADMIN_TOKEN is what it takes from operators.

  npm run decisions -- list                    what holds, and what will, with how many events it decided
  npm run decisions -- add --action raise --key c-7 --tenant default --for 15m --by ada --why "they called us"
  npm run decisions -- lift <id> --by ada --why "all is well"

  --action <action>    of add: suppress (drop), allow (except from that), raise or lower
  --type <type>        whose events: all that is given must fit. Of list: whose scope says so
  --source <source>
  --tenant <tenant>
  --key <key>          what the definition of the type calls the key, like the customer
  --content <sha-256>  of add, beside type and key: of the data, as the JSON that is stored
  --priority <lane>    of add: at least (raise: high without), or at most (lower: low without)
  --for <time>         of add: how long, like 15m, 2h or 7d; 31d at most
  --until <time>       of add, instead: until when, like 2026-11-24T17:00Z
  --from <time>        of add: since when; now without
  --evidence <json>    of add: what led to it
  --id <id>            of add: replaces the decision of this id; a new one without
  --by <name>          of add and lift: who does it. Of list: whose, like flood-guard or operator:ada
  --why <text>         of add and lift: the reason
  --limit <n>          of list: how many are shown (100)
  --gateway <url>      the gateway's admin port (http://127.0.0.1:<ADMIN_PORT>, 9080 without)
  --json               prints JSON
  --help               this text

Hits are those of the replica that answers. Ends with 0, with 1 if it failed, with 2 if the command cannot be followed.`

const SEE_HELP = 'npm run decisions -- --help says what there is.'
const COMMANDS = ['list', 'add', 'lift'] as const

/** @throws UsageError */
export function parseDecisionsCommand(
  args: readonly string[],
  now: number,
  env: NodeJS.ProcessEnv,
): DecisionsCommand {
  const { values, positionals } = parseCommandLine(args, OPTIONS, DECISIONS_HELP)
  if (values.help) return { command: 'help' }
  const [command = '', ...rest] = positionals
  const known = COMMANDS.find((one) => one === command)
  if (!known) {
    const near = nearest(command, COMMANDS)
    const problem = command === '' ? 'Say what to do.' : `There is no "${command}".`
    throw new UsageError(`${problem}${near ? ` Is it ${near}?` : ''} ${SEE_HELP}`)
  }
  refuseOthers(values, ['gateway', ...OPTIONS_OF[known]], SEE_HELP)
  const wanted = known === 'lift' ? 1 : 0
  if (rest.length > wanted) throw new UsageError(`"${rest[wanted]}" is too much. ${SEE_HELP}`)
  const place = () => ({
    json: values.json,
    ...gatewayPlace(values.gateway, env, 'Decisions are seen and made at a running gateway'),
  })
  if (values.type !== undefined) requireType(values.type)
  if (known === 'list') {
    const { action, by, type, source, tenant, key } = values
    const limit = values.limit === undefined ? undefined : String(count('--limit', values.limit, 1))
    if (action !== undefined) requireAction(action)
    const query = Object.entries({ action, by, type, source, tenant, key, limit })
    return {
      command: known,
      query: Object.fromEntries(query.filter((one): one is [string, string] => one[1] !== undefined)),
      ...place(),
    }
  }
  const answerable = {
    who: required('--by', values.by, 'who decides'),
    why: required('--why', values.why, 'the reason'),
  }
  if (known === 'lift') {
    const [id] = rest
    if (id === undefined) throw new UsageError(`lift needs the id of a decision. ${SEE_HELP}`)
    return { command: known, id, ...answerable, ...place() }
  }
  const { id } = values
  const scope = Object.fromEntries(
    SCOPE.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  )
  if (Object.keys(scope).length === 0)
    throw new UsageError(`Say whose events: --type, --source, --tenant or --key. ${SEE_HELP}`)
  if ((values.for === undefined) === (values.until === undefined))
    throw new UsageError(`Say how long: either --for or --until. ${SEE_HELP}`)
  if (values.for !== undefined) duration('--for', values.for)
  const decision: NewDecision = {
    action: requireAction(required('--action', values.action, ACTIONS.join(', '))),
    scope,
    ...(values.priority !== undefined && { priority: requireLane(values.priority) }),
    ...(id !== undefined && { id }),
    ...(values.evidence !== undefined && { evidence: evidenceOf(values.evidence) }),
    ...(values.from !== undefined && { from: pointOf('--from', values.from, now) }),
    ...(values.until !== undefined && { until: pointOf('--until', values.until, now) }),
    ...(values.for !== undefined && { for: values.for }),
    ...answerable,
  }
  return { command: known, decision, ...place() }
}

const OPTIONS = {
  action: { type: 'string' },
  type: { type: 'string' },
  source: { type: 'string' },
  tenant: { type: 'string' },
  key: { type: 'string' },
  content: { type: 'string' },
  priority: { type: 'string' },
  for: { type: 'string' },
  until: { type: 'string' },
  from: { type: 'string' },
  evidence: { type: 'string' },
  id: { type: 'string' },
  by: { type: 'string' },
  why: { type: 'string' },
  limit: { type: 'string' },
  gateway: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const OPTIONS_OF: Readonly<Record<(typeof COMMANDS)[number], readonly string[]>> = {
  list: ['action', 'type', 'source', 'tenant', 'key', 'by', 'limit'],
  add: [
    ...['action', 'type', 'source', 'tenant', 'key', 'content', 'priority', 'for', 'until', 'from'],
    ...['evidence', 'id', 'by', 'why'],
  ],
  lift: ['by', 'why'],
}

function required(option: string, value: string | undefined, what: string): string {
  if (value !== undefined && value.trim() !== '') return value
  throw new UsageError(`${option} is missing: ${what}. ${SEE_HELP}`)
}

function requireAction(text: string): (typeof ACTIONS)[number] {
  const found = ACTIONS.find((action) => action === text)
  if (found) return found
  throw new UsageError(`--action is one of ${ACTIONS.join(', ')}, not "${text}".`)
}

function requireLane(text: string): Lane {
  if (isLane(text)) return text
  throw new UsageError(`--priority is one of ${LANES.join(', ')}, not "${text}".`)
}

/** A type that is misspelt would match nothing, and nobody would notice. */
function requireType(text: string): void {
  const known = catalogue.map(({ definition }) => definition.type)
  if (known.includes(text)) return
  const near = nearest(text, known)
  throw new UsageError(
    `There is no event type "${text}". ${near ? `Is it ${near}?` : `There are ${known.join(', ')}.`}`,
  )
}

/** A point in time. What other commands read as long ago could be meant the other way round here. */
function pointOf(option: string, text: string, now: number): string {
  if (parseDuration(text) !== undefined)
    throw new UsageError(`${option} takes a time, like 2026-11-24T17:00Z; --for takes a length of time.`)
  return instantText(instant(option, text, now))
}

function evidenceOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError(`--evidence must be JSON: ${(error as Error).message}.`)
  }
}
