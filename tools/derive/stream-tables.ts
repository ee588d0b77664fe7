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
-- <type>_records     each record of the type's lanes, as it is; connect.sql says from where
-- <type>             the events among them: the envelope's attributes, and data_<path> of the data
-- <type>_unreadable  the records that are no such event
--
-- The views leave out what was sent once more by a redrive or replay: it has been counted when it was new.
`

/** What a job may ask of any event. */
const ATTRIBUTES = [
  ...['id', 'source', 'type', 'time', 'subject', 'priority', 'receivedat', 'tenant', 'traceparent'],
  ...['correlationid', 'causationid'],
]
/** What every event has; as `decodeEvent` checks it. */
const REQUIRED = ['id', 'source', 'type', 'time', 'priority', 'receivedat', 'tenant']

const DATA_AT = 'POSITION(\',"data":\' IN `value`)'
/** As it is stored: a query would write it anew, with its members sorted. */
const DATA = `SUBSTRING(\`value\` FROM ${DATA_AT} + 8 FOR CHAR_LENGTH(\`value\`) - ${DATA_AT} - 8)`

const FIRST_DELIVERY = "`headers`['sluice-generation'] IS NULL"

type Column = { readonly name: string; readonly expression: string; readonly required: boolean }

function tablesOf(definition: EventDefinition): string {
  const { type, version, lanes } = definition
  const name = type.replaceAll('-', '_')
  const data = columnsOf(jsonSchemaOf(definition), [], true)
  const columns = [...ATTRIBUTES.map((attribute) => attributeOf(attribute)), ...data]
  const readable = readableOf([...REQUIRED.map(attributeOf), ...data.filter(({ required }) => required)])
  return `-- ${type}, version ${version}
CREATE TEMPORARY TABLE ${name}_records
WITH ('topic' = '${lanes.map((lane) => laneTopic(type, lane)).join(';')}') LIKE event_records;

${viewsOf(name, columns, readable)}`
}

/** All that producers post, without its data's columns: for jobs that look at any type. */
function allProducersOf(definitions: readonly EventDefinition[]): string {
  const topics = definitions.flatMap(({ type, lanes }) => lanes.map((lane) => laneTopic(type, lane)))
  const columns = [
    ...ATTRIBUTES.map(attributeOf),
    // The last member of an event, and the only one that is no plain value: the first such text begins it.
    { name: 'data', expression: DATA },
  ]
  return `-- All types that producers post; data is its JSON text, as it is stored.
CREATE TEMPORARY TABLE posted_event_records
WITH ('topic' = '${topics.join(';')}') LIKE event_records;

${viewsOf('posted_event', columns, readableOf(REQUIRED.map(attributeOf)))}`
}

function viewsOf(
  name: string,
  columns: readonly Pick<Column, 'name' | 'expression'>[],
  readable: string,
): string {
  const selected = columns.map((column) => `  ${column.expression} AS \`${column.name}\``).join(',\n')
  return `CREATE TEMPORARY VIEW ${name}_read AS
SELECT
${selected},
  \`key\`, \`topic\`, \`partition\`, \`offset\`, \`at\`, \`arrived\`,
  (
${readable}
  ) IS TRUE AS readable
FROM ${name}_records
WHERE ${FIRST_DELIVERY};

CREATE TEMPORARY VIEW ${name} AS SELECT * FROM ${name}_read WHERE readable;

CREATE TEMPORARY VIEW ${name}_unreadable AS
SELECT \`topic\`, \`partition\`, \`offset\` FROM ${name}_read WHERE NOT readable;
`
}

function readableOf(columns: readonly Pick<Column, 'expression'>[]): string {
  const present = columns.map(({ expression }) => `    AND ${expression} IS NOT NULL`)
  return ['    `value` IS JSON OBJECT', ...present].join('\n')
}

function attributeOf(name: string): Pick<Column, 'name' | 'expression'> {
  return { name, expression: jsonValue([name]) }
}

/** A column for each value of the data that is not an object of known members; what has no SQL type is JSON text. */
function columnsOf(schema: JsonSchema, path: readonly string[], required: boolean): Column[] {
  const {
    type,
    properties,
    required: members = [],
  } = schema as {
    type?: string
    properties?: Record<string, JsonSchema>
    required?: string[]
  }
  if (type === 'object' && properties !== undefined) {
    return Object.entries(properties).flatMap(([name, member]) =>
      columnsOf(member, [...path, name], required && members.includes(name)),
    )
  }
  const at = ['data', ...path]
  const name = at.join('_')
  if (type === 'string') return [{ name, expression: jsonValue(at), required }]
  const sqlType = SQL_TYPES[type ?? '']
  if (sqlType !== undefined)
    return [{ name, expression: `TRY_CAST(${jsonValue(at)} AS ${sqlType})`, required }]
  return [{ name, expression: `JSON_QUERY(\`value\`, '${jsonPath(at)}')`, required: false }]
}

const SQL_TYPES: Readonly<Record<string, string>> = {
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
}

function jsonValue(path: readonly string[]): string {
  return `JSON_VALUE(\`value\`, '${jsonPath(path)}')`
}

function jsonPath(path: readonly string[]): string {
  return `$${path.map((step) => (/^\w+$/.test(step) ? `.${step}` : `["${step}"]`)).join('')}`
}
