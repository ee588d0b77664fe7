import { type EventDefinition, type JsonSchema, jsonSchemaOf, type Lane } from '@sluice/events'

/** What others rely on of a type, as it was released: data that can be kept in a file and compared. */
export type Release = {
  readonly type: string
  readonly version: number
  readonly origin: 'producer' | 'derived'
  readonly lanes: readonly Lane[]
  readonly key: KeyFacts
  readonly example: unknown
  readonly schema: JsonSchema
}

/** What can be seen of a key without reading its code. */
export type KeyFacts = {
  readonly ofExample: string
  /** JSON Pointers to the values of the example that it changes with. */
  readonly reads: readonly string[]
}

export function releaseOf(definition: EventDefinition): Release {
  const { type, version, origin, lanes, example } = definition
  return {
    type,
    version,
    origin,
    lanes,
    key: keyFacts(definition, example),
    example,
    schema: jsonSchemaOf(definition),
  }
}

/** @param example valid data of the definition, this version's or an earlier one's */
export function keyFacts(definition: EventDefinition, example: unknown): KeyFacts {
  const ofExample = definition.key(example)
  const reads = leavesOf(example).filter((path) => definition.key(changeLeaf(example, path)) !== ofExample)
  return { ofExample, reads: reads.map(toPointer) }
}

type Path = readonly string[]

/** To each value that is no object and no array. */
function leavesOf(value: unknown): Path[] {
  if (typeof value !== 'object' || value === null) return [[]]
  return Object.entries(value).flatMap(([name, member]) => leavesOf(member).map((path) => [name, ...path]))
}

/** A copy in which one value is another one of its kind. */
function changeLeaf(example: unknown, path: Path): unknown {
  const [name, ...rest] = path
  if (name !== undefined) {
    const copy = structuredClone(example) as Record<string, unknown>
    copy[name] = changeLeaf(copy[name], rest)
    return copy
  }
  if (typeof example === 'number') return example + 1
  return typeof example === 'boolean' ? !example : `${example}x`
}

/** RFC 6901. */
function toPointer(path: Path): string {
  return path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
