import { expect, test } from 'vitest'
import { createEventIds } from './event-id.ts'

const VERSION_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('an id is a UUID of version 7 that holds the time', () => {
  const now = Date.UTC(2026, 10, 24, 12, 30, 15, 123)
  const id = createEventIds(now)()
  expect(id).toMatch(VERSION_7)
  expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(now)
})

test('ids of one millisecond differ, and later ones sort behind', () => {
  const newId = createEventIds(1)
  const ids = Array.from({ length: 1000 }, () => newId())
  expect(new Set(ids).size).toBe(1000)
  expect(createEventIds(2)() > ids.toSorted().at(-1)!).toBe(true)
})
