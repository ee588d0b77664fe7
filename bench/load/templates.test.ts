import { catalogue, type Event } from '@sluice/events'
import { expect, test } from 'vitest'
import { outputsOf } from '../systems/monolith/outputs.ts'
import { outputSlot, templates } from './templates.ts'

const definitions = new Map(catalogue.map(({ definition }) => [definition.type, definition]))

test('every template is valid and travels in a lane of its type', () => {
  for (const { type, lane, data } of templates) {
    const definition = definitions.get(type)!
    expect(definition.validate(data)).toBeUndefined()
    expect(definition.lanes).toContain(lane)
  }
})

test('all five types and all three lanes are posted, eight of twenty page views', () => {
  expect(new Set(templates.map(({ type }) => type)).size).toBe(5)
  expect(new Set(templates.map(({ lane }) => lane)).size).toBe(3)
  expect(templates.slice(0, 20).filter(({ type }) => type === 'page-viewed')).toHaveLength(8)
})

test("the monolith's outputs are valid, keyed as defined, and each has the slot that is waited for", () => {
  for (const { type, data, outputs } of templates) {
    const made = outputsOf({ type, data, time: '2026-11-24T09:15:00.000Z' } as Event)
    for (const output of made) {
      const definition = definitions.get(output.type)!
      expect(definition.validate(output.data)).toBeUndefined()
      expect(output.key).toBe(definition.key(output.data))
    }
    const slots = made.map(({ key }) => outputSlot(key.charCodeAt(key.length - 1)))
    expect(new Set(slots).size).toBe(slots.length)
    expect(slots.reduce((bits, slot) => bits | (1 << slot), 0)).toBe(outputs)
  }
})
