import { orderPlaced, stockReserved } from '@sluice/events'
import { expect, test } from 'vitest'
import { SchemaRegistryError } from './errors.ts'
import { type JsonSchema, schemaOf } from './json-schema.ts'
import { findSchemaIds, registerSchemas } from './registered-schemas.ts'
import type { SchemaRegistry } from './registry.ts'

const both = [orderPlaced, stockReserved]
const required = (schema: JsonSchema) => schema['required'] as string[]
const older = { ...schemaOf(orderPlaced), required: required(schemaOf(orderPlaced)).slice(1) }

/** A registry in memory that takes no subject's second schema. */
function createRegistry(subjects: Record<string, JsonSchema> = {}) {
  const held = new Map(Object.entries(subjects))
  const registry: Pick<SchemaRegistry, 'find' | 'latest' | 'register'> = {
    async find(subject, schema) {
      const found = JSON.stringify(held.get(subject)) === JSON.stringify(schema)
      return found ? [...held.keys()].indexOf(subject) + 1 : undefined
    },
    latest: async (subject) => held.get(subject),
    async register(subject, schema) {
      if (held.has(subject)) throw new SchemaRegistryError('schema-incompatible', 'I take no second one')
      held.set(subject, schema)
      return held.size
    },
  }
  return { registry: registry as SchemaRegistry, held }
}

test('what is missing is registered, what is there is left', async () => {
  const { registry } = createRegistry({ 'events.stock-reserved': schemaOf(stockReserved) })
  expect(await registerSchemas(registry, both, 'BACKWARD')).toEqual({
    registered: ['events.order-placed'],
    present: ['events.stock-reserved'],
  })
  expect(await registerSchemas(registry, both, 'BACKWARD')).toMatchObject({ registered: [] })
  expect(await findSchemaIds(registry, both)).toEqual(
    new Map([
      ['order-placed', 2],
      ['stock-reserved', 1],
    ]),
  )
})

test('a schema that is refused is named with what changed, and holds no other up', async () => {
  const { registry, held } = createRegistry({ 'events.order-placed': older })
  const refused = registerSchemas(registry, both, 'FULL')
  await expect(refused).rejects.toMatchObject({ code: 'schema-incompatible' })
  await expect(refused).rejects.toThrow(
    /FULL(.|\n)*events\.order-placed(.|\n)*\/orderId is required now(.|\n)*I take no second one/,
  )
  expect([...held.keys()]).toContain('events.stock-reserved')
})

test('a schema that is not registered is named, with what is different or that there is none', async () => {
  const { registry } = createRegistry({ 'events.order-placed': older })
  const missing = findSchemaIds(registry, both)
  await expect(missing).rejects.toMatchObject({ code: 'schema-not-registered' })
  await expect(missing).rejects.toThrow(
    /npm run topics(.|\n)*\/orderId is required now(.|\n)*events\.stock-reserved: nothing is registered/,
  )
})

test('an outage while registering is no refusal', async () => {
  const { registry } = createRegistry()
  const down = new SchemaRegistryError('registry-unavailable', 'down')
  const failing = { ...registry, register: () => Promise.reject(down) }
  await expect(registerSchemas(failing, both, 'BACKWARD')).rejects.toBe(down)
})
