import { isDeepStrictEqual } from 'node:util'
import type { EventDefinition } from '@sluice/events'
import { findRefusals, type Refusal } from './find-refusals.ts'
import { keyFacts, type Release, releaseOf } from './release.ts'

/** A change of what was released, and whom it breaks. */
export type Finding = {
  readonly type: string
  /** JSON Pointer into the data, `*` for every element or member; empty where it is about the type as a whole. */
  readonly pointer: string
  /** `breaking`: must not be released. `notice`: may be, in the right order. */
  readonly severity: 'breaking' | 'notice'
  readonly breaks: readonly Party[]
  readonly change: string
  /** What to do. */
  readonly todo: string
}

/** Producers post events, or services derive them. Consumers read them, also those that were stored before. */
export type Party = 'producers' | 'consumers'

/**
 * What changed in the definitions since they were released, for the worse. A type that was never released may be anything.
 * Without a breaking finding, whatever was valid is valid. Without any, readers of the released version also take what is
 * written now, as consumers read it: letting unknown fields through.
 */
export function compareReleases(
  releases: readonly Release[],
  definitions: readonly EventDefinition[],
): Finding[] {
  return releases.flatMap((released) => {
    const definition = definitions.find(({ type }) => type === released.type)
    if (definition === undefined) return [removed(released, definitions)]
    const found = [
      ...compareOrigin(released, definition),
      ...compareLanes(released, definition),
      ...compareKey(released, definition),
      ...compareData(released, definition),
    ]
    return [...found, ...compareVersion(released, definition)]
  })
}

function removed({ type, schema }: Release, definitions: readonly EventDefinition[]): Finding {
  const { $id: _, ...data } = schema
  const heir = definitions.find((one) => {
    const { $id, ...other } = releaseOf(one).schema
    return isDeepStrictEqual(data, other)
  })
  return breaking(
    { type, pointer: '' },
    ['producers', 'consumers'],
    heir ? `The type is gone; it looks renamed to ${heir.type}.` : 'The type is gone.',
    `Keep it beside its successor until nobody posts it and its events are past their retention; then delete ${releasePath(type)}.`,
  )
}

/** Where a release is kept, from the root. */
export function releasePath(type: string): string {
  return `packages/events/released/${type}.json`
}

function compareOrigin({ type, origin }: Release, definition: EventDefinition): Finding[] {
  if (origin === definition.origin) return []
  const at = { type, pointer: '' }
  return definition.origin === 'derived'
    ? [
        breaking(
          at,
          ['producers'],
          'Producers may no longer post it: it is derived now.',
          'Make the derived one a new type.',
        ),
      ]
    : [
        breaking(
          at,
          ['consumers'],
          'Anybody may post it now: it was derived by services alone.',
          'Make the posted one a new type.',
        ),
      ]
}

function compareLanes({ type, lanes }: Release, definition: EventDefinition): Finding[] {
  const at = { type, pointer: '' }
  const gone = lanes.filter((lane) => !definition.lanes.includes(lane))
  const added = definition.lanes.filter((lane) => !lanes.includes(lane))
  return [
    ...gone.map((lane) =>
      breaking(
        at,
        ['consumers'],
        `The lane ${lane} is gone: what waits in its topic is read by nobody.`,
        'Keep the lane, and lower defaultPriority or the rules instead.',
      ),
    ),
    ...(added.length > 0 && lanes.length === 1
      ? [
          breaking(
            at,
            ['consumers'],
            `It has a second lane, ${added.join(' and ')}: events of one key no longer keep their order.`,
            'Keep the one lane, or make a new type.',
          ),
        ]
      : added.map((lane) =>
          notice(
            at,
            `It has the lane ${lane}, too.`,
            'Run npm run topics, and deploy the services before the gateway.',
          ),
        )),
  ]
}

/** The key's function may change as long as nobody can tell: what it reads, and what it makes of the released example. */
function compareKey({ type, key, example }: Release, definition: EventDefinition): Finding[] {
  // Of data that is not valid any more a key may be anything, or throw; that is said elsewhere.
  if (definition.validateStored(example)) return []
  const now = keyFacts(definition, example)
  if (isDeepStrictEqual(now, key)) return []
  const words = (facts: typeof key) =>
    `"${facts.ofExample}" of the example${facts.reads.length > 0 ? `, from ${facts.reads.join(' and ')}` : ''}`
  return [
    breaking(
      { type, pointer: now.reads[0] ?? '' },
      ['consumers'],
      `The key is another one: it was ${words(key)}, and is ${words(now)}. Events of one key are in two partitions then, in no order.`,
      'Keep the key, or make a new type.',
    ),
  ]
}

function compareData({ type, schema }: Release, definition: EventDefinition): Finding[] {
  const now = releaseOf(definition).schema
  const refused = findRefusals(now, schema, 'refused')
  const byOlder = findRefusals(schema, now, 'kept')
  const places = (refusals: readonly Refusal[]) => new Set(refusals.map(({ pointer }) => pointer))
  const broken = places(refused)
  // Stored events are read anew when they are replayed; new ones by services of the released version.
  const forConsumers = places([...findRefusals(now, schema, 'kept'), ...byOlder])
  return [
    ...refused.map((refusal) => {
      const { pointer } = refusal
      const breaks: Party[] = forConsumers.has(pointer) ? ['producers', 'consumers'] : ['producers']
      return breaking({ type, pointer }, breaks, ...narrowed(refusal))
    }),
    ...byOlder
      .filter(({ pointer }) => !broken.has(pointer))
      .map((refusal) =>
        notice(
          { type, pointer: refusal.pointer },
          widened(refusal),
          'Deploy the services before the gateway: until then this is a dead letter to them.',
        ),
      ),
  ]
}

/** What changed, and what to do, where what was sent is refused now. */
function narrowed({ kind, sent, taken }: Refusal): [change: string, todo: string] {
  switch (kind) {
    case 'unknown-field':
      return [
        'The field is gone, or has another name.',
        'Keep it, optional, until nobody sends it: unknown fields are refused.',
      ]
    case 'required':
      return ['The field is required now.', 'Make it optional; what needs it always is a new type.']
    case 'type':
      return [`It was ${sent}, and is ${taken}.`, 'Keep it, and add an optional field for what is new.']
    case 'value':
      return [`It was ${sent}; what is taken now is ${taken}.`, 'Keep taking what was taken.']
    case 'bound':
      return [`It was ${sent}, and is ${taken}.`, 'Leave it as wide as it was.']
    case 'pattern':
      return [
        `It was ${sent}, and is ${taken}.`,
        'Keep it; whether a pattern takes all that another took is not told.',
      ]
    case 'not-compared':
      return [
        `It was ${sent}, and is ${taken}, which is not compared.`,
        'Keep it as it was, or make a new type.',
      ]
  }
}

/** What changed where what may be sent now was refused. */
function widened({ kind, sent, taken }: Refusal): string {
  if (kind === 'required') return 'The field may be missing now.'
  return `It may be ${sent} now, and was ${taken}.`
}

function compareVersion(released: Release, definition: EventDefinition): Finding[] {
  const { type, version } = released
  const at = { type, pointer: '' }
  if (definition.version > version) return []
  const path = `packages/events/src/definitions/${type}.ts`
  if (definition.version < version) {
    return [
      breaking(
        at,
        ['producers', 'consumers'],
        `The version went back from ${version} to ${definition.version}.`,
        `Set version: ${version + 1} in ${path}.`,
      ),
    ]
  }
  const { example: _, ...now } = releaseOf(definition)
  const { example: __, ...before } = released
  // The key's facts are those of the example, which may change at any time.
  if (isDeepStrictEqual({ ...now, key: before.key }, before)) return []
  return [
    breaking(
      at,
      ['consumers'],
      `It changed, and is still version ${version}: an event's dataschema does not say which it follows.`,
      `Set version: ${version + 1} in ${path}.`,
    ),
  ]
}

type Place = { readonly type: string; readonly pointer: string }

function breaking(place: Place, breaks: readonly Party[], change: string, todo: string): Finding {
  return { ...place, severity: 'breaking', breaks, change, todo }
}

function notice(place: Place, change: string, todo: string): Finding {
  return { ...place, severity: 'notice', breaks: ['consumers'], change, todo }
}
