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
-- <type>_read, <type>_parsed, <type>_framed, <type>_records  what both are made of
--
-- A record that is JSON is parsed once, into columns: a JSON function for each column would parse it as often. What is no JSON
-- vanishes there, so it is found among the records as they are. A fault in one column makes that one null.
-- A framed record begins with a zero byte and its schema's id, four bytes; its attributes are headers. No format of Flink
-- reads that, so there it is a function for each column.
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

/** A byte is one character there, and every byte is one. */
const AS_LATIN = "DECODE(`value`, 'ISO-8859-1')"
const IS_FRAMED = `LEFT(${AS_LATIN}, 1) = U&'\\0000'`
const FRAMED_TEXT = `DECODE(ENCODE(SUBSTRING(${AS_LATIN} FROM 6), 'ISO-8859-1'), 'UTF-8')`

function tablesOf(definition: EventDefinition): string {
  const { type, version, lanes } = definition
  const schema = jsonSchemaOf(definition)
  const dataType = sqlTypeOf(schema)
  return `-- ${type}, version ${version}
${tablesAndViews(type.replaceAll('-', '_'), {
  topics: lanes.map((lane) => laneTopic(type, lane)),
  dataType,
  framedData: `CAST(${readText(schema, [])} AS ${dataType})`,
  columns: columnsOf(schema, ['data'], true),
})}`
}

/** All that producers post, without its data's columns: for jobs that look at any type. */
function allProducersOf(definitions: readonly EventDefinition[]): string {
  return `-- All types that producers post; data is its JSON text, as it is stored: without spaces, its members in their order. Numbers
-- that JSON writes with an exponent are written otherwise.
${tablesAndViews('posted_event', {
  topics: definitions.flatMap(({ type, lanes }) => lanes.map((lane) => laneTopic(type, lane))),
  dataType: 'STRING',
  framedData: 'CASE WHEN `text` IS JSON OBJECT THEN `text` END',
  columns: [{ name: 'data', expression: '`data`', required: true }],
})}`
}

type Parts = {
  readonly topics: readonly string[]
  readonly dataType: string
  /** The data, of that type, from the text of a framed record. */
  readonly framedData: string
  readonly columns: readonly Column[]
}

function tablesAndViews(name: string, { topics, dataType, framedData, columns }: Parts): string {
  const topic = `'topic' = '${topics.join(';')}'`
  const required = [
    ...REQUIRED.map(quoted),
    ...columns.filter((column) => column.required).map(({ expression }) => expression),
  ]
  const attributes = ATTRIBUTES.map(quoted).join(', ')
  const record = '`headers`, `key`, `topic`, `partition`, `offset`, `at`, `arrived`'
  return `CREATE TEMPORARY TABLE ${name}_records (\`value\` BYTES)
WITH (${topic}, 'value.format' = 'raw') LIKE event_topic;

CREATE TEMPORARY TABLE ${name}_parsed (
${ATTRIBUTES.map((attribute) => `  ${quoted(attribute)} STRING,`).join('\n')}
  \`data\` ${dataType}
)
WITH (${topic}, 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true') LIKE event_topic;

CREATE TEMPORARY VIEW ${name}_framed AS
SELECT
${ATTRIBUTES.map((attribute) => `  DECODE(\`headers\`['ce_${attribute}'], 'UTF-8') AS ${quoted(attribute)},`).join('\n')}
  ${framedData} AS \`data\`,
  ${record}
FROM (SELECT *, ${FRAMED_TEXT} AS \`text\` FROM ${name}_records WHERE ${IS_FRAMED});

CREATE TEMPORARY VIEW ${name}_read AS
SELECT ${attributes}, \`data\`, ${record} FROM ${name}_parsed WHERE ${FIRST_DELIVERY}
UNION ALL
SELECT ${attributes}, \`data\`, ${record} FROM ${name}_framed WHERE ${FIRST_DELIVERY};

CREATE TEMPORARY VIEW ${name} AS
SELECT
  ${attributes},
${columns.map((column) => `  ${column.expression} AS ${quoted(column.name)},`).join('\n')}
  \`key\`, \`topic\`, \`partition\`, \`offset\`, \`at\`, \`arrived\`
FROM ${name}_read
WHERE ${required.map((expression) => `${expression} IS NOT NULL`).join('\n  AND ')};

CREATE TEMPORARY VIEW ${name}_unreadable AS
SELECT \`topic\`, \`partition\`, \`offset\`
FROM ${name}_records
WHERE ${FIRST_DELIVERY}
  AND (${IS_FRAMED}) IS NOT TRUE
  AND (DECODE(\`value\`, 'UTF-8') IS JSON OBJECT) IS NOT TRUE
UNION ALL
SELECT \`topic\`, \`partition\`, \`offset\`
FROM ${name}_read
WHERE ${required.map((expression) => `${expression} IS NULL`).join('\n  OR ')};
`
}

const quoted = (name: string): string => `\`${name}\``

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

/** The value at a path of the text of a framed record, of the type that the parsed table has there. */
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
