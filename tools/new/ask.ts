import { confirm, isCancel, multiselect, select, text } from '@clack/prompts'
import { type CatalogueEntry, LANES } from '@sluice/events'
import { RefusedError } from './errors.ts'
import { checkServiceName, checkTypeName } from './name.ts'
import type { NewOptions } from './options.ts'
import { FIELD_TYPES, parseFields } from './parse-fields.ts'
import { namesOf } from './plan-event.ts'

/** The user closed a question. Nothing was written. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError'
  readonly code = 'cancelled'
}

/** Asks for what the command line leaves open. An empty answer takes the default. */
export async function askForEvent(
  options: NewOptions,
  entries: readonly CatalogueEntry[],
): Promise<NewOptions> {
  const known = namesOf(entries)
  const name =
    options.name ?? (await ask('Event type', 'order-cancelled', (type) => checkTypeName(type, known)))
  const answers: Record<string, unknown> = {}
  if ((options.fields ?? options.from ?? options.schema) === undefined)
    Object.assign(answers, await askForData())
  answers['key'] = options.key ?? (await askFreely('Key: whose order counts', 'the first identifier'))
  const lanes = options.lanes ?? (await askForLanes()).join(',')
  answers['lanes'] = lanes
  answers['priority'] =
    options.priority ??
    (await choose('Default priority', lanes.split(','), lanes.includes('normal') ? 'normal' : undefined))
  answers['retry'] =
    options.retry ??
    (await choose('When handling fails', ['ordered', 'unordered'], 'ordered', {
      ordered: 'try again in place; the key waits',
      unordered: 'try again after 5 s, 1 m, 10 m; others pass',
    }))
  answers['produces'] = options.produces ?? (await askForOutputs(entries))
  const second =
    options.service ??
    (await askFreely('A second service for it', 'none', (service) => checkServiceName(service, known)))
  answers['service'] = typeof second === 'string' ? [second] : second
  answers['owner'] = options.owner ?? (await askFreely('Owner: the team to ask', 'unassigned'))
  answers['pii'] = options.pii ?? (await askFreely('Personal data: fields, or none', 'e-mail addresses'))
  answers['retention'] = options.retention ?? (await askFreely('Days that Kafka keeps its events', '7'))
  const given = Object.fromEntries(Object.entries(answers).filter(([, value]) => value !== undefined))
  return { ...options, name, ...given }
}

/** Asks for what the command line of a new service leaves open. */
export async function askForService(
  options: NewOptions,
  entries: readonly CatalogueEntry[],
): Promise<NewOptions> {
  const known = namesOf(entries)
  const name =
    options.name ?? (await ask('Service', 'order-archive', (service) => checkServiceName(service, known)))
  const type = options.type ?? (await choose('Reads', known.types))
  const produces = options.produces ?? (await askForOutputs(entries))
  return { ...options, name, type, ...(produces !== undefined && { produces }) }
}

/** A question of yes or no; no is what Enter says. */
export async function askWhether(message: string): Promise<boolean> {
  return answered(await confirm({ message, initialValue: false }))
}

async function askForData(): Promise<Record<string, string>> {
  const how = await choose('Data', ['fields', 'from', 'schema'], 'fields', {
    fields: 'name the fields',
    from: 'infer it from samples in a file',
    schema: 'from a JSON Schema',
  })
  if (how === 'fields') {
    return {
      fields: await ask(
        `Fields (${FIELD_TYPES})`,
        'orderId:string,amount:money,note:string?',
        (fields) => void parseFields(fields),
      ),
    }
  }
  return { [how]: await ask('File', './sample.json', () => {}) }
}

async function askForLanes(): Promise<string[]> {
  const options = LANES.map((lane) => ({ value: lane as string, label: lane }))
  const chosen = answered(
    await multiselect({ message: 'Lanes', options, initialValues: ['high', 'normal'], required: true }),
  )
  return LANES.filter((lane) => chosen.includes(lane))
}

async function askForOutputs(entries: readonly CatalogueEntry[]): Promise<string | undefined> {
  const derived = entries
    .filter(({ definition }) => definition.origin === 'derived')
    .map(({ definition }) => definition.type)
  return askFreely(`What follows from it (${derived.join(', ')}, or new names)`, 'nothing')
}

async function choose(
  message: string,
  values: readonly string[],
  initial?: string,
  hints: Readonly<Record<string, string>> = {},
): Promise<string> {
  const options = values.map((value) => ({
    value,
    label: value,
    ...(hints[value] !== undefined && { hint: hints[value] }),
  }))
  return answered(await select({ message, options, ...(initial !== undefined && { initialValue: initial }) }))
}

async function ask(message: string, placeholder: string, check: (answer: string) => void): Promise<string> {
  return answered(
    await text({ message, placeholder, validate: (answer) => complaint(answer?.trim() ?? '', check) }),
  ).trim()
}

async function askFreely(
  message: string,
  byDefault: string,
  check: (answer: string) => void = () => {},
): Promise<string | undefined> {
  const answer = answered(
    await text({
      message,
      placeholder: byDefault,
      validate: (given) => (given?.trim() ? complaint(given.trim(), check) : undefined),
    }),
  ).trim()
  return answer === '' ? undefined : answer
}

function complaint(answer: string, check: (answer: string) => void): string | undefined {
  try {
    if (answer === '') return 'This has no default.'
    check(answer)
    return undefined
  } catch (error) {
    if (error instanceof RefusedError) return error.message
    throw error
  }
}

function answered<Answer>(answer: Answer): Exclude<Answer, symbol> {
  if (!isCancel(answer)) return answer as Exclude<Answer, symbol>
  throw new CancelledError('Nothing was written.')
}
