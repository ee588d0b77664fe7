import { createMemoryBroker } from '@sluice/testing'
import { expect, it } from 'vitest'
import { DLQ, giveUp, laneRecord, QUEUE } from '../test-fixtures/letters.ts'
import { readLetterAt } from './survey.ts'

it('looking at a letter ends when it is told to, also in an outage', async () => {
  const broker = createMemoryBroker({ topics: { [DLQ]: 1 } })
  broker.append({ topic: DLQ, partition: 0 }, [giveUp(laneRecord(1))])
  const client = broker.client()
  expect((await readLetterAt(QUEUE, 0, client))!.letter.offset).toBe(0)
  const stop = new AbortController()
  const reader: typeof client.reader = (options) => {
    broker.outage()
    setImmediate(() => stop.abort(new Error('enough')))
    return client.reader(options)
  }
  await expect(readLetterAt(QUEUE, 0, { ...client, reader }, stop.signal)).rejects.toThrow('enough')
})
