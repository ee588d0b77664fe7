import {
  type CatalogueEntry,
  type EventDefinition,
  type JsonSchema,
  jsonSchemaOf,
  laneTopic,
} from '@sluice/events'
import type { DerivedFile } from './derived-files.ts'

/**
 * `streams/flink/tables.sql`: what Flink jobs may read. Of each type a table of the records as they are, and views over
 * it: the events with typed columns, and the records that are none. Each record is in exactly one of them.
 */
export function streamTables(entries: readonly CatalogueEntry[]): DerivedFile {
  const definitions = entries.map(({ definition }) => definition)
  const producers = definitions.filter(({ origin }) => origin === 'producer')
  return {
    path: 'streams/flink/tables.sql',
    text: `${[HEAD, ...definitions.map(tablesOf), allProducersOf(producers)].join('\n')}`,
  }
}

const HEAD = `-- Derived from the catalogue: npm run derive.
--
-- <type>             the events of a type: the envelope's attributes, and data_<path> of the data
-- <type>_unreadable  the records that are no such event
-- <type>_parsed, <type>_records  what both are made of
--
-- Each record is parsed once, into columns: a JSON function for each column would parse it as often. What is no JSON vanishes
-- there, so it is found among the records as they are. A fault in one column makes that one null.
-- The views leave out what was sent once more by a redrive or replay: it has been counted when it was new.
`

/** What a job may ask of any event. */
const ATTRIBUTES = [
  ...['id', 'source', 'type', 'time', 'subject', 'priority', 'receivedat', 'tenant', 'traceparent'],
  ...['correlationid', 'causationid'],
]
/** What every event has; as `decodeEvent` checks it. */
const REQUIRED = ['id', 'source', 'type', 'time', 'priority', 'receivedat', 'tenant']

const FIRST_DELIVERY = "`headers`['sluice-generation'] IS NULL"

/** A value of the data, as a column of the view. `expression` is where it is in the parsed table. */
type Column = { readonly name: string; readonly expression: string; readonly required: boolean }

function tablesOf(definition: EventDefinition): string {
  const { type, version, lanes } = definition
  const schema = jsonSchemaOf(definition)
  return `-- ${type}, version ${version}
${tablesAndViews(type.replaceAll('-', '_'), {
  topics: lanes.map((lane) => laneTopic(type, lane)),
  dataType: sqlTypeOf(schema),
  data: columnsOf(schema, ['data'], true),
})}`
}

/** All that producers post, without its data's columns: for jobs that look at any type. */
function allProducersOf(definitions: readonly EventDefinition[]): string {
  return `-- All types that producers post; data is its JSON text, as it is stored: without spaces, its members in their order. Numbers
-- that JSON writes with an exponent are written otherwise.
${tablesAndViews('posted_event', {
  topics: definitions.flatMap(({ type, lanes }) => lanes.map((lane) => laneTopic(type, lane))),
  dataType: 'STRING',
  data: [{ name: 'data', expression: '`data`', required: true }],
})}`
}

function tablesAndViews(
  name: string,
  parts: { readonly topics: readonly string[]; readonly dataType: string; readonly data: readonly Column[] },
): string {
  const { topics, dataType, data } = parts
  const topic = `'topic' = '${topics.join(';')}'`
  const attributes = ATTRIBUTES.map((attribute) => `\`${attribute}\``)
  const columns = [...attributes, ...data.map((column) => `${column.expression} AS \`${column.name}\``)]
  const required = [
    ...REQUIRED.map((attribute) => `\`${attribute}\``),
    ...data.filter((column) => column.required).map(({ expression }) => expression),
  ]
  return `CREATE TEMPORARY TABLE ${name}_records (\`value\` STRING)
WITH (${topic}, 'value.format' = 'raw') LIKE event_topic;

CREATE TEMPORARY TABLE ${name}_parsed (
${attributes.map((attribute) => `  ${attribute} STRING,`).join('\n')}
  \`data\` ${dataType}
)
WITH (${topic}, 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW ${name} AS
SELECT
${columns.map((column) => `  ${column},`).join('\n')}
  \`key\`, \`topic\`, \`partition\`, \`offset\`, \`at\`, \`arrived\`
FROM ${name}_parsed
WHERE ${FIRST_DELIVERY}
${required.map((expression) => `  AND ${expression} IS NOT NULL`).join('\n')};

CREATE TEMPORARY VIEW ${name}_unreadable AS
SELECT \`topic\`, \`partition\`, \`offset\`
FROM ${name}_records
WHERE ${FIRST_DELIVERY} AND (\`value\` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT \`topic\`, \`partition\`, \`offset\`
FROM ${name}_parsed
WHERE ${FIRST_DELIVERY} AND (
${required.map((expression, n) => `  ${n === 0 ? '' : 'OR '}${expression} IS NULL`).join('\n')}
);
`
}

/** A column for each value of the data that is not an object of known members; what has no SQL type is JSON text. */
function columnsOf(schema: JsonSchema, path: readonly string[], required: boolean): Column[] {
  const members = membersOf(schema)
  if (members)
    return members.flatMap(({ name, schema: member, isRequired }) =>
      columnsOf(member, [...path, name], required && isRequired),
    )
  const isValue = sqlTypeOf(schema) !== 'STRING' || (schema as Schema).type === 'string'
  const expression = path.map((step) => `\`${step}\``).join('.')
  return [{ name: path.join('_'), expression, required: required && isValue }]
}

function sqlTypeOf(schema: JsonSchema): string {
  const members = membersOf(schema)
  if (!members) return SQL_TYPES[(schema as Schema).type ?? ''] ?? 'STRING'
  return `ROW<${members.map(({ name, schema: member }) => `\`${name}\` ${sqlTypeOf(member)}`).join(', ')}>`
}

type Schema = {
  readonly type?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
}

/** Of an object whose members the schema names. */
function membersOf(schema: JsonSchema) {
  const { type, properties, required = [] } = schema as Schema
  if (type !== 'object' || properties === undefined) return undefined
  return Object.entries(properties).map(([name, member]) => ({
    name,
    schema: member,
    isRequired: required.includes(name),
  }))
}

const SQL_TYPES: Readonly<Record<string, string>> = {
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
}
