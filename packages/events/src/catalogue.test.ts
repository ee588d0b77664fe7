import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { catalogue, listServices, PARTITIONS_PER_TYPE, planTopics } from './catalogue.ts'
import { jsonSchemaOf } from './json-schema.ts'

const SERVICES = join(import.meta.dirname, '../../../services')
const DEFINITIONS = join(import.meta.dirname, 'definitions')
const definitions = catalogue.map(({ definition }) => definition)
const planned = planTopics(catalogue)

describe('the catalogue', () => {
  it('names each type once', () => {
    const types = definitions.map(({ type }) => type)
    expect(new Set(types).size).toBe(types.length)
  })

  it('holds every definition file, and each file is named after its type', () => {
    const files = readdirSync(DEFINITIONS).filter((file) => file !== 'values.ts')
    expect(definitions.map(({ type }) => `${type}.ts`).sort()).toEqual(files.sort())
  })

  it('gives every type that producers post a service, or its events would end nowhere', () => {
    for (const { definition, services } of catalogue) {
      if (definition.origin === 'producer') expect(services, definition.type).not.toEqual([])
    }
  })

  it('names only services that exist', () => {
    for (const { service } of listServices(catalogue)) {
      expect(existsSync(join(SERVICES, service, 'main.ts')), service).toBe(true)
    }
  })

  it('names every service folder but the gateway', () => {
    const folders = readdirSync(SERVICES).filter((folder) => folder !== 'gateway')
    expect(
      listServices(catalogue)
        .map(({ service }) => service)
        .sort(),
    ).toEqual(folders.sort())
  })

  it('gives two services never the same name: it is the consumer group', () => {
    const services = listServices(catalogue).map(({ service }) => service)
    expect(new Set(services).size).toBe(services.length)
  })
})

describe.each(definitions.map((definition) => [definition.type, definition] as const))(
  'the definition of %s',
  (_type, definition) => {
    it('has an example that the gateway takes, with a key', () => {
      expect(definition.validate(definition.example)).toBeUndefined()
      expect(definition.key(definition.example)).toMatch(/\S/)
    })

    it('judges data as its schema does, whatever is changed in the example', () => {
      const path = fc.constantFrom(...pathsWithin(definition.example))
      const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(0, 1, -1, 1.5, 2 ** 53, '', 'x'))
      fc.assert(
        fc.property(path, fc.string({ maxLength: 3 }), value, ([...into], name, replacement) => {
          const data = structuredClone(definition.example)
          const last = into.pop() ?? name
          const parent = into.reduce((at, step) => (at as Record<string, unknown>)[step], data as unknown)
          ;(parent as Record<string, unknown>)[last] = replacement
          expect(definition.validate(data) === undefined).toBe(definition.data.safeParse(data).success)
        }),
      )
    })

    it('is strict at every depth, with no default and no transform', () => {
      // Throws where a schema does not describe plain JSON, and so for every transform.
      const schema = jsonSchemaOf(definition)
      for (const part of schemasWithin(schema)) {
        expect(part).not.toHaveProperty('default')
        if ('properties' in part) expect(part).toHaveProperty('additionalProperties', false)
      }
    })

    it('names personal data only where its schema has a field', () => {
      const schema = jsonSchemaOf(definition)
      for (const pointer of definition.pii) {
        expect(isInSchema(schema, pointer.slice(1).split('/'), schema), pointer).toBe(true)
      }
    })

    it('lists its lanes most urgent first, as everything that is derived from it shows them', () => {
      const order = ['high', 'normal', 'low']
      expect(definition.lanes).toEqual(order.filter((lane) => definition.lanes.includes(lane as never)))
    })
  },
)

describe('planTopics', () => {
  it('plans no topic twice', () => {
    expect(new Set(planned.map(({ topic }) => topic)).size).toBe(planned.length)
  })

  it('plans a topic for each lane of each type, all of a type with as many partitions', () => {
    for (const { type, lanes } of definitions) {
      const ofType = planned.filter(({ topic, kind }) => kind === 'lane' && topic.split('.')[1] === type)
      expect(ofType.map(({ topic }) => topic)).toEqual(lanes.map((lane) => `events.${type}.${lane}`))
      expect(new Set(ofType.map(({ partitions }) => partitions))).toEqual(new Set([PARTITIONS_PER_TYPE]))
    }
  })

  it('plans one dead-letter topic of one partition for each service, kept longer than the events', () => {
    const deadLetters = planned.filter(({ kind }) => kind === 'dead-letter')
    expect(deadLetters.map(({ topic }) => topic)).toEqual(
      listServices(catalogue).map(({ service, type }) => `events.${type}.${service}.dlq`),
    )
    expect(new Set(deadLetters.map(({ partitions }) => partitions))).toEqual(new Set([1]))
    const lane = planned.find(({ kind }) => kind === 'lane')
    expect(deadLetters[0]!.retentionMs).toBeGreaterThan(lane!.retentionMs)
  })

  it('keeps a copy longer than it waits, however short its events are kept', () => {
    const [{ definition }] = catalogue.filter(({ definition }) => definition.type === 'order-placed') as [
      (typeof catalogue)[number],
    ]
    const retried = {
      ...definition,
      retentionDays: 1,
      retry: 'unordered',
      retryDelays: ['10m', '48h'],
    } as const
    const days = planTopics([{ definition: retried, services: ['one'] }])
      .filter(({ kind }) => kind === 'retry')
      .map(({ retentionMs }) => retentionMs / 86_400_000)
    expect(days).toEqual([2, 3])
  })

  it('plans retry topics for types that are retried out of order, one for each service and delay', () => {
    const [{ definition }] = catalogue as [(typeof catalogue)[number]]
    const unordered = { ...definition, retry: 'unordered', retryDelays: ['5s', '1m'] } as const
    const ofKind = (retried: typeof definition) =>
      planTopics([{ definition: retried, services: ['one', 'two'] }]).filter(({ kind }) => kind === 'retry')
    expect(ofKind(definition)).toEqual([])
    expect(ofKind(unordered).map(({ topic, partitions }) => [topic, partitions])).toEqual([
      ['events.order-placed.one.retry.5s', PARTITIONS_PER_TYPE],
      ['events.order-placed.one.retry.1m', PARTITIONS_PER_TYPE],
      ['events.order-placed.two.retry.5s', PARTITIONS_PER_TYPE],
      ['events.order-placed.two.retry.1m', PARTITIONS_PER_TYPE],
    ])
  })

  it('plans the topic of the outcomes only where books are kept', () => {
    const outcomes = (options?: { outcomes?: boolean }) =>
      planTopics(catalogue, options).filter(({ kind }) => kind === 'outcomes')
    expect(outcomes()).toEqual([])
    expect(outcomes({ outcomes: true })).toMatchObject([{ topic: 'events.outcomes' }])
  })

  it('plans the topic of rejected events where they are kept, bounded by time and size', () => {
    const rejected = (options?: { quarantine?: boolean }) =>
      planTopics(catalogue, options).filter(({ kind }) => kind === 'rejected')
    expect(rejected()).toEqual([])
    const [plan] = rejected({ quarantine: true })
    expect(plan).toMatchObject({ topic: 'events.rejected', partitions: 1, retentionMs: 14 * 86_400_000 })
    expect(plan!.retentionBytes).toBeGreaterThan(0)
  })

  it('plans the control topics compacted, rules for ever and decisions longer than any holds', () => {
    const control = planTopics(catalogue, { control: true }).filter(({ kind }) => kind === 'control')
    expect(control).toMatchObject([
      { topic: 'control.rules', partitions: 1, compacted: true, retentionMs: -1 },
      { topic: 'control.decisions', partitions: 1, compacted: true },
    ])
    expect(control[1]!.retentionMs).toBeGreaterThan(31 * 86_400_000)
    expect(planned.filter(({ kind }) => kind === 'control')).toEqual([])
  })

  it('plans where the flood guard puts what it cannot read', () => {
    const letters = planTopics([], { control: true }).filter(({ kind }) => kind === 'dead-letter')
    expect(letters).toMatchObject([{ topic: 'streams.flood-guard.dlq', partitions: 1 }])
    expect(planTopics([])).toEqual([])
  })

  it('keeps events as long as the definition says, and dead letters no shorter', () => {
    const [{ definition }] = catalogue as [(typeof catalogue)[number]]
    const daysOf = (retentionDays: number) =>
      planTopics([{ definition: { ...definition, retentionDays }, services: ['one'] }]).map(
        ({ kind, retentionMs }) => `${kind} ${retentionMs / 86_400_000}`,
      )
    expect(daysOf(2)).toEqual(['lane 2', 'lane 2', 'dead-letter 30'])
    expect(daysOf(90)).toEqual(['lane 90', 'lane 90', 'dead-letter 90'])
  })

  it('plans topics of two services that read one type', () => {
    const [{ definition }] = catalogue as [(typeof catalogue)[number]]
    const topics = planTopics([{ definition, services: ['one', 'two'] }]).map(({ topic }) => topic)
    expect(topics).toEqual([
      'events.order-placed.high',
      'events.order-placed.normal',
      'events.order-placed.one.dlq',
      'events.order-placed.two.dlq',
    ])
  })
})

/** To everything in a value; the empty path is for a member that it does not have yet. */
function pathsWithin(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]]
  return [
    [],
    ...Object.entries(value).flatMap(([name, member]) => pathsWithin(member).map((path) => [name, ...path])),
  ]
}

function schemasWithin(schema: unknown): object[] {
  if (typeof schema !== 'object' || schema === null) return []
  return [schema, ...Object.values(schema).flatMap(schemasWithin)]
}

/** Whether a pointer of `pii` leads to a field that the JSON Schema describes. */
function isInSchema(schema: unknown, [step, ...rest]: readonly string[], root: unknown): boolean {
  if (step === undefined) return true
  if (typeof schema !== 'object' || schema === null) return false
  const { properties, items, additionalProperties, anyOf, $ref } = schema as Record<string, unknown>
  const { $defs } = root as { $defs?: Record<string, unknown> }
  const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
  const inside = [
    step === '*' ? [items, additionalProperties] : [(properties as Record<string, unknown>)?.[name]],
    step === '*' && properties ? Object.values(properties) : [],
  ].flat()
  const same = [
    ...((anyOf as unknown[]) ?? []),
    ...(typeof $ref === 'string' ? [$defs?.[$ref.slice(8)]] : []),
  ]
  return (
    inside.some((part) => part !== undefined && isInSchema(part, rest, root)) ||
    same.some((part) => isInSchema(part, [step, ...rest], root))
  )
}
