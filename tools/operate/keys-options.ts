import type { CredentialEntry } from '@sluice/credentials'
import { catalogue, DEFAULT_TENANT, isLane, LANES, type Lane } from '@sluice/events'
import { parseCommandLine, UsageError } from '../command-line.ts'
import { nearest } from './nearest.ts'
import { count, duration, refuseOthers } from './option-values.ts'

/** What the command line of `npm run keys` asks for. */
export type KeysCommand =
  | { readonly command: 'help' }
  | (KeysPlace & { readonly command: 'list' })
  | (KeysPlace & {
      readonly command: 'create'
      readonly credential: Omit<CredentialEntry, 'keys'>
      /** Whether it gets a key, too. */
      readonly withKey: boolean
      readonly lifetimeMs: number | undefined
    })
  | (KeysPlace & {
      readonly command: 'rotate'
      readonly name: string
      readonly overlapMs: number
      readonly lifetimeMs: number | undefined
    })
  | (KeysPlace & { readonly command: 'revoke'; readonly id: string })

type KeysPlace = { readonly file: string; readonly json: boolean }

/** Of no process that was told nothing: a file that git does not take. */
const DEFAULT_FILE = '.sluice/credentials.json'

export const KEYS_HELP = `Makes and ends the keys that producers post with. Works on the file of credentials alone; a gateway that runs with it
(GATEWAY_CREDENTIALS_FILE) follows within a second.

  npm run keys -- create <name> --types <types>   a credential, and its first key
  npm run keys -- list                            names, what each may, and its keys: ids, ages and ends
  npm run keys -- rotate <name>                   one more key; those before end when the overlap is over
  npm run keys -- revoke <id>                     ends a key, now

  --file <path>          the file; GATEWAY_CREDENTIALS_FILE without, else ${DEFAULT_FILE}
  --types <a,b>          of create: the types that it may post, or "*" for all that are not derived
  --tenant <tenant>      of create: whose events they are (${DEFAULT_TENANT})
  --source <source>      of create: the source of events that come without one (/producers/<name>)
  --max-priority <lane>  of create: the highest priority that it may ask for (normal)
  --rate <n>             of create: events a second, on average; no limit without
  --burst <n>            of create: events at once (as many as --rate)
  --concurrent <n>       of create: requests at once; no limit without
  --subject <subject>    of create: whose token stands for it; may be given again
  --certificate <name>   of create: whose client certificate stands for it, like subject:CN=shop,O=Example or
                         URI:spiffe://example.com/shop; may be given again
  --no-key               of create: no key, for who comes with tokens or a certificate only
  --expires <time>       of create and rotate: how long the new key lives, like 90d; for ever without
  --overlap <time>       of rotate: how long keys from before go on (24h)
  --json                 prints JSON
  --help                 this text

A key is shown once and stored nowhere: the file has its hash. Ends with 0, with 1 if it failed, with 2 if the command
cannot be followed.`

const SEE_HELP = 'npm run keys -- --help says what there is.'
const COMMANDS = ['create', 'list', 'rotate', 'revoke'] as const

/** @throws UsageError */
export function parseKeysCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): KeysCommand {
  const { values, positionals } = parseCommandLine(args, OPTIONS, KEYS_HELP)
  if (values.help) return { command: 'help' }
  const [command = '', what, ...rest] = positionals
  const known = COMMANDS.find((one) => one === command)
  if (!known) {
    const near = nearest(command, COMMANDS)
    const problem = command === '' ? 'Say what to do.' : `There is no "${command}".`
    throw new UsageError(`${problem}${near ? ` Is it ${near}?` : ''} ${SEE_HELP}`)
  }
  refuseOthers(values, ['file', ...OPTIONS_OF[known]], SEE_HELP)
  const place = {
    file: values.file ?? (env['GATEWAY_CREDENTIALS_FILE'] || DEFAULT_FILE),
    json: values.json ?? false,
  }
  const lifetimeMs = values.expires === undefined ? undefined : duration('--expires', values.expires)
  if (known === 'list') {
    if (what !== undefined) throw new UsageError(`"${what}" is too much. ${SEE_HELP}`)
    return { command: known, ...place }
  }
  if (what === undefined || rest.length > 0) {
    throw new UsageError(`${known} needs one ${known === 'revoke' ? 'id of a key' : 'name'}. ${SEE_HELP}`)
  }
  if (known === 'revoke') return { command: known, ...place, id: keyId(what) }
  if (known === 'rotate') {
    const overlapMs = duration('--overlap', values.overlap ?? '24h')
    return { command: known, ...place, name: what, overlapMs, lifetimeMs }
  }
  if (values.types === undefined) {
    throw new UsageError(
      `create needs --types: a list of types, or "*" for all that producers post. ${SEE_HELP}`,
    )
  }
  return {
    ...{ command: known, ...place, lifetimeMs },
    withKey: values['no-key'] !== true,
    credential: {
      name: what,
      tenant: values.tenant ?? DEFAULT_TENANT,
      ...(values.source !== undefined && { source: values.source }),
      types: typesOf(values.types),
      maxPriority: laneOf(values['max-priority'] ?? 'normal'),
      limits: {
        ...(values.rate !== undefined && { eventsPerSecond: count('--rate', values.rate, 1) }),
        ...(values.burst !== undefined && { burst: count('--burst', values.burst, 1) }),
        ...(values.concurrent !== undefined && {
          concurrentRequests: count('--concurrent', values.concurrent, 1),
        }),
      },
      subjects: values.subject ?? [],
      certificates: values.certificate ?? [],
    },
  }
}

const OPTIONS = {
  file: { type: 'string' },
  types: { type: 'string' },
  tenant: { type: 'string' },
  source: { type: 'string' },
  'max-priority': { type: 'string' },
  rate: { type: 'string' },
  burst: { type: 'string' },
  concurrent: { type: 'string' },
  subject: { type: 'string', multiple: true },
  certificate: { type: 'string', multiple: true },
  'no-key': { type: 'boolean' },
  expires: { type: 'string' },
  overlap: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** An option that would not be followed is no option of the command. */
const OPTIONS_OF: Readonly<Record<(typeof COMMANDS)[number], readonly string[]>> = {
  create: [
    ...['types', 'tenant', 'source', 'max-priority', 'rate', 'burst', 'concurrent', 'subject'],
    ...['certificate', 'no-key', 'expires'],
  ],
  list: [],
  rotate: ['expires', 'overlap'],
  revoke: [],
}

/** A type that is misspelt would only be missed when its events are refused. */
function typesOf(text: string): '*' | string[] {
  if (text === '*') return '*'
  const known = catalogue.map(({ definition }) => definition.type)
  const types = text.split(',').map((type) => type.trim())
  for (const type of types) {
    if (known.includes(type)) continue
    const near = nearest(type, known)
    throw new UsageError(
      `There is no event type "${type}". ${near ? `Is it ${near}?` : `There are ${known.join(', ')}.`}`,
    )
  }
  return [...new Set(types)]
}

function laneOf(text: string): Lane {
  if (isLane(text)) return text
  throw new UsageError(`--max-priority is one of ${LANES.join(', ')}, not "${text}".`)
}

/** Of a key that was found somewhere it should not be, the key itself will do. */
function keyId(text: string): string {
  return /^slc_([0-9a-f]{12})_/.exec(text)?.[1] ?? text
}
