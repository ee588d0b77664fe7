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

it('reads all lanes of a type', () => {
  expect(text).toContain(
    "CREATE TEMPORARY TABLE thing_done_records\nWITH ('topic' = 'events.thing-done.high;events.thing-done.low') LIKE event_records;",
  )
})

it('has a typed column for each value of the data, and JSON text for what has no type', () => {
  expect(text).toContain("JSON_VALUE(`value`, '$.data.who.name') AS `data_who_name`")
  expect(text).toContain("TRY_CAST(JSON_VALUE(`value`, '$.data.who.age') AS BIGINT) AS `data_who_age`")
  expect(text).toContain("TRY_CAST(JSON_VALUE(`value`, '$.data.ratio') AS DOUBLE) AS `data_ratio`")
  expect(text).toContain("TRY_CAST(JSON_VALUE(`value`, '$.data.sure') AS BOOLEAN) AS `data_sure`")
  expect(text).toContain("JSON_QUERY(`value`, '$.data.tags') AS `data_tags`")
  expect(text).toContain("JSON_QUERY(`value`, '$.data.by') AS `data_by`")
})

it('calls a record readable that has all that the schema requires, and no other', () => {
  const condition = text.slice(text.indexOf('IS JSON OBJECT'), text.indexOf('IS TRUE AS readable'))
  expect(condition).toContain("JSON_VALUE(`value`, '$.tenant') IS NOT NULL")
  expect(condition).toContain("JSON_VALUE(`value`, '$.data.who.name') IS NOT NULL")
  expect(condition).toContain('AS BOOLEAN) IS NOT NULL')
  expect(condition).not.toContain('age')
})

it('has the topics of every producer type in one table, and of no other', () => {
  const { text } = streamTables(catalogue)
  const all = text.slice(text.indexOf('CREATE TEMPORARY TABLE posted_event_records'))
  for (const { definition } of catalogue) {
    expect(all.includes(`events.${definition.type}.`), definition.type).toBe(definition.origin === 'producer')
  }
})
