import { expect, test } from 'vitest'
import { createEventId } from './event-id.ts'

test('an id is a UUID of version 7 that says when it was made, and is made once', () => {
  const now = Date.UTC(2026, 10, 24, 12, 30)
  const ids = Array.from({ length: 1000 }, () => createEventId(now))
  expect(new Set(ids).size).toBe(1000)
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(now)
  }
})
