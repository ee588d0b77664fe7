import { expect, test } from 'vitest'
import { outcomeRecord } from './outcome.ts'

const identity = { tenant: 't', source: '/s', id: 'i' }

test('says who, what and why, under the id of the event', () => {
  const record = outcomeRecord(
    { ...identity, type: 'order-placed', by: 'stock', outcome: 'dead-letter', reason: 'poison', hop: 2 },
    'high',
  )
  expect(record).toMatchObject({ lane: 'high', topic: 'events.outcomes', key: 'i' })
  expect(JSON.parse(String(record.value))).toEqual({
    ...identity,
    type: 'order-placed',
    by: 'stock',
    outcome: 'dead-letter',
    reason: 'poison',
    hop: 2,
  })
})

test('leaves out what there is not', () => {
  const record = outcomeRecord({ ...identity, type: 'x', by: 'gateway', outcome: 'duplicate' }, 'low')
  expect(Object.keys(JSON.parse(String(record.value)))).toEqual([
    'tenant',
    'source',
    'id',
    'type',
    'by',
    'outcome',
  ])
})
