import {
  type CatalogueEntry,
  dataSchemaOf,
  type EventDefinition,
  type JsonSchema,
  jsonSchemaOf,
  LANES,
} from '@sluice/events'
import { MAX_LENGTH } from '../body/attributes.ts'

/** The name of a type's data among the schemas of a document; its type is taken for names as it is. */
export const dataName = (type: string): string => type
export const eventName = (type: string): string => `${type}.cloudevent`
export const bareName = (type: string): string => `${type}.bare`

export function refTo(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}

/** The data of each type, by name; in documents that say themselves which draft of JSON Schema they speak. */
export function dataSchemas(
  entries: readonly CatalogueEntry[],
  target: 'draft-2020-12' | 'draft-7',
): Record<string, JsonSchema> {
  return Object.fromEntries(
    entries.map(({ definition }) => {
      const { $schema: _, ...schema } = jsonSchemaOf(definition, target)
      return [dataName(definition.type), schema]
    }),
  )
}

/** What may be posted: each type as a CloudEvent and in the bare form, and what is one of these. */
export function postedSchemas(entries: readonly CatalogueEntry[]): Record<string, JsonSchema> {
  const types = entries.map(({ definition }) => definition.type)
  return {
    ...dataSchemas(entries, 'draft-2020-12'),
    ...Object.fromEntries(
      entries.flatMap(({ definition }) => [
        [eventName(definition.type), cloudEventOf(definition)],
        [bareName(definition.type), bareEventOf(definition)],
      ]),
    ),
    CloudEvent: oneOfTypes(types, eventName),
    BareEvent: oneOfTypes(types, bareName),
    Data: {
      description: 'The data of an event, as its type says.',
      anyOf: types.map((type) => refTo(dataName(type))),
    },
  }
}

const text = (description: string, maxLength: number): JsonSchema => ({
  type: 'string',
  minLength: 1,
  maxLength,
  description,
})

const TIME: JsonSchema = {
  type: 'string',
  format: 'date-time',
  description: 'When it happened. Now, if it is missing.',
}
const SUBJECT = text('What the event is about, for people and filters.', MAX_LENGTH.subject)
const PRIORITY: JsonSchema = {
  type: 'string',
  enum: LANES,
  description:
    'The lane that is wished for. What the credential and the rules allow, and the nearest lane of the type, decides.',
}

function oneOfTypes(types: readonly string[], nameOf: (type: string) => string): JsonSchema {
  return {
    oneOf: types.map((type) => refTo(nameOf(type))),
    discriminator: {
      propertyName: 'type',
      mapping: Object.fromEntries(types.map((type) => [type, refTo(nameOf(type))['$ref']])),
    },
  }
}

function describe({ origin, owner }: EventDefinition): string {
  const derived =
    origin === 'derived' ? ' Derived from other events: posting it takes a credential that names it.' : ''
  return `Owned by ${owner}.${derived}`
}

function cloudEventOf(definition: EventDefinition): JsonSchema {
  const { type, version } = definition
  return {
    type: 'object',
    title: `${type} as a CloudEvent`,
    description: describe(definition),
    required: ['specversion', 'id', 'source', 'type', 'data'],
    properties: {
      specversion: { const: '1.0' },
      id: text('With tenant and source, what tells the event from every other.', MAX_LENGTH.id),
      source: text('Where it comes from: a URI reference.', MAX_LENGTH.source),
      type: { const: type },
      time: TIME,
      subject: SUBJECT,
      priority: PRIORITY,
      datacontenttype: { type: 'string', description: 'A JSON type.', examples: ['application/json'] },
      dataschema: {
        type: 'string',
        description: 'The current version, or an earlier one.',
        examples: [dataSchemaOf(type, version)],
      },
      traceparent: { type: 'string', description: 'W3C Trace Context; the header of that name without it.' },
      correlationid: text('The id of the event that began this chain.', MAX_LENGTH.correlationid),
      data: refTo(dataName(type)),
    },
    additionalProperties: {
      type: ['string', 'boolean', 'integer'],
      description: 'An extension attribute, named by lower-case letters and digits. It is stored as it is.',
    },
  }
}

function bareEventOf(definition: EventDefinition): JsonSchema {
  const { type } = definition
  return {
    type: 'object',
    title: `${type} in the bare form`,
    description: describe(definition),
    required: ['type', 'data'],
    properties: {
      type: { const: type },
      data: refTo(dataName(type)),
      id: text('A UUIDv7 is made, if it is missing: then a repeat cannot be told.', MAX_LENGTH.id),
      source: text("The credential's name, if it is missing.", MAX_LENGTH.source),
      time: TIME,
      subject: SUBJECT,
      priority: PRIORITY,
    },
    additionalProperties: false,
  }
}
