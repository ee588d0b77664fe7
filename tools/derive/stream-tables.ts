import {
  type CatalogueEntry,
  type EventDefinition,
  type JsonSchema,
  jsonSchemaOf,
  laneTopic,
} from '@sluice/events'
import type { DerivedFile } from './derived-files.ts'

/**
 * `streams/flink/tables.sql`: what Flink jobs may read. Of each type two views with typed columns: its events, whichever of
 * the two forms they are stored in, and the records that are none. Each record is in exactly one of them.
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
-- <type>_records, <type>_plain, <type>_both  what both are made of: the setting EVENT_FORMS is plain or both
--
-- Plain: a record that is JSON is parsed once, into columns; what is no JSON vanishes there, so it is found among the records as
-- they are. A fault in one column makes that one null.
-- Both: a framed record begins with a zero byte and its schema's id, four bytes; its attributes are headers. No format of Flink
-- reads that, so all are read by a function for each column, from one source, so that they keep their order. UNNEST makes a
-- row of them that is worked out once: the planner would copy each to wherever it is used.
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

/** A value of the data, as a column of the view. `expression` is where it is in the row of the data. */
type Column = { readonly name: string; readonly expression: string; readonly required: boolean }

/** The value is read as Latin-1, where every byte is one character. */
const IS_FRAMED = "LEFT(`value`, 1) = U&'\\0000'"
const FRAMED_TEXT = asUtf8('SUBSTRING(`value` FROM 6)')
const DATA_TEXT = `CASE WHEN \`framed\` THEN ${FRAMED_TEXT} ELSE JSON_QUERY(${asUtf8('`value`')}, '$["data"]') END`

function asUtf8(latin: string): string {
  return `DECODE(ENCODE(${latin}, 'ISO-8859-1'), 'UTF-8')`
}

function attributeOf(name: string): string {
  return `CASE WHEN \`framed\` THEN ${headerOf(name)} ELSE JSON_VALUE(${asUtf8('`value`')}, '$["${name}"]') END`
}

function headerOf(attribute: string): string {
  return `DECODE(\`headers\`['ce_${attribute}'], 'UTF-8')`
}

function tablesOf(definition: EventDefinition): string {
  const { version, lanes } = definition
  const schema = jsonSchemaOf(definition)
  const name = definition.type.replaceAll('-', '_')
  const dataType = sqlTypeOf(schema)
  return `-- ${definition.type}, version ${version}
${tablesAndViews(name, {
  topics: lanes.map((lane) => laneTopic(definition.type, lane)),
  dataType,
  both: bothOfType(name, `CAST(${readText(schema, [])} AS ${dataType})`),
  columns: columnsOf(schema, ['data'], true),
})}`
}

/** All that producers post, without its data's columns: for jobs that look at any type. */
function allProducersOf(definitions: readonly EventDefinition[]): string {
  const name = 'posted_event'
  return `-- All types that producers post; data is its JSON text, as it is stored: without spaces, its members in their order. Numbers
-- that JSON writes with an exponent are written otherwise.
${tablesAndViews(name, {
  topics: definitions.flatMap(({ type, lanes }) => lanes.map((lane) => laneTopic(type, lane))),
  dataType: 'STRING',
  both: bothOfAny(name),
  columns: [{ name: 'data', expression: '`data`', required: true }],
})}`
}

const ATTRIBUTE_LIST = ATTRIBUTES.map(quoted).join(', ')
const RECORD = '`headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`'

/** One source for both forms: of two, one runs ahead after a restart, and the events of the other come too late for it. */
function bothOfType(name: string, data: string): string {
  const read = [...ATTRIBUTES.map(attributeOf), DATA_TEXT]
  return `SELECT event.*, content.\`data\`
FROM (
  SELECT envelope.*, ${RECORD}
  FROM (SELECT *, ${IS_FRAMED} AS \`framed\` FROM ${name}_records)
  CROSS JOIN UNNEST(ARRAY[ROW(
${read.map((expression) => `    ${expression}`).join(',\n')}
  )]) AS envelope (${ATTRIBUTE_LIST}, \`text\`)
  WHERE \`framed\` OR \`value\` IS JSON OBJECT
) AS event
CROSS JOIN UNNEST(ARRAY[ROW(
  ${data}
)]) AS content (\`data\`)`
}

/** Two sources, for jobs that do not go by time: no function gives back the data's text as it is stored. */
function bothOfAny(name: string): string {
  return `SELECT ${ATTRIBUTE_LIST}, \`data\`, ${RECORD} FROM ${name}_plain
UNION ALL
SELECT
${ATTRIBUTES.map((attribute) => `  ${headerOf(attribute)},`).join('\n')}
  CASE WHEN \`text\` IS JSON OBJECT THEN \`text\` END, ${RECORD}
FROM (SELECT *, ${FRAMED_TEXT} AS \`text\` FROM ${name}_records WHERE ${IS_FRAMED})`
}

type Parts = {
  readonly topics: readonly string[]
  readonly dataType: string
  /** What selects the events of both forms, with the columns of the plain table. */
  readonly both: string
  readonly columns: readonly Column[]
}

function tablesAndViews(name: string, { topics, dataType, both, columns }: Parts): string {
  const topic = `'topic' = '${topics.join(';')}'`
  const required = [
    ...REQUIRED.map(quoted),
    ...columns.filter((column) => column.required).map(({ expression }) => expression),
  ]
  return `CREATE TEMPORARY TABLE ${name}_records (\`value\` STRING)
WITH (${topic}, 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1') LIKE event_topic;

CREATE TEMPORARY TABLE ${name}_plain (
${ATTRIBUTES.map((attribute) => `  ${quoted(attribute)} STRING,`).join('\n')}
  \`data\` ${dataType}
)
WITH (${topic}, 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW ${name}_both AS
${both};

CREATE TEMPORARY VIEW ${name} AS
SELECT
  ${ATTRIBUTE_LIST},
${columns.map((column) => `  ${column.expression} AS ${quoted(column.name)},`).join('\n')}
  \`key\`, \`topic\`, \`partition\`, \`offset\`, \`at\`, \`arrived\`
FROM ${name}_\${EVENT_FORMS}
WHERE ${[FIRST_DELIVERY, ...required.map((expression) => `${expression} IS NOT NULL`)].join('\n  AND ')};

CREATE TEMPORARY VIEW ${name}_unreadable AS
SELECT \`topic\`, \`partition\`, \`offset\`
FROM ${name}_records
WHERE ${FIRST_DELIVERY}
  AND ('\${EVENT_FORMS}' = 'both' AND ${IS_FRAMED}) IS NOT TRUE
  AND (\`value\` IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT \`topic\`, \`partition\`, \`offset\`
FROM ${name}_\${EVENT_FORMS}
WHERE ${FIRST_DELIVERY} AND (
  ${required.map((expression) => `${expression} IS NULL`).join('\n  OR ')}
);
`
}

function quoted(name: string): string {
  return `\`${name}\``
}

/** A column for each value of the data that is not an object of known members; what has no SQL type is JSON text. */
function columnsOf(schema: JsonSchema, path: readonly string[], required: boolean): Column[] {
  const members = membersOf(schema)
  if (members)
    return members.flatMap(({ name, schema: member, isRequired }) =>
      columnsOf(member, [...path, name], required && isRequired),
    )
  return [
    {
      name: path.join('_'),
      expression: path.map(quoted).join('.'),
      required: required && isValue(schema),
    },
  ]
}

/** The value at a path of the data's text, of the type that the plain table has there. */
function readText(schema: JsonSchema, path: readonly string[]): string {
  const members = membersOf(schema)
  if (members)
    return `ROW(${members.map(({ name, schema: member }) => readText(member, [...path, name])).join(', ')})`
  const place = `'$${path.map((step) => `["${step}"]`).join('')}'`
  const value = `JSON_VALUE(\`text\`, ${place})`
  if (!isValue(schema)) return `COALESCE(JSON_QUERY(\`text\`, ${place}), ${value})`
  const sqlType = sqlTypeOf(schema)
  return sqlType === 'STRING' ? value : `TRY_CAST(${value} AS ${sqlType})`
}

/** Whether it is of one type that SQL has. */
function isValue(schema: JsonSchema): boolean {
  return sqlTypeOf(schema) !== 'STRING' || (schema as Schema).type === 'string'
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
