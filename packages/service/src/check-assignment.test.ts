import { expect, test } from 'vitest'
import { checkAssignment } from './check-assignment.ts'

test.each([
  [{ partitions: 9, waitingMs: 0 }, true, '9 partitions'],
  [{ partitions: 0, waitingMs: 0 }, true, '0 partitions'],
  [{ partitions: 0, waitingMs: Number.POSITIVE_INFINITY }, false, 'No answer of the consumer group yet.'],
  [{ partitions: 0, waitingMs: 19_999 }, true, 'dealing its partitions anew for 20 s'],
  [{ partitions: 0, waitingMs: 30_000 }, false, 'dealing its partitions anew for 30 s'],
])('%j is ready: %j', (assignment, ok, detail) => {
  const result = checkAssignment(assignment, 10_000)
  expect(result.ok).toBe(ok)
  expect(result.detail).toContain(detail)
})
