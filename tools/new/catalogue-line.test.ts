import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalogue } from '@sluice/events'
import { expect, it } from 'vitest'
import { addLine, CATALOGUE, changeLine, hasLine, removeLine } from './catalogue-line.ts'

const source = readFileSync(join(import.meta.dirname, '../..', CATALOGUE), 'utf8')

it('adds one line, behind the others', () => {
  const added = addLine(source, 'order-lost', ['order-lost', 'order-audit'])
  const lines = added.split('\n').filter((line) => !source.split('\n').includes(line))
  expect(lines).toEqual(["  { definition: events.orderLost, services: ['order-lost', 'order-audit'] },"])
  expect(added.split('\n')[added.split('\n').indexOf(lines[0]!) + 1]).toBe('])')
})

it('takes out what it added, to the byte', () => {
  expect(removeLine(addLine(source, 'order-lost', []), 'order-lost')).toBe(source)
})

it('changes the services of a type and back', () => {
  const changed = changeLine(source, 'order-placed', ['order-placed', 'order-archive'])
  expect(changed).toContain(
    "{ definition: events.orderPlaced, services: ['order-placed', 'order-archive'] },",
  )
  expect(changeLine(changed, 'order-placed', ['order-placed'])).toBe(source)
})

it('finds the line of every type, and of no other', () => {
  for (const { definition } of catalogue) expect(hasLine(source, definition.type), definition.type).toBe(true)
  expect(hasLine(source, 'order')).toBe(false)
})

it('finds a line that the formatter broke', () => {
  const broken = source.replace(
    "  { definition: events.orderPlaced, services: ['order-placed'] },",
    "  {\n    definition: events.orderPlaced,\n    services: [\n      'order-placed',\n    ],\n  },",
  )
  expect(broken).not.toBe(source)
  expect(changeLine(broken, 'order-placed', ['order-placed'])).toBe(source)
})

it('says so when there is no such line', () => {
  expect(() => removeLine(source, 'order-lost')).toThrow(/no line for order-lost/)
})
