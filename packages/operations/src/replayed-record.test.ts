import { expect, it } from 'vitest'
import { LANE, laneRecord } from '../test-fixtures/letters.ts'
import { replayedRecord } from './replayed-record.ts'

const run = { service: 'billing', run: 'a', partitions: 3 }

it('a replayed record is the event as it was, for one service, with the name of its run', () => {
  const event = laneRecord(4)
  const copy = replayedRecord(event, run)!
  expect(copy).toMatchObject({ topic: LANE, partition: event.partition, key: event.key, value: event.value })
  expect(copy.headers).toEqual({
    ...event.headers,
    'sluice-generation': 'replay-a',
    'sluice-service': 'billing',
  })
  expect(replayedRecord(laneRecord(4, { key: null, partition: 2 }), run)!.partition).toBe(2)
})

it.each(['redrive-1', 'replay-a', 'replay-b', ''])('of a copy, "%s", there is none', (generation) => {
  expect(replayedRecord(laneRecord(4, { headers: { 'sluice-generation': generation } }), run)).toBeUndefined()
})
