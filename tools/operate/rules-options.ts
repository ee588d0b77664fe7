import { type CatalogueEntry, RULES_TOPIC } from '@sluice/events'
import { INSTANT_FORMS } from '@sluice/operations'
import { parseCommandLine, UsageError } from '../command-line.ts'
import { type GatewayPlace, gatewayPlace } from './ask-gateway.ts'
import { instant, refuseOthers } from './option-values.ts'
import { requireEntry } from './tail-options.ts'

export type RulesCommand =
  | { readonly command: 'help' }
  | { readonly command: 'test'; readonly file: string; readonly json: boolean }
  | {
      readonly command: 'dry-run'
      readonly file: string
      /** What the events were judged by; absent: what is published, or else what the gateway comes with. */
      readonly against: string | undefined
      readonly since: number
      readonly types: readonly string[] | undefined
      readonly json: boolean
    }
  | ({ readonly command: 'show'; readonly json: boolean } & GatewayPlace)
  | ({
      readonly command: 'publish'
      readonly file: string
      readonly by: string
      readonly why: string
    } & GatewayPlace)
  | ({ readonly command: 'withdraw'; readonly by: string; readonly why: string } & GatewayPlace)

export const RULES_HELP = `Checks rules, tries them on real events, and puts them in force. See docs/rules.md.

  npm run rules -- test [<file>]         checks each rule against the schemas, and runs the tests beside it
  npm run rules -- dry-run [<file>]      what these rules would have done to the events that Kafka has of late
  npm run rules -- show                  what is in force at a gateway, and how often each rule matched there
  npm run rules -- publish [<file>]      in force at every gateway within a second, before their own file
  npm run rules -- withdraw              back to the file of each gateway

Without a file: RULES_FILE, or the rules.yaml that the gateway comes with.

  --since <time>     of a dry run, how far back: ${INSTANT_FORMS}; 1h without
  --type <type>      of a dry run, only this type; may be given more than once
  --against <file>   of a dry run, the rules to compare with; without, what is published in ${RULES_TOPIC}, or else the
                     rules.yaml that the gateway comes with
  --by <name>        who publishes or withdraws
  --why <text>       what for; both stand in /v1/rules and in the log of each gateway
  --gateway <url>    the admin port of any gateway (http://127.0.0.1:<ADMIN_PORT>, 9080 without)
  --json             prints JSON: of test, dry-run and show
  --help             this text

A dry run reads Kafka: KAFKA_BROKERS and so on, as for the services; without it that of npm start. To show, publish and
withdraw, ADMIN_TOKEN is what the gateway takes from operators. Ends with 0; with 1 if a rule or a test is wrong or it
failed, with 2 if the command cannot be followed.`

const SEE_HELP = 'npm run rules -- --help says what there is.'

/** @throws UsageError */
export function parseRulesCommand(
  args: readonly string[],
  context: {
    readonly now: number
    readonly entries: readonly CatalogueEntry[]
    readonly env: NodeJS.ProcessEnv
    /** The rules.yaml that the gateway comes with. */
    readonly ownFile: string
  },
): RulesCommand {
  const { values, positionals } = parseCommandLine(args, OPTIONS, RULES_HELP)
  if (values.help) return { command: 'help' }
  const { now, entries, env, ownFile } = context
  const [command, file = env['RULES_FILE'] || ownFile, ...rest] = positionals
  const { json } = values
  const refuse = (...allowed: readonly string[]) => refuseOthers(values, allowed, SEE_HELP)
  const takesFile = command === 'test' || command === 'dry-run' || command === 'publish'
  if (rest.length > 0 || (!takesFile && positionals.length > 1))
    throw new UsageError(`"${takesFile ? rest[0] : positionals[1]}" is too much. ${SEE_HELP}`)
  switch (command) {
    case 'test':
      refuse()
      return { command, file, json }
    case 'dry-run': {
      refuse('since', 'type', 'against')
      for (const type of values.type ?? []) requireEntry(entries, type)
      const since = instant('--since', values.since ?? '1h', now)
      return { command, file, against: values.against, since, types: values.type, json }
    }
    case 'show':
      refuse('gateway')
      return { command, json, ...place('What is in force is shown by a running gateway') }
    case 'publish':
      refuse('gateway', 'by', 'why')
      return { command, file, ...answerable(), ...place('Rules are published by a running gateway') }
    case 'withdraw':
      refuse('gateway', 'by', 'why')
      return { command, ...answerable(), ...place('Rules are withdrawn by a running gateway') }
    case undefined:
      throw new UsageError(`Say what to do.\n\n${RULES_HELP}`)
    default:
      throw new UsageError(`There is no "${command}". ${SEE_HELP}`)
  }

  function place(why: string): GatewayPlace {
    return gatewayPlace(values.gateway, env, why)
  }

  function answerable(): { by: string; why: string } {
    const { by, why } = values
    if (!by || !why) throw new UsageError(`Say who does it and what for: --by <name> --why "<text>".`)
    return { by, why }
  }
}

const OPTIONS = {
  since: { type: 'string' },
  type: { type: 'string', multiple: true },
  against: { type: 'string' },
  by: { type: 'string' },
  why: { type: 'string' },
  gateway: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const
