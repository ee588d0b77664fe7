import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CatalogueEntry, LANES, type Lane, listServices, retryDelayMs } from '@sluice/events'
import { definitionsList } from '../derive/definitions-list.ts'
import { addLine, CATALOGUE, changeLine } from './catalogue-line.ts'
import type { Change } from './change-tree.ts'
import { checkSamples, checkShape, toSchema } from './check-shape.ts'
import { RefusedError } from './errors.ts'
import { chooseKey, findKey, findPersonalData, type Key, makeUp, toPointers } from './field-paths.ts'
import { type DefinitionWish, definitionFile, type ServiceWish, serviceFiles } from './from-template.ts'
import { inferShape } from './infer-shape.ts'
import { LOCKFILE, lockServices } from './link-package.ts'
import { checkServiceName, checkTypeName, type KnownNames, remarkOnTypeName } from './name.ts'
import { parseFields } from './parse-fields.ts'
import { planOutputs } from './plan-outputs.ts'
import { readJsonSchema } from './read-json-schema.ts'
import { exampleOf, type ObjectShape } from './shape.ts'

/** What was asked for, as text; what is left out has a default, but for the data. */
export type EventWish = {
  readonly type: string
  readonly fields?: string | undefined
  /** Samples as they were read, and where from. */
  readonly samples?: { readonly from: string; readonly data: readonly unknown[] } | undefined
  readonly schema?: unknown
  readonly key?: string | undefined
  readonly lanes?: string | undefined
  readonly priority?: string | undefined
  readonly retry?: string | undefined
  readonly retryDelays?: string | undefined
  readonly produces?: string | undefined
  /** Of services beside the type's own. */
  readonly services?: readonly string[] | undefined
  readonly owner?: string | undefined
  /** `none` for none; e-mail addresses by default. */
  readonly pii?: string | undefined
  readonly retentionDays?: string | undefined
}

/** What will be done, whole. */
export type Plan = {
  /** The type that gets something. */
  readonly type: string
  readonly services: readonly string[]
  /** Types that are new. */
  readonly created: readonly string[]
  /** Types that the services produce, new or not. */
  readonly outputs: readonly string[]
  /** Valid data of the type. */
  readonly example: unknown
  readonly changes: readonly Change[]
  /** What a person should know. */
  readonly remarks: readonly string[]
}

/**
 * Plans a new event type: definition, line of the catalogue, services, and what follows from their folders.
 * @throws RefusedError where it cannot be done as it was asked
 */
export function planEvent(root: string, entries: readonly CatalogueEntry[], wish: EventWish): Plan {
  const known = namesOf(entries)
  checkTypeName(wish.type, known)
  const services = [wish.type, ...(wish.services ?? [])]
  services.forEach((service, index) => {
    checkServiceName(service, { ...known, services: [...known.services, ...services.slice(0, index)] })
  })
  const shape = readShape(wish)
  const schema = toSchema(shape)
  checkAccepts(schema, wish)
  const key = readKey(shape, wish.key)
  const pii = readPersonalData(shape, wish.pii)
  const example = chooseExample(shape, schema, pii, wish)
  const definition: DefinitionWish = {
    type: wish.type,
    origin: 'producer',
    owner: readOwner(wish.owner),
    shape,
    key,
    ...readLanes(wish.lanes, wish.priority),
    ...readRetry(wish.retry, wish.retryDelays),
    retentionDays: readDays(wish.retentionDays),
    pii,
    example,
  }
  const {
    outputs,
    created,
    remarks: ofOutputs,
  } = planOutputs(
    wish.produces ?? '',
    { schema, example, key, pii },
    definition,
    entries.map((entry) => entry.definition),
    { ...known, types: [...known.types, wish.type] },
  )
  const all = [definition, ...created]
  const written = [
    ...all.map((one) => definitionFile(root, one)),
    ...services.flatMap((service) => serviceFiles(root, { service, type: wish.type, outputs })),
  ]
  const catalogue = all.reduce(
    (source, { type }) => addLine(source, type, type === wish.type ? services : []),
    readFileSync(join(root, CATALOGUE), 'utf8'),
  )
  const remarks = [
    ...ofOutputs,
    ...all.flatMap(({ type }) => remarkOnTypeName(type) ?? []),
    ...(pii.length === 0
      ? []
      : [`Personal data, redacted wherever it is logged or shown: ${pii.join(', ')}.`]),
    ...(pii.includes(`/${key.path.join('/')}`)
      ? ['The key is personal data: it stands in the clear as the key of each Kafka record.']
      : []),
    ...(wish.samples === undefined
      ? []
      : [
          `The example is a real sample from ${wish.samples.from}, with made-up values for what is called personal alone: read it in packages/events/src/definitions/${wish.type}.ts before you commit it.`,
        ]),
  ]
  return {
    type: wish.type,
    services,
    example,
    created: all.map(({ type }) => type),
    outputs: outputs.map(({ type }) => type),
    changes: [...written, { path: CATALOGUE, text: catalogue }, lockChange(root, { add: services })],
    remarks,
  }
}

/**
 * Plans another service for a type that there is.
 * @throws RefusedError where it cannot be done as it was asked
 */
export function planService(
  root: string,
  entries: readonly CatalogueEntry[],
  wish: { readonly service: string; readonly type: string; readonly produces?: string | undefined },
): Plan {
  const known = namesOf(entries)
  const entry = entries.find(({ definition }) => definition.type === wish.type)
  if (entry === undefined) {
    throw new RefusedError(`There is no event type "${wish.type}". There are ${known.types.join(', ')}.`)
  }
  checkServiceName(wish.service, known)
  const { definition } = entry
  const example = definition.example as Readonly<Record<string, unknown>>
  const {
    outputs,
    created,
    remarks: ofOutputs,
  } = planOutputs(
    wish.produces ?? '',
    { schema: definition.data, example, key: keyOf(entry), pii: definition.pii },
    definition,
    entries.map((one) => one.definition),
    known,
  )
  const service: ServiceWish = { service: wish.service, type: wish.type, outputs }
  const lines = created.reduce(
    (source, { type }) => addLine(source, type, []),
    changeLine(readFileSync(join(root, CATALOGUE), 'utf8'), wish.type, [...entry.services, wish.service]),
  )
  return {
    type: wish.type,
    services: [wish.service],
    example,
    created: created.map(({ type }) => type),
    outputs: outputs.map(({ type }) => type),
    changes: [
      ...created.map((one) => definitionFile(root, one)),
      ...serviceFiles(root, service),
      { path: CATALOGUE, text: lines },
      lockChange(root, { add: [wish.service] }),
    ],
    remarks: [...ofOutputs, ...created.flatMap(({ type }) => remarkOnTypeName(type) ?? [])],
  }
}

/** The list of definitions as the folder is now. Made first after the changes: everything imports it. */
export function listChange(root: string): Change {
  return definitionsList(root)
}

/** What a service's folder is in pnpm's lockfile. */
export function lockChange(root: string, change: Parameters<typeof lockServices>[1]): Change {
  return { path: LOCKFILE, text: lockServices(readFileSync(join(root, LOCKFILE), 'utf8'), change) }
}

export function namesOf(entries: readonly CatalogueEntry[]): KnownNames {
  return {
    types: entries.map(({ definition }) => definition.type),
    services: listServices(entries).map(({ service }) => service),
  }
}

function readShape({ fields, samples, schema }: EventWish): ObjectShape {
  if (fields !== undefined && (samples ?? schema) !== undefined) {
    throw new RefusedError('Give the data by --fields, or by --from and --schema, not both.')
  }
  if (fields !== undefined) return checkShape(parseFields(fields))
  if (samples !== undefined) checkSamples(samples.data, samples.from)
  if (schema !== undefined) return checkShape(readJsonSchema(schema))
  if (samples !== undefined) return checkShape(inferShape(samples.data))
  throw new RefusedError(
    'What is the data? Give --fields orderId:string,amount:money or --from sample.json or --schema file.json.',
  )
}

/** The schema is what is judged in the end: whatever was inferred, each sample has to pass. */
function checkAccepts(schema: ReturnType<typeof toSchema>, { samples }: EventWish): void {
  samples?.data.forEach((sample, index) => {
    const [issue] = schema.safeParse(sample).error?.issues ?? []
    if (issue === undefined) return
    throw new RefusedError(
      `The schema does not take sample ${index + 1} of ${samples.from}: /${issue.path.join('/')}: ${issue.message}`,
    )
  })
}

function readKey(shape: ObjectShape, text: string | undefined): Key {
  const key = text === undefined || text === '' ? chooseKey(shape) : findKey(shape, text)
  if (key === undefined) {
    throw new RefusedError(
      'No field can be the key: a string or a whole number that every event has. Add an identifier.',
    )
  }
  return key
}

/** The example's key, for a type whose key is a function: any field that has its value, or else any. */
function keyOf({ definition }: CatalogueEntry): Key {
  const value = definition.key(definition.example)
  const shape = inferShape([definition.example]) as ObjectShape
  const keys = [...pathsOf(shape)].filter(
    (path) =>
      String(
        path.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], definition.example),
      ) === value,
  )
  const path = keys[0]
  if (path === undefined)
    throw new RefusedError(
      `${definition.type} has a key that is no field of it: name the fields of each new output in brackets.`,
    )
  return { path, shape: { kind: 'value', name: 'Id' } }
}

function* pathsOf(shape: ObjectShape, at: readonly string[] = []): Generator<readonly string[]> {
  for (const { name, shape: inside } of shape.fields) {
    if (inside.kind === 'object') yield* pathsOf(inside, [...at, name])
    else yield [...at, name]
  }
}

function readPersonalData(shape: ObjectShape, text: string | undefined): string[] {
  if (text === 'none') return []
  if (text === undefined || text === '') return findPersonalData(shape)
  return toPointers(shape, split(text))
}

/** The smallest sample, with what is personal made up; or one that is made up whole. */
function chooseExample(
  shape: ObjectShape,
  schema: ReturnType<typeof toSchema>,
  pii: readonly string[],
  { samples }: EventWish,
): Record<string, unknown> {
  const sizes = samples?.data.map((data) => ({ data, size: JSON.stringify(data).length })) ?? []
  const smallest = sizes.toSorted((a, b) => a.size - b.size)[0]
  const example = smallest === undefined ? exampleOf(shape) : makeUp(shape, smallest.data, pii)
  if (schema.safeParse(example).success) return example as Record<string, unknown>
  throw new RefusedError(
    'No example could be made up that the schema takes. Give one too: --from example.json',
  )
}

function readOwner(owner: string | undefined): string {
  const name = owner?.trim() ?? ''
  if (name === '') return 'unassigned'
  if (/[\n\r|]/.test(name))
    throw new RefusedError('--owner is the name of a team, on one line and without "|".')
  return name
}

function readLanes(
  lanes: string | undefined,
  priority: string | undefined,
): { lanes: Lane[]; defaultPriority: Lane } {
  const names = split(lanes || 'high,normal')
  const unknown = names.find((name) => !LANES.includes(name as Lane))
  if (unknown !== undefined)
    throw new RefusedError(`--lanes are some of ${LANES.join(', ')}; there is no "${unknown}".`)
  const chosen = LANES.filter((lane) => names.includes(lane))
  const wanted = priority || (chosen.includes('normal') ? 'normal' : chosen[0]!)
  if (!chosen.includes(wanted as Lane)) {
    throw new RefusedError(`--priority must be one of the lanes, ${chosen.join(', ')}, not "${wanted}".`)
  }
  return { lanes: chosen, defaultPriority: wanted as Lane }
}

function readRetry(
  retry: string | undefined,
  delays: string | undefined,
): Pick<DefinitionWish, 'retry' | 'retryDelays'> {
  const mode = retry || (delays ? 'unordered' : 'ordered')
  if (mode !== 'ordered' && mode !== 'unordered')
    throw new RefusedError(`--retry is ordered or unordered, not "${mode}".`)
  if (!delays) return { retry: mode, retryDelays: mode === 'ordered' ? [] : ['5s', '1m', '10m'] }
  if (mode === 'ordered') throw new RefusedError('--retry-delays need --retry unordered.')
  const wrong = split(delays).find((delay) => Number.isNaN(retryDelayMs(delay)))
  if (wrong !== undefined) throw new RefusedError(`--retry-delays are like 5s,1m,10m; "${wrong}" is none.`)
  return { retry: mode, retryDelays: split(delays) }
}

function readDays(text: string | undefined): number {
  if (text === undefined || text === '') return 7
  const days = Number(text.replace(/d$/, ''))
  if (Number.isInteger(days) && days >= 1 && days <= 3650) return days
  throw new RefusedError(`--retention is a number of days from 1 to 3650, not "${text}".`)
}

function split(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
