import * as events from '@sluice/events'
import { toIdentifier } from '../derive/definitions-list.ts'
import { RefusedError } from './errors.ts'

/** Words that cannot name a constant, and names that a definition or a service has already inside. */
const TAKEN = new Set([
  ...'await break case catch class const continue debugger default delete do else enum export extends false finally'.split(
    ' ',
  ),
  ...'for function if implements import in instanceof interface let new null package private protected public'.split(
    ' ',
  ),
  ...'return static super switch this throw true try typeof undefined var void while with yield eval arguments'.split(
    ' ',
  ),
  ...'buildEvent ctx describe event given handle it runConsumer z'.split(' '),
])

/** Folders, log files and processes that are no event type. `values` is the file of values beside the definitions. */
const OCCUPIED = new Set(['gateway', 'kafka', 'demo', 'values'])

/** Names that services share a space with: of other containers in docker-compose.yml, and of packages of the workspace. */
const NO_SERVICE = new Set(
  'topics prometheus grafana flood-guard flink-jobmanager flink-taskmanager flink-jobs client credentials decisions events operations rules schema-registry service telemetry template testing tools tests bench'.split(
    ' ',
  ),
)

/** What is known of the tree before something is added. */
export type KnownNames = { readonly types: readonly string[]; readonly services: readonly string[] }

/**
 * Checks the name of a new event type.
 * @throws RefusedError saying what is wrong with it
 */
export function checkTypeName(type: string, known: KnownNames): void {
  checkForm(type, 'event type', 'order-cancelled')
  if (known.types.includes(type)) {
    throw new RefusedError(
      `There is an event type "${type}" already: packages/events/src/definitions/${type}.ts. Nothing was changed.\n` +
        `  another service for it:  npm run new -- service <name> --type ${type}\n` +
        `  to undo it whole:        npm run new -- remove ${type}`,
    )
  }
  const identifier = toIdentifier(type)
  const same = known.types.find((other) => toIdentifier(other) === identifier)
  if (same !== undefined) {
    throw new RefusedError(
      `"${type}" and "${same}" would both be the constant ${identifier}. Choose another name.`,
    )
  }
  if (TAKEN.has(identifier) || identifier in events) {
    throw new RefusedError(
      `"${type}" would be the constant ${identifier}, which is a word of TypeScript or of Sluice. Add what it happened to: ${type === 'delete' ? 'order-deleted' : `order-${type}`}.`,
    )
  }
}

/**
 * Checks the name of a new service.
 * @throws RefusedError saying what is wrong with it
 */
export function checkServiceName(service: string, known: KnownNames): void {
  checkForm(service, 'service', 'order-archive')
  if (NO_SERVICE.has(service)) throw occupied(service, 'order-archive')
  if (known.services.includes(service)) {
    throw new RefusedError(
      `There is a service "${service}" already: services/${service}. Nothing was changed.\n  to undo it:  npm run new -- remove ${service}`,
    )
  }
}

/** Why a name is unusual for an event type, if it is. */
export function remarkOnTypeName(type: string): string | undefined {
  const words = type.split('-')
  const last = words.at(-1)!
  const participle = /(ed|en|wn|nt|ld|id|pt|lt|ft|de|ne|ght|un|um|it|ut|rt|ound|ost|ade|old|et|ead)$/.test(
    last,
  )
  if (words.length > 1 && participle) return undefined
  return `An event type is a noun and a past participle by convention, like order-cancelled; "${type}" is taken as it is.`
}

function checkForm(name: string, what: string, example: string): void {
  const { NAME_PATTERN, MAX_NAME_LENGTH } = events
  if (!NAME_PATTERN.test(name) || name.length > MAX_NAME_LENGTH) {
    throw new RefusedError(
      `"${name}" is no name for ${what === 'event type' ? 'an' : 'a'} ${what}: it must be kebab-case and at most ${MAX_NAME_LENGTH} characters, like ${example}.`,
    )
  }
  if (OCCUPIED.has(name)) throw occupied(name, example)
}

function occupied(name: string, example: string): RefusedError {
  return new RefusedError(`"${name}" is the name of a part of Sluice. Choose another, like ${example}.`)
}
