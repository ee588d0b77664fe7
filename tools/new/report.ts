import { CATALOGUE } from './catalogue-line.ts'
import type { Change } from './change-tree.ts'
import { LOCKFILE } from './link-package.ts'
import type { Plan } from './plan-event.ts'
import type { RemovePlan } from './plan-remove.ts'
import type { TrialResult } from './round-trip.ts'

/** A changed file, for people and for `--json`. */
export type ChangedFile = { readonly path: string; readonly what: 'new' | 'changed' | 'removed' }

export function describeChanges(changes: readonly Change[]): ChangedFile[] {
  const shared = [CATALOGUE, LOCKFILE]
  return changes.map(({ path, text }) => ({
    path,
    what: text === undefined ? 'removed' : shared.includes(path) ? 'changed' : 'new',
  }))
}

/** What a dry run shows: the definitions and handlers in full, the rest by name. */
export function dryRunText({ changes, remarks }: Plan): string {
  const shown = changes.filter(({ path }) => path.includes('/definitions/') || path.endsWith('/handler.ts'))
  return [
    ...shown.map(({ path, text }) => `── ${path}\n${text}`),
    `Would write, and lay out with the formatter:\n${fileLines(changes)}`,
    ...remarks,
  ].join('\n')
}

/** What came of the round trip, in a line. */
export function trialText(result: TrialResult | undefined): string {
  if (result === undefined) return 'no Kafka runs here, so no event was sent through it'
  const topics = `${result.topics.length} topics created`
  if (!result.handled && result.where === 'kafka')
    return `${topics}; it takes up its work on Kafka (others read the type: no event was made up)`
  if (result.where === 'kafka')
    return `${topics}; an event was handled on Kafka, and the processes stopped again`
  const joined = result.joined.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ')
  if (!result.handled)
    return `${topics}; ${joined} runs with the others (they read the type on a given Kafka: no event was made up)`
  return `${topics}; ${joined} runs with the others and has handled its first event`
}

/** What was made, what a person should know, and three commands to go on with. */
export function createdText(plan: Plan, result: TrialResult | undefined, seconds: number): string {
  const [service] = plan.services as [string]
  const next = [
    `$EDITOR services/${service}/handler.ts`,
    `npx vitest run --project unit services/${service}`,
    thirdCommand(plan, result),
  ]
  return [
    '',
    fileLines(plan.changes),
    ...(plan.remarks.length === 0 ? [] : ['', ...plan.remarks]),
    '',
    'Next',
    ...next.map((command) => `  ${command}`),
    '',
    `${seconds} s`,
  ].join('\n')
}

/** What is gone, and what is left in Kafka. */
export function removedText(plan: RemovePlan, letGo: boolean): string {
  const gone = `Removed: ${describeRemoved(plan)}.${letGo ? ' The Sluice that runs here has let it go.' : ''}`
  if (plan.topics.length === 0) return gone
  return [
    gone,
    '',
    'These topics stay where they were created, with what is in them:',
    ...plan.topics.map((topic) => `  ${topic}`),
    "To delete one, with Kafka's own tool:",
    '  kafka-topics.sh --bootstrap-server 127.0.0.1:9092 --delete --topic <topic>',
    'A local Kafka is emptied whole by: npm start -- --reset',
  ].join('\n')
}

/** `event type order-cancelled, service order-cancelled`. */
export function describeRemoved({ types, services }: Pick<RemovePlan, 'types' | 'services'>): string {
  return [
    ...types.map((type) => `event type ${type}`),
    ...services.map((service) => `service ${service}`),
  ].join(', ')
}

export function fileLines(changes: readonly Change[]): string {
  return describeChanges(changes)
    .map(({ path, what }) => `  ${what.padEnd(8)} ${path}`)
    .join('\n')
}

function thirdCommand({ type, created, example }: Plan, result: TrialResult | undefined): string {
  if (result?.ingest === undefined) return 'npm start'
  if (!created.includes(type)) return `curl ${result.joined[0]?.admin}/metrics`
  const body = JSON.stringify({ type, data: example })
  if (body.length > LONGEST_BODY) return `curl ${result.ingest}/v1/types/${type}`
  const quoted = body.replaceAll("'", "'\\''")
  return `curl ${result.ingest}/v1/events -H 'content-type: application/json' -d '${quoted}'`
}

/** In a terminal; a longer example is better looked up. */
const LONGEST_BODY = 400
