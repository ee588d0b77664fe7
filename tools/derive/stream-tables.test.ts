import { catalogue, defineEvent } from '@sluice/events'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { streamTables } from './stream-tables.ts'

const definition = defineEvent({
  type: 'thing-done',
  version: 3,
  origin: 'producer',
  owner: 'tests',
  data: z.strictObject({
    id: z.string(),
    who: z.strictObject({ name: z.string(), age: z.int().optional() }),
    ratio: z.number(),
    sure: z.boolean(),
    tags: z.array(z.string()),
    by: z.record(z.string(), z.string()).optional(),
  }),
  key: (data) => data.id,
  lanes: ['high', 'low'],
  defaultPriority: 'low',
  example: { id: '1', who: { name: 'a' }, ratio: 0.5, sure: true, tags: [] },
})
const { text } = streamTables([{ definition, services: ['thing-done'] }])

const topic = "'topic' = 'events.thing-done.high;events.thing-done.low'"

it('reads all lanes of a type, parsed and as they are', () => {
  expect(text).toContain(
    `CREATE TEMPORARY TABLE thing_done_records (\`value\` STRING)\nWITH (${topic}, 'value.format' = 'raw', 'value.raw.charset' = 'ISO-8859-1')`,
  )
  expect(text).toContain(
    `WITH (${topic}, 'value.format' = 'json', 'value.json.ignore-parse-errors' = 'true')`,
  )
})

it('has a typed column for each value of the data, and JSON text for what has no type', () => {
  expect(text).toContain(
    '`data` ROW<`id` STRING, `who` ROW<`name` STRING, `age` BIGINT>, `ratio` DOUBLE, `sure` BOOLEAN, `tags` STRING, `by` STRING>',
  )
  expect(text).toContain('`data`.`who`.`name` AS `data_who_name`')
  expect(text).toContain('`data`.`tags` AS `data_tags`')
})

it('makes the same of a framed record, from its headers and its text', () => {
  expect(text).toContain("  CASE WHEN `framed` THEN DECODE(`headers`['ce_tenant'], 'UTF-8') ELSE JSON_VALUE(")
  const value = (path: string) => `JSON_VALUE(\`text\`, '$${path}')`
  const list = (path: string) => `COALESCE(JSON_QUERY(\`text\`, '$${path}'), ${value(path)})`
  const who = `ROW(${value('["who"]["name"]')}, TRY_CAST(${value('["who"]["age"]')} AS BIGINT))`
  const ratio = `TRY_CAST(${value('["ratio"]')} AS DOUBLE)`
  const sure = `TRY_CAST(${value('["sure"]')} AS BOOLEAN)`
  expect(text).toContain(
    `CAST(ROW(${value('["id"]')}, ${who}, ${ratio}, ${sure}, ${list('["tags"]')}, ${list('["by"]')}) AS ROW<`,
  )
})

it('calls a record readable that has all that the schema requires, and unreadable every other', () => {
  const readable = text.slice(text.indexOf('VIEW thing_done AS'), text.indexOf('VIEW thing_done_unreadable'))
  const unreadable = text.slice(text.indexOf('VIEW thing_done_unreadable'))
  for (const required of ['`tenant`', '`data`.`who`.`name`', '`data`.`sure`']) {
    expect(readable).toContain(`AND ${required} IS NOT NULL`)
    expect(unreadable).toContain(`${required} IS NULL`)
  }
  expect(readable).not.toMatch(/age.* IS NOT NULL/)
  expect(unreadable).toContain('(`value` IS JSON OBJECT) IS NOT TRUE')
})

it('has the topics of every producer type in one table, and of no other', () => {
  const { text } = streamTables(catalogue)
  const all = text.slice(text.indexOf('CREATE TEMPORARY TABLE posted_event_records'))
  for (const { definition } of catalogue) {
    expect(all.includes(`events.${definition.type}.`), definition.type).toBe(definition.origin === 'producer')
  }
})
