import { catalogue, decodeEvent, encodeEvent, orderPlaced } from '@sluice/events'
import { describe, expect, it } from 'vitest'
import { buildEvent } from './builders.ts'

describe('buildEvent', () => {
  it.each(catalogue.map(({ definition }) => [definition.type, definition] as const))(
    'builds a valid %s that survives the wire',
    (type, definition) => {
      const event = buildEvent(definition)
      expect(event.type).toBe(type)
      expect(definition.lanes).toContain(event.priority)
      expect(definition.validate(event.data)).toBeUndefined()
      expect(decodeEvent({ value: Buffer.from(encodeEvent(event)), headers: {} })).toEqual(event)
    },
  )

  it('changes what it is told to, and clips the priority to the lanes of the type', () => {
    const event = buildEvent(orderPlaced, {
      id: 'x',
      priority: 'low',
      data: { orderId: 'o-2' },
      tenant: 'acme',
    })
    expect(event).toMatchObject({ id: 'x', priority: 'normal', tenant: 'acme' })
    expect(event.data).toEqual({ ...orderPlaced.example, orderId: 'o-2' })
  })

  it('refuses data that the definition would refuse', () => {
    expect(() => buildEvent(orderPlaced, { data: { items: [] } })).toThrow('Not a valid order-placed')
  })
})
