import { type ParseArgsConfig, parseArgs } from 'node:util'
import { RefusedError } from './errors.ts'
import { FIELD_TYPES } from './parse-fields.ts'

export const NEW_HELP = `Adds an event type or a service, whole, and proves it.

  npm run new -- event order-cancelled --fields orderId:string,amount:money,reason:late|lost
  npm run new -- event order-cancelled --from samples.json
  npm run new -- service order-archive --type order-placed
  npm run new -- remove order-cancelled

In a terminal it asks for what is not given; with -y it takes the defaults.

The data of an event, one of
  --fields <name:type,…>     ${FIELD_TYPES};
                             a|b|c for choices, [] for a list, ? for optional, |null
  --from <file.json>         one sample or an array of them: the schema is inferred; - reads stdin
  --schema <file.json>       JSON Schema; with --from the sample is the example

Of an event
  --key <field>              whose order counts, like customer.id (the first identifier)
  --lanes <a,b>              some of high, normal, low (high,normal)
  --priority <lane>          the default (normal)
  --retry <mode>             ordered: in place, the key waits; unordered: after delays (ordered)
  --retry-delays <5s,1m>     with unordered (5s,1m,10m)
  --service <name>           a second service beside the type's own; may be repeated
  --owner <team>             the team to ask (unassigned)
  --pii <field,…>            personal data, redacted wherever it is logged or shown; none for none (e-mail addresses)
  --retention <days>         how long Kafka keeps its events (7)

Of an event or a service
  --produces <type,…>        types that there are, or new ones that derive from it: refund-requested(orderId:string)
  --type <type>              what a new service reads

Always
  -y, --yes                  do not ask
  --dry-run                  show what would be done, write nothing
  --json                     one JSON line instead of text; does not ask
  --help                     this text

Whatever fails, the tree is as it was before. Ends with 1 then, with 2 when it was asked for something impossible.`

const TEXT = { type: 'string' } as const
const FLAG = { type: 'boolean', default: false } as const

const OPTIONS = {
  fields: TEXT,
  from: TEXT,
  schema: TEXT,
  key: TEXT,
  lanes: TEXT,
  priority: TEXT,
  retry: TEXT,
  'retry-delays': TEXT,
  produces: TEXT,
  service: { type: 'string', multiple: true },
  owner: TEXT,
  pii: TEXT,
  retention: TEXT,
  type: TEXT,
  yes: { ...FLAG, short: 'y' },
  'dry-run': FLAG,
  json: FLAG,
  help: { ...FLAG, short: 'h' },
} satisfies ParseArgsConfig['options']

const COMMON = ['yes', 'dry-run', 'json', 'help']
const ALLOWED: Readonly<Record<Command, readonly string[]>> = {
  event: [...Object.keys(OPTIONS).filter((name) => name !== 'type')],
  service: [...COMMON, 'type', 'produces'],
  remove: COMMON,
}

export type Command = 'event' | 'service' | 'remove'

/** The command line, read and not yet understood. `name` is absent where it is to be asked for. */
export type NewOptions = ReturnType<typeof parse>['values'] & {
  readonly command: Command
  readonly name: string | undefined
}

/**
 * Reads the command line of `npm run new`; `help` when that is all it asks for.
 * @throws RefusedError when it cannot be followed
 */
export function parseNewOptions(args: readonly string[]): NewOptions | 'help' {
  const { values, positionals } = parse(args)
  if (values.help) return 'help'
  const [command, name, ...more] = positionals
  if (command !== 'event' && command !== 'service' && command !== 'remove') {
    const what = command === undefined ? 'What is to be new?' : `There is no "${command}".`
    throw new RefusedError(
      `${what} npm run new -- event <type>, service <name> or remove <name>; --help says more.`,
    )
  }
  if (more.length > 0) throw new RefusedError(`"${more[0]}" is one name too many. ${SEE_HELP}`)
  const given = Object.keys(values).filter((flag) => values[flag as keyof typeof values] !== false)
  const wrong = given.find((flag) => !ALLOWED[command].includes(flag))
  if (wrong !== undefined) throw new RefusedError(`--${wrong} is not for "new ${command}". ${SEE_HELP}`)
  return { ...values, command, name }
}

const SEE_HELP = 'npm run new -- --help lists the options.'

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new RefusedError(`${(error as Error).message.split('. ')[0]}. ${SEE_HELP}`)
  }
}
